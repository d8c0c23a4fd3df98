import { bf16ToFloat, floatToBf16 } from "@aiekit/core";
import { expect, test } from "vitest";
import { encoderLayerReference } from "../references/encoder-layer-reference.ts";
import { type EncoderLayerShape, encoderLayerNoise } from "../signals/encoder-layer-arrays.ts";
import { encoderFrontCriteria, judgeEncoderLayer } from "./encoder-layer-judge.ts";

const shape: EncoderLayerShape = { positions: 24, width: 64, heads: 2, ffn: 128 };
const arrays = encoderLayerNoise(shape, 1);
const f64 = ({ data }: { readonly data: Float32Array }) => Float64Array.from(data);
const f64Weights = () => {
  const { ln1, qkv, out, ln2, fc1, fc2 } = arrays.weights;
  const norm = (n: typeof ln1) => ({ gamma: f64(n.gamma), beta: f64(n.beta) });
  const linear = (l: typeof qkv) => ({ weights: f64(l.weights), bias: f64(l.bias) });
  return { ln1: norm(ln1), qkv: linear(qkv), out: linear(out), ln2: norm(ln2), fc1: linear(fc1), fc2: linear(fc2) };
};
type Weights = ReturnType<typeof f64Weights>;

/** The layer with something changed, its result rounded to bfloat16. */
function layer(change: (weights: Weights) => void = () => {}, heads = shape.heads): Float64Array {
  const weights = f64Weights();
  change(weights);
  return encoderLayerReference(f64(arrays.x), weights, { ...shape, heads }).map((v) => bf16ToFloat(floatToBf16(v)));
}
const judge = (actual: Float64Array) => judgeEncoderLayer("layer", { arrays, shape, actual }).result;
const failed = (actual: Float64Array) =>
  judge(actual)
    .checks.filter((check) => !check.pass)
    .map((c) => c.criterion);

test("the right layer, rounded once, passes with an error of one rounding: 2^-9.2", () => {
  const { pass, checks } = judge(layer());

  expect(pass).toBe(true);
  expect(checks[0]!.value).toBeGreaterThan(2 ** -10);
  expect(checks[0]!.value).toBeLessThan(2 ** -8.8);
});

test.each<[string, () => Float64Array]>([
  ["a bias that is left out", () => layer((w) => w.fc2.bias.fill(0))],
  ["gamma and beta swapped", () => layer((w) => Object.assign(w.ln2, { gamma: w.ln2.beta, beta: w.ln2.gamma }))],
  ["one head in place of two", () => layer(() => {}, 1)],
  ["queries and keys swapped with values", () => layer((w) => w.qkv.weights.reverse())],
  ["weights of out transposed", () => layer((w) => w.out.weights.set(transposed(w.out.weights)))],
  ["the input not added", () => layer().map((v, i) => v - arrays.x.data[i]!)],
  ["rows shifted by one", () => rotated(layer(), shape.width)],
  ["columns shifted by one", () => rotated(layer(), 1)],
  ["zeros", () => new Float64Array(shape.positions * shape.width)],
  ["2 % too large", () => layer().map((v) => 1.02 * v)],
])("%s fails the relative error", (_, damaged) => {
  expect(failed(damaged())).toContain("relative L2");
});

test("behind a front the layer is held against the front's hidden state in float64, not against its own input", () => {
  const front = Float64Array.from(arrays.x.data, (v) => 1.01 * v);
  const actual = encoderLayerReference(front, f64Weights(), shape);
  const judged = (given?: Float64Array) => judgeEncoderLayer("layer", { arrays, shape, actual, front: given }).result;

  expect(judged(front).pass).toBe(true);
  expect(judged().pass).toBe(false);
  expect(encoderFrontCriteria[0]!.rule).toContain("0.0056");
});

test("one wrong element of 1,536 is found where it is; the averages do not see it", () => {
  const actual = layer();
  actual[130]! += 0.5;

  expect(failed(actual)).toContain("worst element");
  expect(judge(actual).checks.at(-1)!.detail).toMatch(/at 130 \(row 2, column 2\)/);
});

test("NaN in one element, and too few elements, fail", () => {
  const actual = layer();
  actual[7] = Number.NaN;

  expect(failed(actual)).toEqual(["relative L2", "cosine", "pearson", "worst element"]);
  expect(failed(layer().subarray(1))).toEqual(["worst element"]);
});

function rotated(values: Float64Array, by: number): Float64Array {
  return Float64Array.of(...values.subarray(by), ...values.subarray(0, by));
}

function transposed(matrix: Float64Array): Float64Array {
  const size = Math.sqrt(matrix.length);
  return matrix.map((_, i) => matrix[(i % size) * size + Math.floor(i / size)]!);
}
