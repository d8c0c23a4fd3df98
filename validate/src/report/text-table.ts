import type { CaseResult, Criterion, SuiteResult } from "../suites/suite-result.ts";
import { checkOf, summarise, valueText, worstFirst } from "./worst-values.ts";

export interface TextTableOptions {
  /** One line a case, or one a group with its worst values; default cases up to 20 of them. */
  readonly rows?: "cases" | "groups";
  /** Failed cases that are listed with what was found; default 10. */
  readonly failures?: number;
}

/** A suite's result as plain text: verdict, table, what failed and where, notes. Ends without a newline. */
export function suiteText(result: SuiteResult, options: TextTableOptions = {}): string {
  const rows = options.rows ?? (result.cases.length <= 20 ? "cases" : "groups");
  const parts = [verdictLine(result), rows === "cases" ? caseTable(result) : groupTable(result)];
  const failed = failureLines(result, options.failures ?? 10);
  if (failed) parts.push(failed);
  if (result.notes.length > 0) parts.push(result.notes.map((n) => `note: ${n}`).join("\n"));
  return parts.join("\n\n");
}

/**
 * `mel on npu1 (simulated): FAIL, 2 of 121 cases failed`, or `PASS, 121 cases`. A device whose name says so already is not called
 * simulated twice.
 */
export function verdictLine({ subject, cases, pass }: SuiteResult): string {
  const failed = cases.filter((c) => !c.pass).length;
  const verdict = pass ? "PASS" : "FAIL";
  const device = subject.device.includes(subject.origin) ? subject.device : `${subject.device} (${subject.origin})`;
  const all = cases.length === 0 ? "no cases" : `${cases.length} ${cases.length === 1 ? "case" : "cases"}`;
  return `${subject.kernel} on ${device}: ${verdict}, ${failed > 0 ? `${failed} of ${all} failed` : all}`;
}

function caseTable(result: SuiteResult): string {
  const columns = measuredCriteria(result);
  const head = ["case", ...columns.map((c) => c.name), "result"];
  const body = result.cases.map((c) => [c.name, ...columns.map((k) => valueText(k, checkOf(c, k))), outcome(c)]);
  return alignColumns([head, ...body]);
}

function groupTable(result: SuiteResult): string {
  const columns = measuredCriteria(result);
  const head = ["group", "passed", ...columns.map((c) => `worst ${c.name}`)];
  const body = summarise(result).map((g) => [
    g.group,
    `${g.passed} of ${g.cases}`,
    ...columns.map((k) => valueText(k, g.worst.get(k.name))),
  ]);
  return alignColumns([head, ...body]);
}

function failureLines(result: SuiteResult, limit: number): string {
  const failed = worstFirst(result).filter((c) => !c.pass);
  const lines = failed.slice(0, limit).flatMap((c) => {
    const found = c.checks.filter((k) => !k.pass);
    return found.map((k) => `FAIL ${c.name}: ${k.criterion}: ${k.detail}`);
  });
  if (failed.length > limit) lines.push(`and ${failed.length - limit} more failed cases`);
  return lines.join("\n");
}

function measuredCriteria(result: SuiteResult): Criterion[] {
  return result.criteria.filter((k) => k.worse !== undefined && result.cases.some((c) => checkOf(c, k)));
}

function outcome({ pass }: CaseResult): string {
  return pass ? "pass" : "FAIL";
}

// The first column to the left, the others to the right.
function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  const rule = widths.map((w) => "-".repeat(w)).join("  ");
  const [head, ...body] = rows;
  return [line(head ?? []), rule, ...body.map(line)].map((l) => l.trimEnd()).join("\n");
}
