import type { Tensor } from "@aiekit/core";
import { cosine, pearson } from "../metrics/correlation.ts";
import { groupedReference, productReference, requantisedReference } from "../references/matmul-reference.ts";
import { geluReference } from "../references/normal-distribution.ts";
import { numbersOf } from "../signals/bf16-arrays.ts";
import type { MatmulCase } from "./matmul-cases.ts";
import { dtypeFacts } from "./matmul-dtypes.ts";
import type { Channels, MatmulInputs } from "./matmul-inputs.ts";
import type { JudgedCase } from "./run-cases.ts";
import { type Check, type Criterion, caseResult, finiteOrNull } from "./suite-result.ts";

/** Half of the distance between neighbours, relative: 8 and 24 significant bits. */
const unitBf16 = 2 ** -8;
const unitFloat = 2 ** -24;
/** Stated by the kernel: products of pairs of bfloat16, GELU. */
const pairProduct = 2 ** -14.4;
const geluError = 2 ** -13;
/** Largest slope of GELU, at x = sqrt 2. */
const geluSlope = 1.13;
/** Operands below 2^-126 may be flushed to 0. */
const flushed = 2 ** -126;
const leastCorrelation = 0.9999;

export const matmulCriteria: readonly Criterion[] = [
  {
    name: "equal",
    worse: "higher",
    rule: "integers: every element is the reference's",
    derivation:
      "sums of int8 products are exact in 32 bits, of int16 in 64, and there is one rounding, of an exact 64-bit product; " +
      "int16: sums beyond 32 bits saturate before a scale",
  },
  {
    name: "error",
    worse: "higher",
    unit: "of the limit",
    rule: "bfloat16, float: |error| <= limit; infinities and NaN where the reference has them",
    derivation:
      "sum: (K + 2) 2^-24 (sum|a b| + |bias|), one rounding of binary32 an addition; integers: 2^-24 for the conversion and 2^-14.4 for the scale; bfloat16 x int8: 2^-14.4 of the product for the scale; " +
      "groups: that for the magnitude of each, and (groups + 1) 2^-24 for their sum; int8 and int16 results of groups: half a step; " +
      "GELU: 1.13 times that, and 2^-13 of its value; residual: 2^-24; the last rounding: 2^-8 (bfloat16) or 2^-24 of the value; " +
      "K 2^-126 max|b| for denormals, which the device flushes",
  },
  {
    name: "pearson",
    worse: "lower",
    rule: `pearson > ${leastCorrelation}, where the reference is finite and not constant`,
    derivation:
      "one rounding to 8 bits is 2^-8 / sqrt 3 rms: 1 - r = 2.5e-6; leaves a factor of 40 for small results beside large ones",
  },
  {
    name: "cosine",
    worse: "lower",
    rule: `cosine > ${leastCorrelation}, where the reference is finite and not zero`,
    derivation: "as pearson; sees an offset as well",
  },
];

interface Expected {
  readonly values: Float64Array;
  /** What each element may be off by; undefined where it has to be equal. */
  readonly limits: Float64Array | undefined;
}

/** Holds one result against the float64 reference. */
export function judgeMatmul(
  item: MatmulCase,
  { inputs, channels }: { readonly inputs: MatmulInputs; readonly channels: Channels },
  output: Tensor | undefined,
): JudgedCase {
  const { m, n } = item;
  const expected = expectedResult(item, inputs, channels);
  const actual = output === undefined ? new Float64Array(0) : numbersOf(output);
  const checks = actual.length === m * n ? compare(expected, actual, n) : [wrongSize(expected, actual)];
  const result = caseResult({
    name: item.name,
    group: item.group,
    origin: "generator",
    rows: m,
    columns: n,
    checks,
    facts: [],
  });
  const shown = Float64Array.from({ length: m * n }, (_, i) => actual[i] ?? Number.NaN);
  return {
    result,
    evidence: { name: item.name, rows: m, columns: n, unit: "", reference: expected.values, actual: shown },
  };
}

function expectedResult(item: MatmulCase, inputs: MatmulInputs, channels: Channels): Expected {
  const { dtype, m, n } = item;
  const { isInteger, group, out } = dtypeFacts(dtype);
  const residual = inputs.residual ? numbersOf(inputs.residual) : new Float64Array(m * n);
  if (isInteger && group === undefined && out !== "bf16") {
    const { sums } = productReference(numbersOf(inputs.a), numbersOf(inputs.b), item);
    const values = sums.map((sum, i) => integerResult(sum, { item, channels, column: i % n, residual: residual[i]! }));
    return { values, limits: undefined };
  }
  const { values: before, limits: beforeLimits } = floatsBefore(item, inputs, channels);
  const unitOut = out === "bf16" ? unitBf16 : unitFloat;
  const denormals = isInteger ? 0 : item.k * flushed * largest(numbersOf(inputs.b));
  const values = new Float64Array(m * n);
  const limits = before.map((x, i) => {
    let [value, limit] = [x, beforeLimits[i]!];
    if (item.gelu) {
      value = geluReference(x);
      limit = geluSlope * limit + geluError * Math.abs(value);
    }
    value += residual[i]!;
    limit += item.residual ? unitFloat * (Math.abs(value) + limit) : 0;
    if (out === "i8" || out === "i16") {
      const range = out === "i8" ? 128 : 32_768;
      values[i] = Math.max(-range, Math.min(range - 1, value));
      return limit + 0.5;
    }
    values[i] = value;
    return limit + unitOut * (Math.abs(value) + limit) + denormals;
  });
  return { values, limits };
}

/** One element where every step is exact or rounded in a defined way. */
function integerResult(
  sum: number,
  by: { readonly item: MatmulCase; readonly channels: Channels; readonly column: number; readonly residual: number },
): number {
  const { item, channels, column, residual } = by;
  const { a, out, isScaled } = dtypeFacts(item.dtype);
  const [bias, multiplier] = [channels.bias[column]!, channels.multiplier[column]!];
  const { shift } = channels;
  if (out === "i64" || (a === "i8" && !isScaled)) return sum + bias;
  const narrow = { multiplier: 1, residual: 0, bits: 32 };
  if (!isScaled) return requantisedReference(sum, { ...narrow, bias, shift });
  const bits = out === "i8" ? 8 : 16;
  if (a === "i8") return requantisedReference(sum, { bias, multiplier, shift, residual, bits });
  // Sums of 64 bits saturate to 32 first.
  const narrowed = requantisedReference(sum, { ...narrow, bias, shift: 0 });
  return requantisedReference(narrowed, { bias: 0, multiplier, shift, residual, bits });
}

/** Products, bias and scales in float64, and what the kernel may be off by before GELU, residual and the last rounding. */
function floatsBefore(
  item: MatmulCase,
  inputs: MatmulInputs,
  channels: Channels,
): Required<Expected> & { limits: Float64Array } {
  const { dtype, k, n } = item;
  const { isInteger, isScaled, a: left, group } = dtypeFacts(dtype);
  const [a, b] = [numbersOf(inputs.a), numbersOf(inputs.b)];
  if (group !== undefined && channels.scales !== undefined) {
    const { sums, magnitudes } = groupedReference(a, b, { ...item, size: group, scales: channels.scales });
    const groups = Math.ceil(k / group);
    const values = sums.map((sum, i) => sum + channels.bias[i % n]!);
    const limits = magnitudes.map(
      (terms, i) =>
        (unitFloat + pairProduct) * terms + (groups + 1) * unitFloat * (terms + Math.abs(channels.bias[i % n]!)),
    );
    return { values, limits };
  }
  const { sums, magnitudes } = productReference(a, b, item);
  const limits = new Float64Array(sums.length);
  const values = sums.map((sum, i) => {
    const [bias, scale] = [channels.bias[i % n]!, channels.multiplier[i % n]!];
    if (!isInteger) {
      limits[i] = (k + 2) * unitFloat * (magnitudes[i]! * scale + Math.abs(bias));
      if (isScaled) limits[i]! += pairProduct * Math.abs(sum * scale);
      return sum * scale + bias;
    }
    const narrow = { bias, multiplier: 1, shift: channels.shift, residual: 0, bits: 32 };
    const x = (left === "i8" ? sum + bias : requantisedReference(sum, narrow)) * scale;
    limits[i] = (unitFloat + pairProduct) * Math.abs(x);
    return x;
  });
  return { values, limits };
}

function compare({ values, limits }: Expected, actual: Float64Array, columns: number): Check[] {
  const place = (i: number) =>
    `row ${Math.floor(i / columns)}, column ${i % columns}: expected ${values[i]}, got ${actual[i]}`;
  if (limits === undefined) {
    const wrong = values.reduce((count, v, i) => count + (actual[i] === v ? 0 : 1), 0);
    const worst = worstIndex(values, (v, i) => Math.abs(actual[i]! - v));
    const detail =
      wrong === 0 ? `${values.length} elements` : `${wrong} of ${values.length} differ, most at ${place(worst)}`;
    return [{ criterion: "equal", pass: wrong === 0, value: wrong, detail }];
  }
  const share = (v: number, i: number): number => {
    if (Number.isFinite(v)) return Math.abs(actual[i]! - v) / limits[i]!;
    return Object.is(actual[i], v) ? 0 : Number.POSITIVE_INFINITY;
  };
  const worst = worstIndex(values, share);
  const worstShare = share(values[worst]!, worst);
  const error: Check = {
    criterion: "error",
    pass: worstShare <= 1,
    value: finiteOrNull(worstShare),
    detail: `${worstShare.toFixed(3)} of the limit at ${place(worst)}`,
  };
  return [error, ...correlations(values, actual)];
}

function correlations(values: Float64Array, actual: Float64Array): Check[] {
  const isConstant = values.every((v) => v === values[0]);
  if (isConstant || !values.every(Number.isFinite)) return [];
  return (["pearson", "cosine"] as const).map((criterion) => {
    const r = (criterion === "pearson" ? pearson : cosine)(values, actual);
    return { criterion, pass: r > leastCorrelation, value: finiteOrNull(r), detail: r.toFixed(9) };
  });
}

function wrongSize({ values, limits }: Expected, actual: Float64Array): Check {
  const detail = `expected ${values.length} elements, got ${actual.length}`;
  return { criterion: limits ? "error" : "equal", pass: false, value: null, detail };
}

/** Where `badness` is largest; NaN counts as the largest there is. */
function worstIndex(values: Float64Array, badness: (value: number, index: number) => number): number {
  let [worst, at] = [-1, 0];
  for (const [i, v] of values.entries()) {
    const bad = badness(v, i);
    const rank = Number.isNaN(bad) ? Number.POSITIVE_INFINITY : bad;
    if (rank > worst) [worst, at] = [rank, i];
  }
  return at;
}

function largest(values: Float64Array): number {
  return values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
}
