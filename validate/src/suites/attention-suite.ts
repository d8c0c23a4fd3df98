import type { Tensor } from "@aiekit/core";
import { bias } from "../metrics/bias.ts";
import { relativeL2 } from "../metrics/relative-error.ts";
import { type AttentionReference, attentionReference, type HeadRows } from "../references/attention-reference.ts";
import { bf16HalfPlace, numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject, ArraySuiteOptions } from "./array-subject.ts";
import { type AttentionCase, attentionCases, attentionInputs, attentionShapeName } from "./attention-cases.ts";
import { floatsCriteria, judgeFloats } from "./judge-floats.ts";
import { type JudgedCase, runCases, suiteRun } from "./run-cases.ts";
import { caseResult, finiteOrNull, type SuiteRun } from "./suite-result.ts";

/** Stated by the kernel: an exponential and its narrowing; the product with the reciprocal; the least exponential. */
const exponentialError = 2 ** -7.8;
const productError = 2 ** -14.4;
const leastExponential = 2 ** -32;
/** Below it products lose parts. */
const lost = 2 ** -100;
const mostRelativeL2 = 2 ** -8.4;

const attentionCriteria = [
  ...floatsCriteria({
    rule: "|error| <= e (sum w |v| + |y|) + half of the last place + 2^-100; NaN in a value is NaN in its column",
    derivation:
      "e: 2^-7.8 of each weight (exponential 2^-10.9, narrowed 2^-8), 2^-14.4 of the quotient, (width + 8) 2^-22 of the score's magnitude (float sums, and the maximum's product); " +
      "weights below 2^-32 of the largest are cut off there: keys 2^-32",
  }),
  {
    name: "relative L2",
    worse: "higher" as const,
    rule: "root of sum of squares of errors / of reference <= 2^-8.4 (noise)",
    derivation:
      "two narrowings to 8 bits, each 2^-8 sqrt(3 / (8 ln 2) / 3) = 2^-9.24 rms: 2^-8.74; exponentials 2^-10.9 at most: 2^-8.7; a quarter more for small samples",
  },
];

/** Holds attention against its float64 reference. @throws AbortedError when the caller's signal fires. */
export async function attentionSuite(subject: ArraySubject, options: ArraySuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, cases } = options;
  const judge = async (item: AttentionCase) => {
    const inputs = attentionInputs(item, seed);
    const { out } = await subject.run({ width: item.width, shapes: attentionShapeName(item) }, inputs);
    return judgeAttention(item, inputs, numbersOf(out!));
  };
  const judged = await runCases(attentionCases(seed).slice(0, cases), judge, options);
  return suiteRun({
    suite: "attention",
    subject,
    seed,
    criteria: attentionCriteria,
    judged,
    notes: [
      "reference: scores, e^(s - maximum), weighted sums, in float64 loops",
      "rows whose query, or heads with a key, that has NaN or infinity have no meaning and are not judged",
    ],
  });
}

function judgeAttention(
  item: AttentionCase,
  inputs: Readonly<Record<string, Tensor>>,
  actual: Float64Array,
): JudgedCase {
  const { name, group, queries: rows, heads, width, keys, isNoise, isFree } = item;
  const columns = heads * width;
  const { values, magnitudes, scoreMagnitudes } = referenceOf(item, inputs);
  const headOf = (i: number) => Math.floor((i % columns) / width);
  const rowOf = (i: number) => Math.floor(i / columns);
  // What has no meaning is compared with itself.
  const reference = isFree ? values.map((y, i) => (isFree(headOf(i), rowOf(i)) ? (actual[i] ?? y) : y)) : values;
  const tolerance = (i: number) => {
    const score = scoreMagnitudes[rowOf(i) * heads + headOf(i)]!;
    const e = exponentialError + productError + keys * leastExponential + (width + 8) * 2 ** -22 * score;
    const error = e * (magnitudes[i]! + Math.abs(reference[i]!));
    return error + bf16HalfPlace(Math.abs(reference[i]!) + error) + lost;
  };
  const judged = judgeFloats({ name, group, rows, columns, reference, tolerance, isNoise }, actual);
  if (!isNoise || actual.length !== reference.length) return judged;
  const error = relativeL2(reference, actual);
  const { belowZero } = bias(reference, actual);
  const check = {
    criterion: "relative L2",
    pass: error <= mostRelativeL2,
    value: finiteOrNull(error),
    detail: `${error.toExponential(3)}, ${(100 * belowZero).toFixed(1)} % of the errors below 0`,
  };
  return { ...judged, result: caseResult({ ...judged.result, checks: [...judged.result.checks, check] }) };
}

function referenceOf(item: AttentionCase, inputs: Readonly<Record<string, Tensor>>): AttentionReference {
  const columns = item.heads * item.width;
  const part = (array: Tensor, position: number): HeadRows => ({
    data: numbersOf(array),
    offset: position * columns,
    pitch: array.shape[1]!,
  });
  const { q, kv, qkv } = inputs;
  if (qkv) return attentionReference({ q: part(qkv, 0), k: part(qkv, 1), v: part(qkv, 2) }, item);
  return attentionReference({ q: part(q!, 0), k: part(kv!, 0), v: part(kv!, 1) }, item);
}
