import type { CaseEvidence, CaseResult, Check, Criterion, SuiteResult, SuiteRun } from "../suites/suite-result.ts";
import { escapeMarkup } from "./escape.ts";
import { casePictures } from "./html-pictures.ts";
import { checkOf, summarise, valueText, worstFirst } from "./worst-values.ts";

/** Which cases are shown as pictures. */
interface PictureChoice {
  readonly pictures?: number;
  readonly alwaysShow?: readonly string[];
}

/** One suite: verdict, worst values by group, thresholds, pictures of the worst cases, all cases. */
export function suiteSection({ result, evidence }: SuiteRun, choice: PictureChoice): string {
  const { subject, cases, pass } = result;
  const passed = cases.filter((c) => c.pass).length;
  return `<section>
<h2>${escapeMarkup(subject.kernel)} on ${escapeMarkup(subject.device)} ${verdict(pass)} <span class="badge origin">${subject.origin}</span></h2>
<p>${passed} of ${cases.length} cases passed. ${originText[subject.origin]} Seed ${result.seed}.</p>
<h3>Worst values</h3>
${groupTable(result)}
${result.notes.map((n) => `<p class="quiet">${escapeMarkup(n)}</p>`).join("\n")}
<h3>Pictures, worst first</h3>
${chosenCases(result, choice)
  .map((c) => caseArticle(c, evidence))
  .join("\n")}
<h3>Thresholds</h3>
${thresholdTable(result.criteria)}
<details><summary>All ${cases.length} cases</summary>
${caseTable(result)}
</details>
</section>`;
}

const originText = {
  simulated: "The outputs come from a simulator; they say that the arithmetic is right, and nothing about hardware.",
  measured: "The outputs come from hardware.",
} as const;

function groupTable(result: SuiteResult): string {
  const columns = measuredCriteria(result);
  const rows = summarise(result).map((g) => [
    escapeMarkup(g.group),
    `${g.passed} of ${g.cases}`,
    ...columns.map((k) => markedValue(k, g.worst.get(k.name))),
  ]);
  return table(["group", "passed", ...columns.map((k) => escapeMarkup(k.name))], rows);
}

function thresholdTable(criteria: readonly Criterion[]): string {
  const rows = criteria.map((k) => [k.name, k.rule, k.derivation].map(escapeMarkup));
  return table(["criterion", "rule", "where the limit comes from"], rows, "prose");
}

// The worst of all, the worst of each group, and what was asked for.
function chosenCases(result: SuiteResult, { pictures = 6, alwaysShow = [] }: PictureChoice): CaseResult[] {
  const ranked = worstFirst(result);
  const asked = new Set(alwaysShow);
  const isWorstOfGroup = (c: CaseResult) => ranked.find((other) => other.group === c.group) === c;
  return ranked.filter((c, rank) => rank < pictures || isWorstOfGroup(c) || asked.has(c.name));
}

function caseArticle(result: CaseResult, evidence: readonly CaseEvidence[]): string {
  const numbers = evidence.find((e) => e.name === result.name);
  const checks = result.checks.map((c) => `<li${c.pass ? "" : ' class="bad"'}>${checkText(c)}</li>`);
  const facts = result.facts.map((f) => {
    const value = f.value === null ? "not a number" : `${Number(f.value.toFixed(6))}${f.unit ? ` ${f.unit}` : ""}`;
    return `<li>${escapeMarkup(`${f.name} ${value}`)} <span class="quiet">(not judged)</span></li>`;
  });
  return `<article>
<h4>${escapeMarkup(result.name)} ${verdict(result.pass)}</h4>
<p class="quiet">${escapeMarkup(`${result.group}, ${result.origin}, ${result.rows} × ${result.columns}`)}</p>
${numbers ? casePictures(numbers) : ""}
<ul>${[...checks, ...facts].join("")}</ul>
</article>`;
}

function checkText({ criterion, pass, detail }: Check): string {
  return escapeMarkup(`${pass ? "" : "failed: "}${criterion}: ${detail}`);
}

function caseTable(result: SuiteResult): string {
  const columns = measuredCriteria(result);
  const rows = result.cases.map((c) => [
    `${escapeMarkup(c.name)}${c.pass ? "" : ` ${verdict(false)}`}`,
    ...columns.map((k) => markedValue(k, checkOf(c, k))),
  ]);
  return table(["case", ...columns.map((k) => escapeMarkup(k.name))], rows);
}

function markedValue(criterion: Criterion, check: Check | undefined): string {
  const text = escapeMarkup(valueText(criterion, check));
  return check && !check.pass ? `<span class="badge fail">${text}</span>` : text;
}

function measuredCriteria(result: SuiteResult): Criterion[] {
  return result.criteria.filter((k) => k.worse !== undefined && result.cases.some((c) => checkOf(c, k)));
}

function verdict(pass: boolean): string {
  return `<span class="badge ${pass ? "pass" : "fail"}">${pass ? "pass" : "fail"}</span>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[], className = ""): string {
  const headCells = head.map((h) => `<th scope="col">${h}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("\n");
  return `<div class="scroll"><table${className ? ` class="${className}"` : ""}><thead><tr>${headCells}</tr></thead>
<tbody>
${body}
</tbody></table></div>`;
}
