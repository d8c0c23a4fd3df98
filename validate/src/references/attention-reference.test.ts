import { expect, test } from "vitest";
import { attentionReference, type HeadRows } from "./attention-reference.ts";

/** A matrix of its own with so many columns. */
const rows = (pitch: number, ...data: number[]): HeadRows => ({ data: Float64Array.from(data), offset: 0, pitch });

const sizes = { heads: 1, queries: 2, keys: 2, width: 1, causal: false };

test("scores of 0 and ln 3 weigh the values 1 to 3", () => {
  const [q, k, v] = [rows(1, 1, 0), rows(1, 0, Math.log(3)), rows(1, 4, 8)];

  const { values, magnitudes } = attentionReference({ q, k, v }, sizes);

  expect(values[0]).toBeCloseTo(7, 12);
  expect(values[1]).toBeCloseTo(6, 12);
  expect([...magnitudes]).toEqual([...values]);
});

test("causal: the first of two queries sees the first key only", () => {
  const [q, k, v] = [rows(1, 1, 0), rows(1, 0, Math.log(3)), rows(1, 4, 8)];

  expect(attentionReference({ q, k, v }, { ...sizes, causal: true }).values[0]).toBe(4);
});

test("heads stand side by side in a row and do not see each other", () => {
  const { values } = attentionReference(
    { q: rows(2, 5, -5), k: rows(2, 1, 2), v: rows(2, 10, 20) },
    { heads: 2, queries: 1, keys: 1, width: 1, causal: false },
  );

  expect([...values]).toEqual([10, 20]);
});
