import type { SuiteRun } from "../suites/suite-result.ts";
import { escapeMarkup } from "./escape.ts";
import { suiteSection } from "./html-suite.ts";
import { styleSheet } from "./style-sheet.ts";

export interface HtmlReportOptions {
  /** The caller's clock. */
  readonly createdAt: Date;
  readonly title?: string;
  /** Cases of each suite that are shown as pictures, the worst first; default 6, and the worst of each group in any case. */
  readonly pictures?: number;
  /** Names of cases that are shown as pictures whatever their rank. */
  readonly alwaysShow?: readonly string[];
}

/**
 * Results as one HTML page that needs nothing else: no script, no request, pictures inline; light and dark, wide and
 * narrow. The content security policy in it forbids any request, also one that a case's name tries to smuggle in.
 */
export function htmlReport(runs: readonly SuiteRun[], options: HtmlReportOptions): string {
  const title = escapeMarkup(options.title ?? "Kernel validation");
  const pass = runs.length > 0 && runs.every((r) => r.result.pass);
  const sections = runs.map((run) => suiteSection(run, options)).join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}: ${pass ? "pass" : "fail"}</title>
<style>
${styleSheet}
</style>
</head>
<body>
<header>
<h1>${title} <span class="badge ${pass ? "pass" : "fail"}">${pass ? "pass" : "fail"}</span></h1>
<p class="quiet">${options.createdAt.toISOString().replace("T", " ").slice(0, 16)} UTC</p>
</header>
<main>
${sections}
</main>
</body>
</html>
`;
}
