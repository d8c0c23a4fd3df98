import { expect, test } from "vitest";
import { tensor } from "../tensor.ts";
import { int8Weights } from "./int8-weights.ts";
import { productError } from "./product-error.ts";

const f32 = (shape: readonly number[], values: readonly number[]) => tensor("f32", shape, Float32Array.from(values));
/** Every value is a whole number of steps for a range of 127 and a largest weight of 127. */
const weights = f32([2, 2], [127, -1, 3, 127]);
const exact = { activations: f32([1, 2], [5, -127]), weights, quantised: int8Weights("w", weights), range: 127 };

test("integers of whole steps lose nothing: 8 bits, weights and activations up to 127", () => {
  expect(productError("w", { ...exact, bits: 8 })).toMatchObject({ sqnrDb: null, maxAbsErr: 0, saturated: 0 });
});

test("half a step of an activation is kept by 16 bits and lost by 8: 2.5 becomes 2, times 127", () => {
  const half = { ...exact, activations: f32([1, 2], [2.5, 0]) };

  expect(productError("w", { ...half, bits: 8 })).toMatchObject({ maxAbsErr: 0.5 * 127, at: "[0, 0]" });
  expect(productError("w", { ...half, bits: 16 }).maxAbsErr).toBeLessThan(127 * (127 / 32767));
});

test("what is beyond the range saturates and is counted", () => {
  const { saturated, maxAbsErr } = productError("w", { ...exact, range: 63.5, bits: 8 });

  expect(saturated).toBe(1);
  expect(maxAbsErr).toBe(63.5 * 127);
});

test("activations of another length are refused", () => {
  expect(() => productError("fc1", { ...exact, activations: f32([1, 3], [1, 2, 3]), bits: 8 })).toThrow(
    "fc1: activations of 3 inputs: expected weights f32[3, 2], got f32[2, 2]",
  );
});
