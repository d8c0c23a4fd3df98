import type { CaseResult, Check, Criterion, SuiteResult } from "../suites/suite-result.ts";

/** Cases of one group, with the worst value of each criterion among them. */
interface GroupSummary {
  readonly group: string;
  readonly cases: number;
  readonly passed: number;
  /** The worst check by criterion; criteria without a measure, or that no case of the group has, are left out. */
  readonly worst: ReadonlyMap<string, Check>;
}

/** One summary a group, in order of first appearance. */
export function summarise(result: SuiteResult): GroupSummary[] {
  const groups = [...new Set(result.cases.map((c) => c.group))];
  return groups.map((group) => {
    const cases = result.cases.filter((c) => c.group === group);
    const worst = new Map<string, Check>();
    for (const criterion of result.criteria) {
      const found = worstCheck(criterion, cases);
      if (found) worst.set(criterion.name, found);
    }
    return { group, cases: cases.length, passed: cases.filter((c) => c.pass).length, worst };
  });
}

/** Failed cases first, then by the measured criteria in the suite's order. */
export function worstFirst(result: SuiteResult): CaseResult[] {
  const measured = result.criteria.filter((c) => c.worse !== undefined);
  return [...result.cases].sort((a, b) => {
    if (a.pass !== b.pass) return a.pass ? 1 : -1;
    for (const criterion of measured) {
      const difference = badness(criterion, checkOf(b, criterion)) - badness(criterion, checkOf(a, criterion));
      if (difference !== 0 && !Number.isNaN(difference)) return difference;
    }
    return 0;
  });
}

/** A check's value in as many digits as its criterion deserves, with its unit. */
export function valueText(criterion: Criterion, check: Check | undefined): string {
  if (!check) return "";
  if (check.value === null) return "not a number";
  const text = Number.isInteger(check.value) ? `${check.value}` : rounded(criterion, check.value);
  return criterion.unit ? `${text} ${criterion.unit}` : text;
}

export function checkOf(result: CaseResult, criterion: Criterion): Check | undefined {
  return result.checks.find((c) => c.criterion === criterion.name);
}

// A correlation is cut, not rounded: 1.000000 would say that nothing differs.
function rounded({ worse }: Criterion, value: number): string {
  if (worse === "lower") return (Math.floor(value * 1e6) / 1e6).toFixed(6);
  return value.toFixed(worse === "far from 1" ? 6 : 3).replace(/^-(0\.?0*)$/, "$1");
}

function worstCheck(criterion: Criterion, cases: readonly CaseResult[]): Check | undefined {
  if (criterion.worse === undefined) return undefined;
  const checks = cases.map((c) => checkOf(c, criterion)).filter((c) => c !== undefined);
  return checks.reduce<Check | undefined>(
    (worst, c) => (worst === undefined || badness(criterion, c) > badness(criterion, worst) ? c : worst),
    undefined,
  );
}

// Larger is worse. A value that is no number is worse than any, a check that was not made better than any.
function badness(criterion: Criterion, check: Check | undefined): number {
  if (!check) return Number.NEGATIVE_INFINITY;
  if (check.value === null) return Number.POSITIVE_INFINITY;
  if (criterion.worse === "lower") return -check.value;
  if (criterion.worse === "far from 0") return Math.abs(check.value);
  if (criterion.worse === "far from 1") return Math.abs(check.value - 1);
  return check.value;
}
