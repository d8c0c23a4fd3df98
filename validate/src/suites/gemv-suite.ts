import { gemvReference } from "../references/gemv-reference.ts";
import { geluReference } from "../references/normal-distribution.ts";
import { bf16HalfPlace, numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject, ArraySuiteOptions, Arrays } from "./array-subject.ts";
import { type GemvCase, type GemvInputs, gemvCases, gemvInputs, gemvShapeName } from "./gemv-cases.ts";
import { floatsCriteria, judgeFloats } from "./judge-floats.ts";
import { type JudgedCase, runCases, suiteRun } from "./run-cases.ts";
import type { SuiteRun } from "./suite-result.ts";

const gemvCriteria = floatsCriteria({
  rule: "|error| <= limit; infinities and NaN where the reference has them, NaN for every int8 sum that is not finite",
  derivation:
    "sum: (K / 32 + 7) 2^-24 sum|x w|, one rounding of binary32 an addition, K / 32 a lane and 5 levels of a tree; int8: 2^-21 for the " +
    "scale, in three parts of bfloat16; bias and residual: 2^-24 each; GELU: 1.13 times that, its largest slope, and 2^-13 of its value; " +
    "the last rounding: half of the last place (bfloat16); K 2^-126 of the largest x and w for denormals, which the device flushes, " +
    "and 2^-100 of the scale",
});

/** Holds gemv against its float64 reference. @throws AbortedError when the caller's signal fires. */
export async function gemvSuite(subject: ArraySubject, options: ArraySuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, cases } = options;
  const judge = async (item: GemvCase) => {
    const inputs = gemvInputs(item, seed);
    const outputs = await subject.run({ dtype: item.dtype, shapes: gemvShapeName(item) }, { ...inputs });
    return judgeGemv(item, inputs, outputs);
  };
  const judged = await runCases(gemvCases({ seed }).slice(0, cases), judge, options);
  return suiteRun({
    suite: "gemv",
    subject,
    seed,
    criteria: gemvCriteria,
    judged,
    notes: ["reference: sums in float64; GELU by series and continued fraction of the normal distribution"],
  });
}

/** Half of the distance between neighbours of binary32, relative. */
const unit = 2 ** -24;
const scaleError = 2 ** -21;
const geluError = 2 ** -13;
const geluSlope = 1.13;
const flushed = 2 ** -126;

/** Holds one result against the float64 reference. */
export function judgeGemv(item: GemvCase, inputs: GemvInputs, { y }: Arrays): JudgedCase {
  const { name, group, dtype, m, k, n, isNoise } = item;
  const [x, w] = [numbersOf(inputs.x), numbersOf(inputs.w)];
  const channels = inputs.channels && numbersOf(inputs.channels);
  const residual = inputs.residual && numbersOf(inputs.residual);
  const isInt8 = dtype.startsWith("i8");
  const { sums, magnitudes } = gemvReference(x, w, { m, k, n });
  const denormals = k * flushed * (largest(x) + largest(w));
  const reference = new Float64Array(m * n);
  const limits = new Float64Array(m * n);
  for (const [i, sum] of sums.entries()) {
    const scale = isInt8 ? channels![n + (i % n)]! : 1;
    let value = isInt8 && !Number.isFinite(sum) ? Number.NaN : sum * scale;
    let limit = ((k / 32 + 7) * unit * magnitudes[i]! + denormals) * scale;
    if (isInt8) limit += scaleError * Math.abs(value) + 2 ** -100 * Math.max(1, scale);
    if (channels !== undefined) {
      value += channels[i % n]!;
      limit += unit * (Math.abs(value) + limit);
    }
    if (item.gelu) {
      value = geluReference(value);
      limit = geluSlope * limit + geluError * Math.abs(value);
    }
    if (residual !== undefined) {
      value += residual[i]!;
      limit += unit * (Math.abs(value) + limit);
    }
    reference[i] = value;
    limits[i] = limit + (dtype.endsWith("_bf16") ? bf16HalfPlace(Math.abs(value) + limit) : 0);
  }
  const actual = y === undefined ? new Float64Array(0) : numbersOf(y);
  const rounded = { name, group, rows: m, columns: n, reference, isNoise, tolerance: (i: number) => limits[i]! };
  return judgeFloats(rounded, actual);
}

/** The largest number there is, not counting what is not finite. */
function largest(values: Float64Array): number {
  return values.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 0);
}
