import fc from "fast-check";
import { expect, test } from "vitest";
import { absMaxObserver, percentileObserver, RangeTable } from "./activation-range.ts";

const values = fc.array(
  fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.integer({ min: -20, max: 20 })).map(([m, e]) => m * 2 ** e),
  { minLength: 1, maxLength: 300 },
);

test("absmax is the largest magnitude of all clips, whatever their order", () => {
  const observer = absMaxObserver();

  observer.observe([0.5, -3]);
  observer.observe([2]);

  expect(observer.range()).toBe(3);
});

test("99 % of 1 to 1000 lie below 990: the observer is within a bin, 1/2048 of the largest", () => {
  const observer = percentileObserver(99);
  observer.observe(Array.from({ length: 1000 }, (_, i) => (i % 2 ? -1 : 1) * (i + 1)));

  expect(observer.range()).toBeGreaterThanOrEqual(990);
  expect(observer.range()).toBeLessThanOrEqual(990 + 1000 / 2048 + 1e-9);
});

test("one outlier of a million moves absmax a thousandfold and the 99.9th percentile not at all", () => {
  const [absMax, percentile] = [absMaxObserver(), percentileObserver(99.9)];
  const clip = Float32Array.from({ length: 1_000_000 }, (_, i) => (i === 77 ? 1000 : 1));
  for (const observer of [absMax, percentile]) observer.observe(clip);

  expect(absMax.range()).toBe(1000);
  expect(percentile.range()).toBeLessThanOrEqual(1 + 1000 / 2048);
});

test("the smallest magnitude that there is, then the largest, end in the largest", () => {
  const observer = percentileObserver(100);
  observer.observe([Number.MIN_VALUE, Number.MAX_VALUE]);

  expect(observer.range()).toBe(Number.MAX_VALUE);
});

test("a percentile covers its share of the values, exceeds the exact one by a bin at most, and 100 % is absmax", () => {
  fc.assert(
    fc.property(values, fc.double({ min: 1, max: 100, noNaN: true }), (clip, percentile) => {
      const magnitudes = clip.map(Math.abs).sort((a, b) => a - b);
      const most = magnitudes.at(-1)!;
      fc.pre(most > 0);
      const [part, whole] = [percentileObserver(percentile), percentileObserver(100)];
      for (const observer of [part, whole]) observer.observe(clip);
      const exact = magnitudes[Math.max(0, Math.ceil((percentile / 100) * clip.length) - 1)]!;

      expect(whole.range()).toBe(most);
      fc.pre(exact > 0);
      expect(part.range()).toBeGreaterThanOrEqual(exact);
      expect(part.range()).toBeLessThanOrEqual(exact + most / 1024);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("the table keeps layers apart, and says which of them had no number, no clip or only zeros", () => {
  const table = new RangeTable();
  table.observe("fc1", [1, -2]);
  table.observe("fc1", [-5]);
  table.observe("fc2", [0]);

  expect(table.range("fc1")).toBe(5);
  expect(() => table.observe("fc1", [1, Number.NaN])).toThrow(
    "fc1: calibration: activation 1 is NaN, expected a number",
  );
  expect(() => table.range("qkv")).toThrow("calibration: nothing was observed for qkv");
  expect(() => table.range("fc2")).toThrow("nothing but zeros was observed");
  expect(() => percentileObserver(0)).toThrow("expected a percentile above 0, at most 100, got 0");
});
