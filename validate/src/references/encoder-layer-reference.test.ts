import { expect, test } from "vitest";
import { type EncoderLayerReferenceWeights, encoderLayerReference } from "./encoder-layer-reference.ts";
import { geluReference } from "./normal-distribution.ts";

const width = 2;
const zeros = (inputs: number, outputs: number) => ({
  weights: new Float64Array(inputs * outputs),
  bias: new Float64Array(outputs),
});
const norm = () => ({ gamma: Float64Array.of(1, 1), beta: new Float64Array(width) });
/** A layer that adds nothing to what comes in. */
const silent = (): EncoderLayerReferenceWeights => ({
  ln1: norm(),
  qkv: zeros(width, 3 * width),
  out: zeros(width, width),
  ln2: norm(),
  fc1: zeros(width, 1),
  fc2: zeros(1, width),
});
const identity = Float64Array.of(1, 0, 0, 1);
const x = Float64Array.of(3, 5, -1, 1, 10, 4);
const run = (weights: EncoderLayerReferenceWeights, heads = 1) =>
  Array.from(encoderLayerReference(x, weights, { positions: 3, heads }));
const close = (found: readonly number[], expected: readonly number[]) =>
  expected.forEach((value, i) => {
    expect(found[i], `element ${i}`).toBeCloseTo(value, 9);
  });

test("a layer of zeros passes its input on; biases of out and fc2 are added to every row", () => {
  const weights = silent();
  weights.out.bias.set([1, 2]);
  weights.fc2.bias.set([0.5, 0]);

  expect(run(silent())).toEqual([...x]);
  expect(run(weights)).toEqual([4.5, 7, 0.5, 3, 11.5, 6]);
});

test("without queries and keys every position gets the mean of the values: of signs after the norm, (-1, 1, 1) is 1/3 off", () => {
  const weights = silent();
  // Values are the normalised rows: (-1, 1), (-1, 1), (1, -1) but for the epsilon in the root.
  weights.qkv.weights.set([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
  weights.out.weights.set(identity);
  const rows = [1, 1, 9].map((variance) => Math.sqrt(variance / (variance + 1e-5)));
  const mean = (-rows[0]! - rows[1]! + rows[2]!) / 3;

  close(run(weights), [3 + mean, 5 - mean, -1 + mean, 1 - mean, 10 + mean, 4 - mean]);
});

test("a feed-forward part of GELU(100) adds 100 times its column, of GELU(0) nothing", () => {
  const weights = silent();
  weights.fc1.bias.set([100]);
  weights.fc2.weights.set([1, -2]);

  close(run(weights), [103, -195, 99, -199, 110, -196]);
  weights.fc1.bias.set([0]);
  close(run(weights), [...x]);
});

test("the observer is shown what each product multiplies: the products of what it saw add up to the result", () => {
  const weights = silent();
  const numbers = (count: number, from: number) => Float64Array.from({ length: count }, (_, i) => Math.sin(from + i));
  weights.qkv.weights.set(numbers(12, 1));
  weights.out.weights.set(numbers(4, 20));
  weights.fc1.weights.set(numbers(2, 30));
  weights.fc2.weights.set(numbers(2, 40));
  const seen = new Map<string, Float64Array>();

  const y = encoderLayerReference(x, weights, { positions: 3, heads: 1 }, (name, input) => seen.set(name, input));

  const times = (name: "out" | "fc1" | "fc2", outputs: number) => {
    const [input, by] = [seen.get(name)!, weights[name].weights];
    const inputs = input.length / 3;
    return Array.from({ length: 3 * outputs }, (_, at) =>
      Array.from(
        { length: inputs },
        (_, i) => input[Math.floor(at / outputs) * inputs + i]! * by[i * outputs + (at % outputs)]!,
      ).reduce((sum, term) => sum + term, 0),
    );
  };
  expect([...seen.keys()]).toEqual(["qkv", "out", "fc1", "fc2"]);
  const [out, fc2] = [times("out", 2), times("fc2", 2)];
  close(
    [...y],
    Array.from(x, (value, i) => value + out[i]! + fc2[i]!),
  );
  close([...seen.get("fc2")!], times("fc1", 1).map(geluReference));
  // What qkv gets is normalised: rows of two are -1 and 1.
  expect(Array.from(seen.get("qkv")!, Math.round)).toEqual([-1, 1, -1, 1, 1, -1]);
});

test("heads look at their own columns: two heads of equal columns differ from one of both", () => {
  const weights = silent();
  weights.qkv.weights.set([1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1]);
  weights.out.weights.set(identity);
  const one = run(weights, 1);
  const two = run(weights, 2);

  // Rows are (-1, 1) or (1, -1): scores of one head of both columns are 2 / sqrt(2), of a head of one column 1.
  const share = (score: number) => (2 * Math.exp(score) - Math.exp(-score)) / (2 * Math.exp(score) + Math.exp(-score));
  expect(one[0]! - x[0]!).toBeCloseTo(-share(Math.SQRT2), 4);
  expect(two[0]! - x[0]!).toBeCloseTo(-share(1), 4);
});
