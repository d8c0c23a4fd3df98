import { expect, test } from "vitest";
import { bf16ToFloat } from "../bf16.ts";
import { ShapeError } from "../errors.ts";
import { tensor } from "../tensor.ts";
import { bf16Conv1dArrays } from "./conv1d-arrays.ts";

const bias = tensor("f32", [2], Float32Array.of(1.5, -2));

test("weights [2 outputs, 2 inputs, 3 taps] become [3 taps, 2 inputs, 2 outputs]", () => {
  // Output, input and tap are the digits.
  const values = Float32Array.of(111, 112, 113, 121, 122, 123, 211, 212, 213, 221, 222, 223);

  const { weights, channels } = bf16Conv1dArrays("conv1", { weights: tensor("f32", [2, 2, 3], values), bias });

  expect(weights.shape).toEqual([3, 2, 2]);
  expect([...weights.data].map(bf16ToFloat)).toEqual([111, 211, 121, 221, 112, 212, 122, 222, 113, 213, 123, 223]);
  expect([...channels.data]).toEqual([0x3fc00000, 0xc0000000 | 0, 0, 0, 0, 0, 0, 0]);
});

test("a matrix, a bias of another length and a weight that is not finite are refused by name", () => {
  const damaged = tensor("f32", [2, 2, 3]);
  damaged.data[7] = Number.NaN;

  expect(() => bf16Conv1dArrays("conv1", { weights: tensor("f32", [2, 6]), bias })).toThrow(
    new ShapeError("conv1: expected weights [outputs, inputs, taps], got f32[2, 6]"),
  );
  expect(() => bf16Conv1dArrays("conv1", { weights: tensor("f32", [3, 2, 3]), bias })).toThrow(
    "conv1: bias: expected f32[3], got f32[2]",
  );
  expect(() => bf16Conv1dArrays("conv1", { weights: damaged, bias })).toThrow("conv1: weight [1, 0, 1] is NaN");
});
