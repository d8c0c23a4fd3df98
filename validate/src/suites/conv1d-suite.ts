import { bf16Conv1dArrays } from "@aiekit/core";
import { conv1dReference } from "../references/conv1d-reference.ts";
import { geluReference } from "../references/normal-distribution.ts";
import { bf16HalfPlace, numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject, ArraySuiteOptions } from "./array-subject.ts";
import { type Conv1dCase, type Conv1dInputs, conv1dCases, conv1dInputs, conv1dShapeName } from "./conv1d-cases.ts";
import { floatsCriteria, judgeFloats } from "./judge-floats.ts";
import { type JudgedCase, runCases, suiteRun } from "./run-cases.ts";
import type { SuiteRun } from "./suite-result.ts";

const conv1dCriteria = floatsCriteria({
  rule: "|error| <= half of the last place + that of the sum, of GELU and of the residual; NaN and infinities as in float64",
  derivation:
    "sum: (3 inputs + 2) 2^-24 (Σ|x w| + |bias|), one rounding of binary32 an addition; GELU: 1.13 times that, 2^-13 of its value and 5e-15; " +
    "residual: 2^-24 of the result; 3 inputs 2^-126 of the largest factor for denormals, which the device flushes; one rounding to nearest",
});

const unitFloat = 2 ** -24;
/** Stated by the kernel, kernels/math/gelu.h: relative from -8 on, absolute below. */
const geluError = { relative: 2 ** -13, absolute: 5e-15 };
/** Largest slope of GELU, at x = sqrt 2. */
const geluSlope = 1.13;
/** Factors below 2^-126 may be flushed to 0. */
const flushed = 2 ** -126;

/** Holds conv1d against loops in float64. @throws AbortedError when the caller's signal fires. */
export async function conv1dSuite(subject: ArraySubject, options: ArraySuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, cases } = options;
  const judge = async (item: Conv1dCase): Promise<JudgedCase> => {
    const made = conv1dInputs(item, seed);
    const { weights, channels } = bf16Conv1dArrays(item.name, made);
    const { y } = await subject.run(
      { array: item.array, shapes: conv1dShapeName(item) },
      { x: made.x, weights, ...(item.bias && { channels }), ...(made.residual && { residual: made.residual }) },
    );
    return judgeConv1d(item, made, y === undefined ? new Float64Array(0) : numbersOf(y));
  };
  const judged = await runCases(conv1dCases(seed).slice(0, cases), judge, options);
  return suiteRun({
    suite: "conv1d",
    subject,
    seed,
    criteria: conv1dCriteria,
    judged,
    notes: ["reference: loops over weights [outputs, inputs, 3] in float64; GELU by the normal distribution"],
  });
}

function judgeConv1d(item: Conv1dCase, made: Conv1dInputs, actual: Float64Array): JudgedCase {
  const { name, group, inputs, outputs, isNoise } = item;
  const [x, weights] = [numbersOf(made.x), Float64Array.from(made.weights.data)];
  const { positions, sums, magnitudes } = conv1dReference(
    { x, weights, bias: made.bias.data },
    { ...item, taps: 3, zeros: 1 },
  );
  const residual = made.residual === undefined ? undefined : numbersOf(made.residual);
  const activated = item.gelu ? sums.map(geluReference) : sums;
  const reference = residual === undefined ? activated : activated.map((value, i) => value + residual[i]!);
  const terms = 3 * inputs;
  const denormals = terms * flushed * (largest(x) + largest(weights));
  const tolerance = (i: number): number => {
    const value = Math.abs(reference[i]!);
    let limit = (terms + 2) * unitFloat * magnitudes[i]! + denormals;
    if (item.gelu) limit = geluSlope * limit + geluError.relative * Math.abs(activated[i]!) + geluError.absolute;
    if (residual !== undefined) limit += unitFloat * (value + limit);
    return limit + bf16HalfPlace(value + limit);
  };
  const rows = positions;
  return judgeFloats({ name, group, rows, columns: outputs, reference, tolerance, isNoise }, actual);
}

/** Of the numbers that are finite. */
function largest(values: Float64Array): number {
  return values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
}
