/** The report's only style sheet. Colours are set once for light and once for dark; below 640 px pictures stack. */
export const styleSheet = `
:root { color-scheme: light dark; --page: #fbfaf7; --card: #ffffff; --ink: #1d1d22; --quiet: #63636e; --line: #dddbd3;
  --good: #17703b; --good-page: #e0f2e6; --bad: #b3261e; --bad-page: #fbe4e1; --accent: #8a4b00; --accent-page: #fbeedb;
  --reference: #9a9aa8; --actual: #c2410c; }
@media (prefers-color-scheme: dark) { :root { --page: #131318; --card: #1b1b22; --ink: #e8e8ee; --quiet: #a0a0ae;
  --line: #34343f; --good: #7fd6a0; --good-page: #16301f; --bad: #ff9d94; --bad-page: #3d1a17; --accent: #f0b866;
  --accent-page: #35270f; --reference: #8a8a9a; --actual: #ff9a5c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 20px 64px; max-width: 1080px; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.3rem; margin: 40px 0 8px; } h3 { font-size: 1.05rem; margin: 28px 0 8px; }
h4 { font-size: 1rem; margin: 0 0 4px; } p { margin: 6px 0; }
.quiet, figcaption, .scale { color: var(--quiet); font-size: .875rem; }
.badge { display: inline-block; padding: 1px 10px; border-radius: 999px; font-size: .8rem; font-weight: 600; vertical-align: middle; }
.pass { color: var(--good); background: var(--good-page); } .fail { color: var(--bad); background: var(--bad-page); }
.origin { color: var(--accent); background: var(--accent-page); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; vertical-align: top; }
th:first-child, td:first-child { text-align: left; } th { font-weight: 600; color: var(--quiet); }
table.prose td, table.prose th { text-align: left; white-space: normal; overflow-wrap: normal; min-width: 7em; }
tr.bad td { color: var(--bad); } td .badge { font-size: .75rem; }
article { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; margin: 14px 0; }
.pictures { display: grid; grid-template-columns: repeat(3, 1fr); gap: 12px; margin: 10px 0; }
figure { margin: 0; min-width: 0; } figure.wide { grid-column: 1 / -1; }
figure img { display: block; width: 100%; height: 150px; object-fit: fill; image-rendering: pixelated; border-radius: 4px; }
figure svg { display: block; width: 100%; height: auto; }
.scale { display: flex; align-items: center; gap: 8px; } .scale img { flex: 1; min-width: 0; height: 8px; }
ul { margin: 6px 0; padding-left: 1.2em; font-size: .9rem; } li.bad { color: var(--bad); }
details { margin: 12px 0; } summary { cursor: pointer; font-weight: 600; }
svg text { fill: var(--quiet); font: 11px system-ui, sans-serif; } svg .grid { stroke: var(--line); stroke-width: 1; }
svg .reference, svg .actual { fill: none; } svg .reference { stroke: var(--reference); stroke-width: 4; }
svg .actual { stroke: var(--actual); stroke-width: 1.2; }
@media (max-width: 640px) { body { padding: 16px 12px 48px; } .pictures { grid-template-columns: 1fr; } figure img { height: 130px; }
  table.prose thead { display: none; } table.prose td { display: block; border: 0; padding: 0; }
  table.prose td:first-child { font-weight: 600; padding-top: 10px; } table.prose td:last-child { color: var(--quiet); } }
`.trim();
