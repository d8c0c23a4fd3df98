import { expect, test } from "vitest";
import { summarize } from "./statistics.ts";

test("median and p95 of 1 to 100 in any order are 50.5 and 95", () => {
  const values = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1);

  expect(summarize(values)).toEqual({ n: 100, median: 50.5, p95: 95 });
});

test("of one value both are that value; of none there is no summary", () => {
  expect(summarize([3])).toEqual({ n: 1, median: 3, p95: 3 });
  expect(() => summarize([])).toThrow(RangeError);
});

test("numbers are sorted as numbers: the median of 9, 10, 100 is 10", () => {
  expect(summarize([100, 9, 10]).median).toBe(10);
});
