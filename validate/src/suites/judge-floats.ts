import { bias } from "../metrics/bias.ts";
import { cosine, pearson } from "../metrics/correlation.ts";
import type { JudgedCase } from "./run-cases.ts";
import { type Check, type Criterion, caseResult, finiteOrNull } from "./suite-result.ts";

/** An output of floats, what it should be, and by how much each element may differ. */
interface FloatsCase {
  readonly name: string;
  readonly group: string;
  readonly rows: number;
  readonly columns: number;
  readonly reference: Float64Array;
  /** Largest |actual - reference| of element i; only asked where the reference is finite. */
  readonly tolerance: (i: number) => number;
  /** False for values with a pattern, whose errors have one too: the bias of such a case says nothing. */
  readonly isNoise: boolean;
}

/** Below so many elements correlation and bias are left out: a handful of roundings need not average to nothing. */
const fewest = 1000;
const least = 0.99999;
/** Half of what flooring to bfloat16 makes of it. */
const mostBias = 2 ** -10.5;

/** What every suite of bfloat16 results asks, besides its own tolerance. */
export const floatsCriteria = (tolerance: Pick<Criterion, "rule" | "derivation">): readonly Criterion[] => [
  { name: "error", worse: "higher", ...tolerance },
  {
    name: "pearson",
    worse: "lower",
    rule: `pearson > ${least} (${fewest} elements of noise or more)`,
    derivation: "rounding to 8 significant bits has a variance of (2^-8)^2 / 12 of the value's at most: 1 - r = 6e-7",
  },
  {
    name: "cosine",
    worse: "lower",
    rule: `cosine > ${least} (${fewest} elements of noise or more)`,
    derivation: "as pearson; sees an offset too",
  },
  {
    name: "bias",
    worse: "far from 0",
    rule: "|sum of errors| and |sum of errors of magnitude| <= 2^-10.5 of the sum of magnitudes (noise)",
    derivation:
      "flooring or truncating to bfloat16 loses half of a last place on average, 2^-9 of 1.0 and 2^-9.5 over all mantissas; rounding to nearest averages to 0",
  },
];

/** Judges one output. NaN must be NaN, an infinity the same infinity. */
export function judgeFloats(item: FloatsCase, actual: Float64Array): JudgedCase {
  const { name, group, rows, columns, reference } = item;
  const checks: Check[] = [worstError(item, actual)];
  if (item.isNoise && reference.length >= fewest && actual.length === reference.length) {
    const [r, angle] = [pearson(reference, actual), cosine(reference, actual)];
    checks.push({ criterion: "pearson", pass: r > least, value: finiteOrNull(r), detail: r.toFixed(8) });
    checks.push({ criterion: "cosine", pass: angle > least, value: finiteOrNull(angle), detail: angle.toFixed(8) });
    checks.push(biasOf(reference, actual));
  }
  const result = caseResult({ name, group, origin: "generator", rows, columns, checks, facts: [] });
  return { result, evidence: { name, rows, columns, unit: "", reference, actual } };
}

function worstError({ reference, columns, tolerance }: FloatsCase, actual: Float64Array): Check {
  if (actual.length !== reference.length) {
    const detail = `${reference.length} elements expected, ${actual.length} found`;
    return { criterion: "error", pass: false, value: null, detail };
  }
  let [worst, at] = [-1, 0];
  for (let i = 0; i < reference.length; i++) {
    const share = shareOfTolerance(reference[i]!, actual[i]!, () => tolerance(i));
    if (share > worst) [worst, at] = [share, i];
  }
  const place = `row ${Math.floor(at / columns)}, column ${at % columns}`;
  const detail = `${worst.toFixed(3)} of the tolerance at ${at} (${place}): expected ${reference[at]}, got ${actual[at]}`;
  return { criterion: "error", pass: worst <= 1, value: finiteOrNull(worst), detail, element: at };
}

function shareOfTolerance(expected: number, got: number, tolerance: () => number): number {
  if (Object.is(expected, got) || expected === got) return 0;
  if (!Number.isFinite(expected) || !Number.isFinite(got)) return Number.POSITIVE_INFINITY;
  return Math.abs(got - expected) / tolerance();
}

function biasOf(reference: Float64Array, actual: Float64Array): Check {
  const { towardsInfinity, magnitude, compared } = bias(reference, actual);
  const worst = Math.max(Math.abs(towardsInfinity), Math.abs(magnitude));
  const detail = `${towardsInfinity.toExponential(2)}, of magnitudes ${magnitude.toExponential(2)}`;
  // An element that is not finite has no part in the sums, so it fails here by itself.
  const pass = compared === reference.length && worst <= mostBias;
  return { criterion: "bias", pass, value: finiteOrNull(worst), detail };
}
