import { cosine, pearson } from "../metrics/correlation.ts";
import { maxAbsErr } from "../metrics/error.ts";
import { relativeL2 } from "../metrics/relative-error.ts";
import { encoderLayerReference } from "../references/encoder-layer-reference.ts";
import type { EncoderLayerArrays, EncoderLayerShape } from "../signals/encoder-layer-arrays.ts";
import type { JudgedCase } from "./run-cases.ts";
import { type Check, type Criterion, caseResult, finiteOrNull } from "./suite-result.ts";

// Rounding to nearest in bfloat16 errs by 2^-8 of the value at most and by 2^-9.2 as a root mean square.
const rounding = 2 ** -9.2;
/** Results that are rounded on the way: norm, q k v, p, attended, x1, norm, GELU, y. */
const layerRoundings = 8;
/** Before the layer: features, both convolutions. */
const frontRoundings = 3;

export const encoderLayerCriteria = criteriaOf(layerRoundings);
/** Of a layer behind the front: from sound on. */
export const encoderFrontCriteria = criteriaOf(layerRoundings + frontRoundings);

/**
 * Judges what a layer made of `x` against the layer in float64. `front`: what stands before the layer made its `x`, which is
 * this in float64.
 */
export function judgeEncoderLayer(name: string, { arrays, shape, actual, front }: LayerResult): JudgedCase {
  const reference = referenceOf(front ?? Float64Array.from(arrays.x.data), arrays, shape);
  const mostError = mostErrorOf(layerRoundings + (front === undefined ? 0 : frontRoundings));
  const { positions: rows, width: columns } = shape;
  const checks =
    actual.length === reference.length
      ? checksOf({ reference, actual, columns }, mostError)
      : [sizeCheck(reference, actual)];
  const result = caseResult({ name, group: "noise", origin: "generator", rows, columns, checks, facts: [] });
  return { result, evidence: { name, rows, columns, unit: "", reference, actual } };
}

function criteriaOf(roundings: number): readonly Criterion[] {
  const mostError = mostErrorOf(roundings);
  return [
    {
      name: "relative L2",
      worse: "higher",
      rule: `|error|₂ <= ${mostError.toFixed(4)} |reference|₂`,
      derivation: `${roundings} roundings to nearest in bfloat16, 2^-9.2 each as a root mean square, independent and with a gain of 1 at most; a rounding by floor adds up instead and exceeds it`,
    },
    {
      name: "cosine",
      worse: "lower",
      rule: `cosine >= ${(1 - mostError ** 2 / 2).toFixed(6)}`,
      derivation: "1 - e^2 / 2 for a relative error e of the limit above",
    },
    {
      name: "pearson",
      worse: "lower",
      rule: `pearson >= ${(1 - mostError ** 2 / 2).toFixed(6)}`,
      derivation: "as cosine, blind to an offset",
    },
    {
      name: "worst element",
      worse: "higher",
      rule: `|error| <= 2^-8 |reference| + 6 * ${mostError.toFixed(4)} rms(reference)`,
      derivation:
        "the last rounding, and six standard deviations of the independent ones before it: fewer than one in 10^8 normal errors is larger",
    },
  ];
}

function mostErrorOf(roundings: number): number {
  return rounding * Math.sqrt(roundings);
}

interface LayerResult {
  readonly arrays: EncoderLayerArrays;
  readonly shape: EncoderLayerShape;
  readonly actual: Float64Array;
  readonly front?: Float64Array | undefined;
}

function checksOf(
  { reference, actual, columns }: { reference: Float64Array; actual: Float64Array; columns: number },
  mostError: number,
): Check[] {
  const error = relativeL2(reference, actual);
  const [angle, r] = [cosine(reference, actual), pearson(reference, actual)];
  const least = 1 - mostError ** 2 / 2;
  const spread = 6 * mostError * rms(reference);
  const limit = (i: number) => 2 ** -8 * Math.abs(reference[i]!) + spread;
  const shares = actual.map((value, i) => Math.abs(value - reference[i]!) / limit(i));
  const { value: share, index } = maxAbsErr(new Float64Array(shares.length), shares);
  const place = `row ${Math.floor(index / columns)}, column ${index % columns}`;
  return [
    { criterion: "relative L2", pass: error <= mostError, value: finiteOrNull(error), detail: error.toExponential(3) },
    { criterion: "cosine", pass: angle >= least, value: finiteOrNull(angle), detail: angle.toFixed(8) },
    { criterion: "pearson", pass: r >= least, value: finiteOrNull(r), detail: r.toFixed(8) },
    {
      criterion: "worst element",
      pass: share <= 1,
      value: finiteOrNull(share),
      detail: `${share.toFixed(3)} of the limit at ${index} (${place}): expected ${reference[index]}, got ${actual[index]}`,
    },
  ];
}

function sizeCheck(reference: Float64Array, actual: Float64Array): Check {
  const detail = `${reference.length} elements expected, ${actual.length} found`;
  return { criterion: "worst element", pass: false, value: null, detail };
}

function referenceOf(x: Float64Array, { weights }: EncoderLayerArrays, shape: EncoderLayerShape): Float64Array {
  const of = ({ data }: { readonly data: Float32Array }) => Float64Array.from(data);
  const linear = (name: "qkv" | "out" | "fc1" | "fc2") => ({
    weights: of(weights[name].weights),
    bias: of(weights[name].bias),
  });
  const norm = (name: "ln1" | "ln2") => ({ gamma: of(weights[name].gamma), beta: of(weights[name].beta) });
  const all = {
    ln1: norm("ln1"),
    qkv: linear("qkv"),
    out: linear("out"),
    ln2: norm("ln2"),
    fc1: linear("fc1"),
    fc2: linear("fc2"),
  };
  return encoderLayerReference(x, all, shape);
}

function rms(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
