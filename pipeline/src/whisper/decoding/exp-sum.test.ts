import { expect, test } from "vitest";
import { expSum } from "./exp-sum.ts";

test("exp-sum: each term is Math.exp's to (4 + |x|) 2^-52, from 0 to -700", () => {
  for (let x = 0; x > -700; x -= 0.01237) {
    const error = Math.abs(expSum(Float64Array.of(x), 0, 1, 0) / Math.exp(x) - 1);
    if (!(error < (4 - x) * 2 ** -52)) expect(error, `exp(${x})`).toBe(0);
  }
});

test("exp-sum: -Infinity adds nothing, NaN shows, and what is outside the range is not read", () => {
  const values = Float64Array.of(Number.NaN, 2, Number.NEGATIVE_INFINITY, 2, Number.NaN);

  expect(expSum(values, 1, 4, 2)).toBe(2);
  expect(expSum(values, 1, 5, 2)).toBeNaN();
  expect(expSum(values, 2, 3, 0)).toBe(0);
});
