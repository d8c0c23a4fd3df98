import { expect, test } from "vitest";
import { bf16ToFloat } from "../bf16.ts";
import { tensor } from "../tensor.ts";
import { bf16GemvArrays, int8GemvArrays } from "./gemv-arrays.ts";
import { int8Weights } from "./int8-weights.ts";

const [outputs, inputs] = [7, 12];
const f32 = (shape: readonly number[], values: readonly number[]) => tensor("f32", shape, Float32Array.from(values));
const weights = f32(
  [outputs, inputs],
  Array.from({ length: outputs * inputs }, (_, i) => Math.sin(i * i) * (1 + Math.floor(i / inputs))),
);
const transposed = f32(
  [inputs, outputs],
  Array.from(weights.data, (_, i) => weights.data[(i % outputs) * inputs + Math.floor(i / outputs)]!),
);
const bias = f32(
  [outputs],
  Array.from({ length: outputs }, (_, i) => i - 3),
);

test("int8: the same values and scales as for the matrix the other way round, in the order of the rows", () => {
  const { w, channels } = int8GemvArrays("layer", { weights, bias });
  const other = int8Weights("layer", transposed);

  expect(w.shape).toEqual([outputs, inputs]);
  expect(Array.from(w.data)).toEqual(
    Array.from(w.data, (_, i) => other.values.data[(i % inputs) * outputs + Math.floor(i / inputs)]),
  );
  expect(channels.shape).toEqual([2, outputs]);
  expect(Array.from(channels.data)).toEqual([...bias.data, ...other.scales.data]);
});

test("bfloat16: weights rounded once, and the bias; zeros where there is none", () => {
  const { w, channels } = bf16GemvArrays("layer", { weights });

  for (const [i, bits] of (w.data as Uint16Array).entries()) {
    expect(Math.abs(bf16ToFloat(bits) - weights.data[i]!)).toBeLessThanOrEqual(2 ** -8 * Math.abs(weights.data[i]!));
  }
  expect([channels.shape, Array.from(channels.data)]).toEqual([[1, outputs], Array(outputs).fill(0)]);
});

test("a weight that is no number, a row of zeros and a bias of another length are refused by name", () => {
  const changed = (at: number, value: number) =>
    f32(
      [2, 2],
      [1, 2, 3, 4].map((v, i) => (i === at ? value : v)),
    );

  expect(() => int8GemvArrays("head", { weights: changed(3, Number.NaN) })).toThrow(/head: weight \[1, 1\] is NaN/);
  expect(() => bf16GemvArrays("head", { weights: changed(1, Number.POSITIVE_INFINITY) })).toThrow(
    /head: weight \[0, 1\] is Infinity/,
  );
  expect(() => int8GemvArrays("head", { weights: f32([2, 2], [0, 0, 1, 1]) })).toThrow(/head: output 0 has only zeros/);
  expect(() => int8GemvArrays("head", { weights: changed(0, 1), bias })).toThrow(
    /head: bias: expected f32\[2\], got f32\[7\]/,
  );
  expect(() => int8GemvArrays("head", { weights: bias })).toThrow(/head: expected a matrix/);
});
