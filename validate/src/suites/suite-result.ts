/** `simulated`: results of a simulator, bit-exact or not; `measured`: results of hardware. */
export type Origin = "simulated" | "measured";

/** What is under test, in words that go into every report. */
export interface Subject {
  readonly kernel: string;
  /** For example `sim` or `npu1`. */
  readonly device: string;
  readonly origin: Origin;
}

/** A rule that a case must meet, stated once per suite. */
export interface Criterion {
  readonly name: string;
  /** For example `pearson > 0.9999`. */
  readonly rule: string;
  /** Where the limit comes from. */
  readonly derivation: string;
  /** Which value of the check is the worse of two; absent when its value is no measure. */
  readonly worse?: WorseValue;
  readonly unit?: string;
}

/** `far from 0` and `far from 1` are about the distance, on both sides. */
type WorseValue = "lower" | "higher" | "far from 0" | "far from 1";

/** One criterion applied to one case. */
export interface Check {
  /** Name of the criterion. */
  readonly criterion: string;
  readonly pass: boolean;
  /** The number that was judged; null when it is not a finite number. */
  readonly value: number | null;
  /** What was found, in one line: the value, where it is, what was expected. */
  readonly detail: string;
  /** Index of the element that it is about, in the evidence of the case. */
  readonly element?: number;
}

/** A number that is reported but not judged. */
export interface Fact {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
}

export interface CaseResult {
  readonly name: string;
  readonly group: string;
  readonly origin: string;
  /** Rows and columns of the compared output: units or frames, then values of each. */
  readonly rows: number;
  readonly columns: number;
  readonly pass: boolean;
  readonly checks: readonly Check[];
  readonly facts: readonly Fact[];
}

/** All that a suite found; plain data, survives JSON. */
export interface SuiteResult {
  readonly suite: string;
  readonly subject: Subject;
  readonly seed: number;
  readonly criteria: readonly Criterion[];
  readonly cases: readonly CaseResult[];
  /** Whether there was at least one case and all passed. */
  readonly pass: boolean;
  /** What was left out and why, what the facts mean. */
  readonly notes: readonly string[];
}

/** The numbers behind a case, for pictures; row-major [rows, columns]. */
export interface CaseEvidence {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly unit: string;
  readonly reference: Float64Array;
  readonly actual: Float64Array;
}

export interface SuiteRun {
  readonly result: SuiteResult;
  readonly evidence: readonly CaseEvidence[];
}

/** How the caller follows and stops a suite. */
export interface SuiteControl {
  readonly onCase?: (result: CaseResult, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** `value` for a Check or Fact: JSON has no NaN and no Infinity. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** A case out of its checks: passed when there is a check and all passed. */
export function caseResult(parts: Omit<CaseResult, "pass">): CaseResult {
  return { ...parts, pass: parts.checks.length > 0 && parts.checks.every((c) => c.pass) };
}

/** A suite out of its cases: passed when there is a case and all passed. */
export function suiteResult(parts: Omit<SuiteResult, "pass">): SuiteResult {
  return { ...parts, pass: parts.cases.length > 0 && parts.cases.every((c) => c.pass) };
}
