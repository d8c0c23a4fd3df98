import type { ProbeEvidence } from "./evidence/probe.ts";
import type { Machine } from "./machine.ts";
import type { Summary } from "./statistics.ts";

/** What `aiekit evidence` found for one kernel. */
export interface KernelEvidence {
  readonly kernel: string;
  /** Against the float64 reference. */
  readonly cases: number;
  readonly passed: number;
  /** Against the simulator, bit by bit. */
  readonly values: number;
  readonly differing: number;
  /** Wall time of a launch, milliseconds; null when none was made. */
  readonly launchMs: Summary | null;
  /** Why it could not be looked at. */
  readonly error: string | null;
}

export interface Evidence {
  readonly format: "aiekit-evidence";
  readonly version: 2;
  readonly createdAt: string;
  readonly device: string;
  /** Where the array is simulated, times are the simulator's. */
  readonly origin: "measured" | "simulated";
  readonly machine: Machine;
  readonly kernels: readonly KernelEvidence[];
  readonly probes: readonly ProbeEvidence[];
}

/** Whether something was looked at, all cases pass, and every value equals the simulator's. */
export function evidenceHolds({ kernels, probes }: Pick<Evidence, "kernels" | "probes">): boolean {
  const all = [...kernels, ...probes];
  return (
    all.length > 0 &&
    all.every((one) => one.error === null && one.values > 0 && one.differing === 0) &&
    kernels.every((k) => k.cases > 0 && k.passed === k.cases)
  );
}

/** What to know of evidence before its table is read. */
export function evidenceNotes({ origin }: Pick<Evidence, "origin">): readonly string[] {
  if (origin === "measured") return [];
  return ["the array is simulated, as is what it is compared with: equal outputs and times say nothing about an NPU"];
}

/** One line a kernel and a probe, each with what it was made on. */
export function evidenceLines(evidence: Evidence): readonly (readonly string[])[] {
  const madeOn = `${evidence.origin} on ${evidence.device}`;
  const rest = (one: KernelEvidence | ProbeEvidence) => [
    one.error === null
      ? one.differing === 0
        ? `all ${one.values} equal`
        : `${one.differing} of ${one.values} differ`
      : "",
    one.launchMs === null ? "" : `${one.launchMs.median.toPrecision(3)} ms (n = ${one.launchMs.n})`,
    madeOn,
  ];
  return [
    ...evidence.kernels.map((k) => [k.kernel, k.error ?? `${k.passed} of ${k.cases} cases pass`, ...rest(k)]),
    ...evidence.probes.map((p) => [`${p.part}: ${p.name}`, p.error ?? p.figure ?? "", ...rest(p)]),
  ];
}

export const evidenceColumns = [
  "kernel or question",
  "against float64, or figure",
  "against the simulator",
  "launch, median",
  "made on",
] as const;

/** A page that stands alone. */
export function evidenceHtml(evidence: Evidence): string {
  const cell = (tag: string) => (text: string) => `<${tag}>${escapeHtml(text)}</${tag}>`;
  const rows = evidenceLines(evidence).map((line) => `<tr>${line.map(cell("td")).join("")}</tr>`);
  const { machine } = evidence;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>aiekit evidence</title>
<style>body{font:15px sans-serif;margin:2em}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:4px 8px;text-align:left}</style>
</head><body>
<h1>Kernels on ${escapeHtml(evidence.device)}${evidence.origin === "measured" ? ": measured" : ""}</h1>
<p>${escapeHtml(`${machine.cpu}, node ${machine.node}, ${machine.platform}, commit ${machine.commit ?? "unknown"}, ${evidence.createdAt}`)}</p>
${evidenceNotes(evidence)
  .map((note) => `<p>${escapeHtml(`Note: ${note}.`)}</p>`)
  .join("")}<table><tr>${evidenceColumns.map(cell("th")).join("")}</tr>
${rows.join("\n")}
</table></body></html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
}
