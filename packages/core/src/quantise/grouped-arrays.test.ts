import { expect, test } from "vitest";
import { tensor } from "../tensor.ts";
import { groupedMatmulArrays } from "./grouped-arrays.ts";
import { int8Weights } from "./int8-weights.ts";

const noise = (inputs: number, outputs: number) =>
  tensor(
    "f32",
    [inputs, outputs],
    Float32Array.from({ length: inputs * outputs }, (_, i) => Math.sin(1 + i) * (1 + (i % 9))),
  );
const bias = tensor("f32", [2], Float32Array.of(1.5, -2));

test("rows are the bias and a scale for each group, times what a step of the activations is", () => {
  const weights = int8Weights("w", noise(256, 2), { groupSize: 128 });

  const { b, channels } = groupedMatmulArrays("w", { weights, bias, inputScale: 0.25 });

  expect(b).toBe(weights.values);
  expect(channels.shape).toEqual([3, 2]);
  expect([...channels.data]).toEqual([1.5, -2, ...Array.from(weights.scales.data, (scale) => scale * 0.25)]);
});

test("for integers out both are in steps of the result", () => {
  const weights = int8Weights("w", noise(64, 2));

  const { channels } = groupedMatmulArrays("w", { weights, bias, inputScale: 0.25, outputScale: 0.5 });

  expect([...channels.data]).toEqual([3, -4, ...Array.from(weights.scales.data, (scale) => scale * 0.5)]);
});

test.each([
  [
    "other groups",
    int8Weights("w", noise(256, 2), { groupSize: 64 }),
    1,
    /w: weights in groups of 64: the matmul kernel takes groups of 128/,
  ],
  ["one scale for more than a group", int8Weights("w", noise(256, 2)), 1, /weights in groups of 256/],
  ["a scale that is no number", int8Weights("w", noise(64, 2)), Number.NaN, /expected scales above 0/],
  [
    "a scale that is too small",
    int8Weights("w", noise(64, 2)),
    2 ** -110,
    /group 0 of column 0 has the scale .*: expected 2\^-100 to 2\^100/,
  ],
] as const)("%s: refused", (_what, weights, inputScale, message) => {
  expect(() => groupedMatmulArrays("w", { weights, bias, inputScale })).toThrow(message);
});
