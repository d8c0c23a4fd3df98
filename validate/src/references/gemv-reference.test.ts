import { expect, test } from "vitest";
import { gemvReference } from "./gemv-reference.ts";

test("result [i, j] is the sum over row i of x and row j of w", () => {
  const x = [1, 2, 3, -1, 0, 1];
  const w = [1, 1, 1, 2, 0, -2, 0, 0, 5, 1, -1, 1];

  const { sums, magnitudes } = gemvReference(x, w, { m: 2, k: 3, n: 4 });

  expect([...sums]).toEqual([6, -4, 15, 2, 0, -4, 5, 0]);
  expect([...magnitudes]).toEqual([6, 8, 15, 6, 2, 4, 5, 2]);
});

test("it is matmul's product with a transposed matrix: columns of the identity are the columns of w", () => {
  const k = 5;
  const w = Array.from({ length: 3 * k }, (_, i) => Math.sin(i));
  const identity = Array.from({ length: k * k }, (_, i) => (i % (k + 1) === 0 ? 1 : 0));

  const { sums } = gemvReference(identity, w, { m: k, k, n: 3 });

  for (let i = 0; i < k; i++) {
    for (let j = 0; j < 3; j++) expect(sums[i * 3 + j]).toBe(w[j * k + i]);
  }
});
