import { expect, test } from "vitest";
import type { CaseEvidence, CaseResult, SuiteResult } from "../suites/suite-result.ts";
import { suiteResult } from "../suites/suite-result.ts";
import { htmlReport } from "./html-page.ts";
import { junitXml } from "./junit.ts";
import { resultJson } from "./result-json.ts";
import { suiteText } from "./text-table.ts";
import { summarise, valueText, worstFirst } from "./worst-values.ts";

const hostile = `clip <script src="https://evil.example/x.js"></script> & "quotes" 'too' \u0007\uD800`;

function oneCase(name: string, pearson: number | null, pass: boolean, group = "speech"): CaseResult {
  return {
    name,
    group,
    origin: "test",
    rows: 2,
    columns: 80,
    pass,
    checks: [{ criterion: "pearson", pass, value: pearson, detail: `found ${pearson}` }],
    facts: [{ name: "meyda power: pearson", value: 0.5, unit: "" }],
  };
}

function resultOf(cases: readonly CaseResult[]): SuiteResult {
  return suiteResult({
    suite: "mel",
    subject: { kernel: "mel", device: "sim", origin: "simulated" },
    seed: 5,
    criteria: [{ name: "pearson", rule: "pearson > 0.999", derivation: "asked for", worse: "lower" }],
    cases,
    notes: ["a note"],
  });
}

const passing = oneCase("good clip", 0.99999, true);
const failing = oneCase(hostile, 0.9, false);
const notANumber = oneCase("broken clip", null, false);
const mixed = resultOf([passing, failing, notANumber]);
const createdAt = new Date("2026-03-01T12:34:56Z");

const evidenceOf = (name: string): CaseEvidence => ({
  name,
  rows: 2,
  columns: 80,
  unit: "dB",
  reference: Float64Array.from({ length: 160 }, (_, i) => -i / 2),
  actual: Float64Array.from({ length: 160 }, (_, i) => -i / 2 + 0.01),
});
const run = { result: mixed, evidence: [passing, failing, notANumber].map((c) => evidenceOf(c.name)) };

test("failed cases come first, a value that is no number before all others", () => {
  expect(worstFirst(mixed).map((c) => c.name)).toEqual(["broken clip", hostile, "good clip"]);
  expect(summarise(resultOf([passing, failing]))[0]).toMatchObject({ cases: 2, passed: 1 });
  expect(summarise(resultOf([passing, failing]))[0]?.worst.get("pearson")?.value).toBe(0.9);
});

test("the text names verdict, each failed case with what was found, and the notes", () => {
  const text = suiteText(mixed);

  expect(text).toMatch(/^mel on sim \(simulated\): FAIL, 2 of 3 cases failed\n/);
  expect(text).toMatch(/good clip +0\.999990 +pass/);
  expect(text).toContain("FAIL broken clip: pearson: found null");
  expect(text).toContain("note: a note");
});

test("more failures than asked for are counted, not listed", () => {
  const text = suiteText(resultOf([failing, notANumber]), { failures: 1, rows: "groups" });

  expect(text.match(/^FAIL /gm)).toHaveLength(1);
  expect(text).toContain("and 1 more failed cases");
});

test("a correlation of 0.99999997 is not printed as 1, a tiny negative mean not as −0", () => {
  const text = suiteText(resultOf([oneCase("almost", 0.99999997, true)]));
  expect(text).toMatch(/almost +0\.999999 /);
  const bias = { name: "bias", rule: "", derivation: "", worse: "far from 0" as const, unit: "dB" };
  expect(valueText(bias, { criterion: "bias", pass: true, value: -0.00001, detail: "" })).toBe("0.000 dB");
});

test("columns of the table start at the same place in all rows", () => {
  const rows = suiteText(resultOf([passing, oneCase("a much longer name of a clip", 0.9999, true)]))
    .split("\n")
    .slice(2, 6);

  expect(new Set(rows.map((row) => row.length)).size).toBe(1);
});

test("a suite without cases is a failure in text, JSON and HTML", () => {
  const empty = resultOf([]);

  expect(suiteText(empty)).toContain("FAIL, no cases");
  expect(JSON.parse(resultJson([empty], createdAt)).pass).toBe(false);
  expect(JSON.parse(resultJson([], createdAt)).pass).toBe(false);
  expect(htmlReport([], { createdAt })).toContain("<title>Kernel validation: fail</title>");
});

test("JSON holds the results as they are, with the caller's time", () => {
  const document = JSON.parse(resultJson([mixed], createdAt));

  expect(document).toMatchObject({
    format: "aiekit-validation",
    formatVersion: 1,
    createdAt: "2026-03-01T12:34:56.000Z",
  });
  expect(document.results).toEqual([mixed]);
});

test("JUnit XML counts cases and failures, and holds each failure's message", () => {
  const xml = junitXml([mixed]);

  expect(xml).toContain('<testsuites tests="3" failures="2" errors="0" skipped="0">');
  expect(xml).toContain('<testcase name="good clip" classname="mel.sim.speech"/>');
  expect(xml).toContain('<failure message="pearson: found null">');
});

test("JUnit XML and HTML are well-formed, whatever a case is called", () => {
  expect(unbalanced(junitXml([mixed]).replace(/^<\?xml[^>]*\?>/, ""))).toEqual([]);
  expect(unbalanced(htmlReport([run], { createdAt }).replace(/<!doctype html>/, ""))).toEqual([]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(junitXml([mixed])).not.toMatch(/[\u0000-\u0008\uD800-\uDFFF]/);
  expect(unbalanced("<a><b></a>")).not.toEqual([]);
  expect(unbalanced('<a b="<"/>')).not.toEqual([]);
});

test("the page requests nothing: no script, no link, all sources are data", () => {
  const html = htmlReport([run], { createdAt });

  expect(html).not.toMatch(/<(script|link|iframe|object)/i);
  const sources = [...html.matchAll(/<[^>]*\s(?:src|href)="([^"]{0,22})/g)].map((m) => m[1]);
  expect(sources.length).toBeGreaterThanOrEqual(9);
  expect(new Set(sources)).toEqual(new Set(["data:image/png;base64,"]));
  expect(html).not.toMatch(/@import|url\(/);
  expect(html).toContain(`content="default-src 'none'; img-src data:`);
});

test("the page says simulated or measured, the thresholds, and shows the worst case first", () => {
  const html = htmlReport([run], { createdAt, pictures: 1, alwaysShow: ["good clip"] });
  const shown = [...html.matchAll(/<h4>([^<]*) </g)].map((m) => m[1]);

  expect(shown).toEqual(["broken clip", "good clip"]);
  expect(html).toContain('<span class="badge origin">simulated</span>');
  expect(html).toContain("pearson &gt; 0.999");
  expect(html).toContain("prefers-color-scheme: dark");
  const measured = { ...mixed, subject: { ...mixed.subject, origin: "measured" as const } };
  expect(htmlReport([{ ...run, result: measured }], { createdAt })).toContain(
    '<span class="badge origin">measured</span>',
  );
});

test("the worst case of each group is shown, however good it is", () => {
  const groups = resultOf([failing, passing, oneCase("best noise", 0.999999, true, "noise")]);
  const html = htmlReport([{ result: groups, evidence: [] }], { createdAt, pictures: 1 });

  expect([...html.matchAll(/<h4>([^<]*) </g)].map((m) => m[1]?.slice(0, 10))).toEqual(["clip &lt;s", "best noise"]);
});

test("spectra are drawn as a chart with a reference, an actual line and the error", () => {
  const values = Float64Array.from({ length: 2 * 1024 }, (_, i) => 1000 * Math.sin(i));
  const evidence = {
    ...evidenceOf("good clip"),
    columns: 1024,
    unit: "LSB",
    reference: values,
    actual: values.map((v) => v + 1),
  };
  const html = htmlReport([{ result: resultOf([passing]), evidence: [evidence] }], { createdAt });

  expect(html.match(/<path class="(reference|actual|error)"/g)).toHaveLength(3);
  expect(html).not.toContain("NaN");
});

const voidElements = new Set(["meta", "img", "br"]);

/** Tags that are not closed in order, and stray characters that markup must escape. */
function unbalanced(markup: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const token = /<(\/?)([a-zA-Z0-9-]+)((?:\s+[\w-]+(?:="[^"<]*")?)*)\s*(\/?)>|[<>]|&(?!(?:amp|lt|gt|quot|#39);)/g;
  for (const [text, closing, name, , selfClosing] of markup.replace(/<style>[^<]*<\/style>/, "").matchAll(token)) {
    if (name === undefined) wrong.push(text);
    else if (closing) {
      if (open.pop() !== name) wrong.push(text);
    } else if (!selfClosing && !voidElements.has(name)) open.push(name);
  }
  return [...wrong, ...open];
}
