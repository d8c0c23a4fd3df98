import { UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { compressedTimes } from "./compressed-times.ts";

const ranges = [
  { startSeconds: 1, endSeconds: 3 },
  { startSeconds: 5, endSeconds: 6 },
];

test("compressed times: by hand, at the seam the end of the first range or the begin of the second", () => {
  const times = compressedTimes(ranges);

  expect(times.seconds).toBe(3);
  expect([0, 1.5, 2.5, 3].map((t) => times.toOriginal(t))).toEqual([1, 2.5, 5.5, 6]);
  expect([times.toOriginal(2), times.toOriginal(2, "end"), times.toOriginal(9)]).toEqual([5, 3, 6]);
  expect([0.5, 2, 4, 5.5, 9].map((t) => times.toCompressed(t))).toEqual([0, 1, 2, 2.5, 3]);
});

test("compressed times: a time of speech comes back from the cut recording", () => {
  const times = compressedTimes(ranges);

  for (const t of [1, 1.25, 2.999, 5, 5.75]) expect(times.toOriginal(times.toCompressed(t))).toBeCloseTo(t, 12);
  expect(compressedTimes([]).toCompressed(4)).toBe(0);
  expect(() => compressedTimes([...ranges].reverse())).toThrow(UsageError);
});
