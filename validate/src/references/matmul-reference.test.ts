import { Matrix } from "ml-matrix";
import { expect, test } from "vitest";
import { createRandom } from "../signals/random.ts";
import { productReference, requantisedReference } from "./matmul-reference.ts";

test("the product is ml-matrix's", () => {
  const random = createRandom(3);
  const [m, k, n] = [5, 7, 3];
  const [a, b] = [m * k, k * n].map((size) => Float64Array.from({ length: size }, () => random.normal()));

  const { sums } = productReference(a!, b!, { m, k, n });

  const expected = Matrix.from1DArray(m, k, a!)
    .mmul(Matrix.from1DArray(k, n, b!))
    .to1DArray();
  for (const [i, value] of expected.entries()) expect(sums[i]).toBeCloseTo(value, 12);
});

// By hand: shift 1 halves, so odd sums are ties.
test.each([
  [1, 0],
  [3, 2],
  [5, 2],
  [-1, 0],
  [-3, -2],
  [-5, -2],
  [4, 2],
  [255, 127],
  [-300, -128],
])("%i / 2 to int8, ties to even, is %i", (sum, expected) => {
  const by = { bias: 0, multiplier: 1, shift: 1, residual: 0, bits: 8 };

  expect(requantisedReference(sum, by) + 0).toBe(expected);
});

test("the residual is added behind the rounding, before the cut", () => {
  const by = { bias: 2, multiplier: 3, shift: 2, residual: -100, bits: 8 };

  expect(requantisedReference(258, by)).toBe(95);
  expect(requantisedReference(2 ** 31 - 3, { ...by, multiplier: 2 ** 31 - 1, shift: 0 })).toBe(127);
});
