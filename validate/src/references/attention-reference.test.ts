import { expect, test } from "vitest";
import { attentionReference } from "./attention-reference.ts";

const sizes = { heads: 1, queries: 2, keys: 2, width: 1, causal: false };

test("scores of 0 and ln 3 weigh the values 1 to 3", () => {
  const [q, k, v] = [Float64Array.of(1, 0), Float64Array.of(0, Math.log(3)), Float64Array.of(4, 8)];

  const { y, magnitudes } = attentionReference({ q, k, v }, sizes);

  expect(y[0]).toBeCloseTo(7, 12);
  expect(y[1]).toBeCloseTo(6, 12);
  expect([...magnitudes]).toEqual([...y]);
});

test("causal: the first of two queries sees the first key only", () => {
  const [q, k, v] = [Float64Array.of(1, 0), Float64Array.of(0, Math.log(3)), Float64Array.of(4, 8)];

  expect(attentionReference({ q, k, v }, { ...sizes, causal: true }).y[0]).toBe(4);
});

test("heads stand side by side in a row and do not see each other", () => {
  const row = (a: number, b: number) => Float64Array.of(a, b);

  const { y } = attentionReference(
    { q: row(5, -5), k: row(1, 2), v: row(10, 20) },
    { heads: 2, queries: 1, keys: 1, width: 1, causal: false },
  );

  expect([...y]).toEqual([10, 20]);
});
