import type { CaseResult, SuiteResult } from "../suites/suite-result.ts";
import { escapeMarkup } from "./escape.ts";

/** Results as JUnit XML, the form that CI systems read: one `testsuite` a suite, one `testcase` a case. UTF-8. */
export function junitXml(results: readonly SuiteResult[]): string {
  const cases = results.flatMap((r) => r.cases);
  const suites = results.map(suiteElement).join("");
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts(cases)}>\n${suites}</testsuites>\n`;
}

function suiteElement({ suite, subject, seed, cases, notes }: SuiteResult): string {
  const name = attribute(`${subject.kernel} on ${subject.device}`);
  const properties = Object.entries({ ...subject, suite, seed })
    .map(([key, value]) => `      <property name=${attribute(key)} value=${attribute(`${value}`)}/>\n`)
    .join("");
  const elements = cases.map((c) => caseElement(`${subject.kernel}.${subject.device}.${c.group}`, c)).join("");
  const output = notes.length > 0 ? `    <system-out>${escapeMarkup(notes.join("\n"))}</system-out>\n` : "";
  return (
    `  <testsuite name=${name} ${counts(cases)}>\n` +
    `    <properties>\n${properties}    </properties>\n${elements}${output}  </testsuite>\n`
  );
}

function caseElement(className: string, result: CaseResult): string {
  const open = `    <testcase name=${attribute(result.name)} classname=${attribute(className)}`;
  if (result.pass) return `${open}/>\n`;
  const failed = result.checks.filter((c) => !c.pass);
  const message = failed.map((c) => `${c.criterion}: ${c.detail}`).join("; ") || "no check was made";
  const lines = result.checks.map((c) => `${c.pass ? "pass" : "FAIL"} ${c.criterion}: ${c.detail}`).join("\n");
  const failure = `<failure message=${attribute(message)}>${escapeMarkup(lines)}</failure>`;
  return `${open}>\n      ${failure}\n    </testcase>\n`;
}

function counts(cases: readonly CaseResult[]): string {
  return `tests="${cases.length}" failures="${cases.filter((c) => !c.pass).length}" errors="0" skipped="0"`;
}

function attribute(value: string): string {
  return `"${escapeMarkup(value)}"`;
}
