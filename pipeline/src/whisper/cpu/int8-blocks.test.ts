import { expect, test } from "vitest";
import { seededArray } from "../seeded-model.test-support.ts";
import { blockWeights } from "./int8-blocks.ts";

test("int8 blocks: each weight is within half a step of its block, and the largest is one of 127 steps", () => {
  const [outputs, inputs, block] = [3, 40, 16];
  const { data } = seededArray("weights", [outputs, inputs], 2);
  data[41] = -7;

  const { codes, scales } = blockWeights(data, { outputs, inputs, block });

  expect([codes.length, scales.length]).toEqual([3 * 3 * 16, 9]);
  data.forEach((weight, i) => {
    const [row, column] = [Math.floor(i / inputs), i % inputs];
    const scale = scales[row * 3 + Math.floor(column / block)]!;
    const value = (codes[row * 48 + column]! - 128) * scale;
    expect(Math.abs(value - weight)).toBeLessThanOrEqual((scale / 2) * (1 + 2 ** -20));
  });
  expect(codes[48 + 1]).toBe(1);
  expect(scales[3]).toBeCloseTo(7 / 127, 8);
  // What fills the last block is 0.
  expect([...codes.subarray(40, 48)]).toEqual(new Array(8).fill(128));
});

test("int8 blocks: zeros have scale 0 and code 128", () => {
  expect(blockWeights(new Float32Array(4), { outputs: 1, inputs: 4, block: 4 })).toEqual({
    codes: new Uint8Array(4).fill(128),
    scales: new Float32Array(1),
  });
});
