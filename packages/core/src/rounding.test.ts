import fc from "fast-check";
import { expect, test } from "vitest";
import { type RoundingMode, roundingModes, saturate, shiftRound } from "./rounding.ts";

// The modes by their definition on real numbers, for values that float64 holds exactly.
const byDefinition: Record<RoundingMode, (x: number) => number> = {
  floor: Math.floor,
  ceil: Math.ceil,
  symmetric_floor: Math.trunc,
  symmetric_ceil: (x) => Math.sign(x) * Math.ceil(Math.abs(x)),
  negative_inf: (x) => Math.ceil(x - 0.5),
  positive_inf: (x) => Math.floor(x + 0.5),
  symmetric_zero: (x) => Math.sign(x) * Math.ceil(Math.abs(x) - 0.5),
  symmetric_inf: (x) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5),
  conv_even: (x) => nearest(x, 0),
  conv_odd: (x) => nearest(x, 1),
};

function nearest(x: number, tieParity: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return Math.abs(low % 2) === tieParity ? low : low + 1;
}

test.each(Object.keys(roundingModes) as RoundingMode[])(
  "shiftRound %s agrees with its definition on the reals",
  (mode) => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), fc.integer({ min: 0, max: 12 }), (value, shift) => {
        const expected = byDefinition[mode](value / 2 ** shift);
        expect(Number(shiftRound(BigInt(value), shift, mode))).toBe(expected + 0);
      }),
      { seed: 1, numRuns: 2000 },
    );
  },
);

test("shiftRound sends -2.5 where each mode says", () => {
  const result = Object.keys(roundingModes).map((mode) => Number(shiftRound(-5n, 1, mode as RoundingMode)));

  expect(result).toEqual([-3, -2, -2, -3, -3, -2, -2, -3, -2, -3]);
});

test("saturate wraps without saturation, clamps with it, and keeps symmetric ranges symmetric", () => {
  expect(saturate(40000n, 16, true, "none")).toBe(-25536n);
  expect(saturate(40000n, 16, true, "saturate")).toBe(32767n);
  expect(saturate(-40000n, 16, true, "saturate")).toBe(-32768n);
  expect(saturate(-40000n, 16, true, "symmetric")).toBe(-32767n);
  expect(saturate(-1n, 8, false, "saturate")).toBe(0n);
  expect(saturate(-1n, 8, false, "none")).toBe(255n);
});
