import { expect, test } from "vitest";
import { conv1dReference } from "./conv1d-reference.ts";

const sizes = { frames: 4, inputs: 1, outputs: 1, taps: 3, zeros: 1 } as const;

test("1 2 3 4 with taps 100 10 1: by hand, stride 1 and 2", () => {
  const arrays = { x: [1, 2, 3, 4], weights: [100, 10, 1], bias: [0] };

  expect([...conv1dReference(arrays, { ...sizes, stride: 1 }).sums]).toEqual([12, 123, 234, 340]);
  expect([...conv1dReference(arrays, { ...sizes, stride: 2 }).sums]).toEqual([12, 234]);
});

test("five frames at stride 2 are three positions, the last of which has zeros behind it", () => {
  const arrays = { x: [1, 2, 3, 4, 5], weights: [100, 10, 1], bias: [1000] };

  const { sums, positions } = conv1dReference(arrays, { ...sizes, frames: 5, stride: 2 });

  expect(positions).toBe(3);
  expect([...sums]).toEqual([1012, 1234, 1450]);
});

test("two inputs and two outputs: weights are [output, input, tap]", () => {
  const weights = [0, 1, 0, 0, 10, 0, 0, 0, 2, 20, 0, 0];
  const arrays = { x: [1, 2, 3, 4], weights, bias: [0, 0] };

  // Output 0: x0 + 10 x1 of the same frame. Output 1: 2 x0 of the next frame + 20 x1 of the one before.
  const { sums, magnitudes } = conv1dReference(arrays, { ...sizes, frames: 2, inputs: 2, outputs: 2, stride: 1 });

  expect([...sums]).toEqual([21, 6, 43, 40]);
  expect([...magnitudes]).toEqual([21, 6, 43, 40]);
});
