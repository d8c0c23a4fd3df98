import { ShapeError } from "@aiekit/core";
import { expect, test } from "vitest";
import { checkOutput, liveBins } from "./liveness.ts";

const shape = { frames: 30, bins: 80, floorDb: -100 };
const alive = Float64Array.from({ length: 30 * 80 }, (_, i) => -50 + 10 * Math.sin(i * 0.37));
const withBins = (dead: (bin: number) => boolean, value: (v: number) => number) =>
  alive.map((v, i) => (dead(i % 80) ? value(v) : v));

test("80 of 80 bins that vary above the floor are alive", () => {
  expect(liveBins(alive, shape)).toEqual({ live: 80, dead: [] });
});

test("bins at the floor are dead: every second low band, as floored edges leave them, gives 57 of 80", () => {
  const snapped = withBins(
    (bin) => bin < 46 && bin % 2 === 0,
    () => -100,
  );

  expect(liveBins(snapped, shape).live).toBe(57);
});

test("a front end with 35 live bins of 80 is told apart, and the dead ones are named", () => {
  const { live, dead } = liveBins(
    withBins(
      (bin) => bin >= 35,
      () => -100,
    ),
    shape,
  );

  expect(live).toBe(35);
  expect(dead).toEqual(Array.from({ length: 45 }, (_, i) => 35 + i));
});

test("a loud bin that never changes is dead", () => {
  expect(
    liveBins(
      withBins(
        (bin) => bin === 12,
        () => -30,
      ),
      shape,
    ).dead,
  ).toEqual([12]);
});

test("a bin that flickers within 1 dB of the floor is dead", () => {
  expect(
    liveBins(
      withBins(
        (bin) => bin === 5,
        (v) => -100 + (v > -50 ? 0.9 : 0),
      ),
      shape,
    ).dead,
  ).toEqual([5]);
});

test("a bin with one NaN or one infinite value is dead", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const broken = alive.map((v, i) => (i === 80 * 4 + 9 ? value : v));
    expect(liveBins(broken, shape).dead).toEqual([9]);
  }
});

test("a bin that varies only below the floor is dead", () => {
  expect(
    liveBins(
      withBins(
        (bin) => bin === 7,
        (v) => v - 70,
      ),
      shape,
    ).dead,
  ).toEqual([7]);
});

test("truncated features are refused", () => {
  expect(() => liveBins(alive.subarray(80), shape)).toThrow(ShapeError);
});

test("checkOutput refuses zeros, a constant, NaN, infinity, a wrong length and nothing at all", () => {
  expect(checkOutput(alive, 2400)).toEqual({ ok: true, reason: "" });
  expect(checkOutput(new Int16Array(2400), 2400)).toEqual({ ok: false, reason: "all 2400 values are 0" });
  expect(checkOutput(new Int16Array(2400).fill(-7), 2400).reason).toBe("all 2400 values are -7");
  expect(
    checkOutput(
      alive.map((v, i) => (i === 9 ? Number.NaN : v)),
      2400,
    ).reason,
  ).toBe("value at index 9 is NaN");
  expect(checkOutput([1, Number.POSITIVE_INFINITY], 2).ok).toBe(false);
  expect(checkOutput(alive, 2480).reason).toBe("expected 2480 values, got 2400");
  expect(checkOutput([], 0).ok).toBe(false);
});
