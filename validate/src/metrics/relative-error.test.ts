import { expect, test } from "vitest";
import { relativeL2 } from "./relative-error.ts";

test("equal is 0, twice the reference is 1, a constant factor of 1.01 is 0.01", () => {
  const reference = [3, -4, 12];

  expect(relativeL2(reference, reference)).toBe(0);
  expect(relativeL2(reference, [6, -8, 24])).toBe(1);
  expect(relativeL2(reference, [3.03, -4.04, 12.12])).toBeCloseTo(0.01, 12);
});

test("an error of 5 on a length of 13 is 5/13", () => {
  expect(relativeL2([3, -4, 12], [3, -4, 17])).toBeCloseTo(5 / 13, 12);
});

test("no number passes a limit when a side is not finite or the reference is zero", () => {
  expect(relativeL2([1, 2], [1, Number.NaN]) < 1).toBe(false);
  expect(relativeL2([0, 0], [0, 0]) < 1).toBe(false);
  expect(() => relativeL2([1], [1, 2])).toThrow(/relativeL2/);
});
