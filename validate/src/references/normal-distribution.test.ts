import { expect, test } from "vitest";
import { geluReference, normalDistribution } from "./normal-distribution.ts";

// Φ by its tables. Source: Abramowitz and Stegun, table 26.1; tails from table 26.2.
test.each([
  [0, 0.5],
  [1, 0.841344746068543],
  [2, 0.977249868051821],
  [-1, 0.158655253931457],
  [-3, 1.34989803163009e-3],
  [-5, 2.86651571879194e-7],
  [-10, 7.61985302416053e-24],
])("Φ(%f) is %f, relative error below 1e-13", (x, expected) => {
  expect(Math.abs(normalDistribution(x) / expected - 1)).toBeLessThan(1e-13);
});

test("series and fraction meet at 3, on both sides to 1e-12", () => {
  const [below, above] = [normalDistribution(-3 + 1e-13), normalDistribution(-3)];

  expect(Math.abs(below / above - 1)).toBeLessThan(1e-12);
});

test("gelu: 0 at -infinity, its argument at infinity, NaN for NaN, x - gelu(-x) elsewhere", () => {
  expect(geluReference(Number.NEGATIVE_INFINITY)).toBe(-0);
  expect(geluReference(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  expect(geluReference(Number.NaN)).toBeNaN();
  for (const x of [0.1, 1, 2.5, 4]) expect(geluReference(x)).toBeCloseTo(x + geluReference(-x), 14);
});
