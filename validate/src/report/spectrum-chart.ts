import type { CaseEvidence } from "../suites/suite-result.ts";
import { escapeMarkup } from "./escape.ts";

/** An SVG drawing that takes its colours from the page's style sheet, and a line that explains it. */
interface Chart {
  readonly svg: string;
  readonly caption: string;
}

const width = 960;
const height = 240;
const left = 56;
const top = 12;
const bottom = 22;
const shownDb = 120;

/**
 * Magnitudes of the unit with the largest error, bins 0 to half: reference as a wide pale line, device as a thin line on
 * it, error as dots. dB relative to the reference's largest magnitude, the lowest 120 dB cut off.
 */
export function spectrumChart({ name, rows, columns, reference, actual }: CaseEvidence): Chart {
  const unit = worstUnit(reference, actual, columns);
  const bins = columns / 4 + 1;
  const at = (values: Float64Array) => values.subarray(unit * columns, (unit + 1) * columns);
  const [r, a] = [at(reference), at(actual)];
  const magnitudes = (re: Float64Array) =>
    Float64Array.from({ length: bins }, (_, k) => Math.hypot(re[2 * k]!, re[2 * k + 1]!));
  const error = magnitudes(a.map((v, i) => v - r[i]!));
  const loudest = magnitudes(r).reduce((x, y) => Math.max(x, y), 0) || 1;
  const x = (bin: number) => (left + ((width - left) * bin) / (bins - 1)).toFixed(1);
  const y = (db: number) => (((height - bottom) * Math.min(shownDb, Math.max(0, -db))) / shownDb + top).toFixed(1);
  const level = (magnitude: number) => 20 * Math.log10(Math.max(magnitude, 1e-12) / loudest);
  const path = (values: Float64Array) =>
    Array.from(values, (m, k) => `${k === 0 ? "M" : "L"}${x(k)} ${y(Number.isFinite(m) ? level(m) : -shownDb)}`).join(
      "",
    );
  const dots = Array.from(error, (m, k) =>
    m > 0 && level(m) > -shownDb ? `M${x(k)} ${y(level(m))}h1.5v1.5h-1.5z` : "",
  ).join("");
  const levels = [0, 30, 60, 90, 120].map(
    (db) =>
      `<path class="grid" d="M${left} ${y(-db)}H${width}"/><text x="0" y="${y(-db)}" dy="4">${db === 0 ? "" : "−"}${db} dB</text>`,
  );
  const frequencies = [0, 64, 128, 192, 256].map(
    (bin) =>
      `<text x="${x(bin)}" y="${height + top - 4}" text-anchor="${bin === 0 ? "start" : bin === 256 ? "end" : "middle"}">bin ${bin}</text>`,
  );
  const svg = `<svg viewBox="0 0 ${width} ${height + top}" role="img" aria-label="${escapeMarkup(`${name}: spectrum`)}">
${levels.join("")}${frequencies.join("")}
<path class="reference" d="${path(magnitudes(r))}"/><path class="actual" d="${path(magnitudes(a))}"/>
<path class="error" fill="currentColor" d="${dots}"/></svg>`;
  const caption = `unit ${unit} of ${rows}: reference (wide), device (thin), magnitude of the error (dots), relative to the reference's largest`;
  return { svg, caption };
}

function worstUnit(reference: Float64Array, actual: Float64Array, columns: number): number {
  let worst = { unit: 0, error: -1 };
  for (let i = 0; i < reference.length; i++) {
    const error = Math.abs(actual[i]! - reference[i]!);
    if (error > worst.error) worst = { unit: Math.floor(i / columns), error };
  }
  return worst.unit;
}
