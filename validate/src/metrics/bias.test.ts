import { expect, test } from "vitest";
import { bias } from "./bias.ts";

const values = Float64Array.from({ length: 1000 }, (_, i) => (i - 499.5) / (4 * Math.sqrt(3)));
const to = (round: (x: number) => number) => values.map((x) => round(16 * x) / 16);

test("flooring to 1/16 lowers values by 1/32 on average, whatever their sign", () => {
  const meanMagnitude = values.reduce((sum, x) => sum + Math.abs(x), 0) / values.length;

  const { towardsInfinity, magnitude, belowZero } = bias(values, to(Math.floor));

  expect(towardsInfinity).toBeCloseTo(-1 / 32 / meanMagnitude, 4);
  expect(magnitude).toBeCloseTo(0, 4);
  expect(belowZero).toBe(1);
});

test("truncation makes magnitudes smaller and has no side", () => {
  const { towardsInfinity, magnitude, belowZero } = bias(values, to(Math.trunc));

  expect(towardsInfinity).toBeCloseTo(0, 6);
  expect(magnitude).toBeLessThan(-5e-4);
  expect(belowZero).toBeCloseTo(0.5, 2);
});

test("rounding to nearest has neither, and a third of the error of flooring squared", () => {
  const nearest = bias(values, to(Math.round));

  expect(Math.abs(nearest.towardsInfinity)).toBeLessThan(2e-5);
  expect(Math.abs(nearest.magnitude)).toBeLessThan(2e-5);
  expect(nearest.rms).toBeCloseTo(bias(values, to(Math.floor)).rms / 2, 4);
});

test("values that are not finite are left out; nothing left is NaN", () => {
  expect(bias([1, Number.NaN, 2], [1.5, 1, Number.POSITIVE_INFINITY])).toMatchObject({
    compared: 1,
    towardsInfinity: 0.5,
  });
  expect(bias([], []).rms).toBeNaN();
});
