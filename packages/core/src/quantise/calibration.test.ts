import { expect, test } from "vitest";
import { FormatError, UsageError } from "../errors.ts";
import { Calibration } from "./calibration.ts";

/** -1 to 1 in equal steps, none of them a multiple of a scale. */
const even = Float64Array.from({ length: 100_001 }, (_, i) => (i - 50_000) / 50_000);

function calibrated(values: ArrayLike<number>, percentile = 99.9) {
  const calibration = new Calibration({ percentile });
  calibration.observe("x", values);
  calibration.measure("x", values);
  return calibration.result().x!;
}

test("values spread evenly over the range lose what steps of 1/127 and 1/32767 of it lose: 48.1 and 96.3 dB", () => {
  const { min, max, count, int8, int16 } = calibrated(even, 100);

  expect([min, max, count]).toEqual([-1, 1, 100_001]);
  // Power 1/3, errors of step² / 12.
  expect(int8.sqnrDb).toBeCloseTo(10 * Math.log10(4 * 127 ** 2), 1);
  expect(int16.sqnrDb).toBeCloseTo(10 * Math.log10(4 * 32_767 ** 2), 0);
  expect(int8).toMatchObject({ from: "absMax", range: 1, saturated: 0 });
  expect(int8.scale).toBeCloseTo(1 / 127, 8);
});

test("a value 8 times beyond a million others: int8 gives it up, int16 keeps it", () => {
  const values = new Float64Array(1_000_000).map((_, i) => Math.sin(i));
  values[17] = 8;

  const { int8, int16, percentile } = calibrated(values);

  expect(percentile).toBeGreaterThan(0.99);
  expect(percentile).toBeLessThan(1.01);
  expect(int8).toMatchObject({ from: "percentile" });
  expect(int8.saturated).toBeGreaterThanOrEqual(1);
  expect(int16).toMatchObject({ from: "absMax", range: 8, saturated: 0 });
});

test("clips add up: two halves give what the whole gives", () => {
  const calibration = new Calibration({ percentile: 99.9 });
  const halves = [even.subarray(0, 30_000), even.subarray(30_000)];
  for (const half of halves) calibration.observe("x", half);
  for (const half of halves) calibration.measure("x", half);

  const { int8, ...rest } = calibration.result().x!;
  const whole = calibrated(even);
  expect(rest.count).toBe(whole.count);
  expect(int8.range).toBe(whole.int8.range);
  expect(int8.sqnrDb).toBeCloseTo(whole.int8.sqnrDb!, 6);
});

test("values that integers hold exactly lose nothing: null, not infinity, which JSON does not have", () => {
  expect(calibrated([127, -3, 0, 64], 100).int8).toMatchObject({ range: 127, scale: 1, sqnrDb: null });
});

test("what cannot be calibrated is refused by name", () => {
  const calibration = new Calibration({ percentile: 99 });

  expect(() => calibration.measure("fc1", [1])).toThrow(
    new UsageError("calibration: fc1: measured, but never observed"),
  );
  expect(() => calibration.observe("qkv", [1, Number.NaN])).toThrow(FormatError);
  expect(() => calibration.observe("qkv", [1, Number.NaN])).toThrow(/^qkv: calibration: activation 1 is NaN/);
  calibration.observe("out", [0, 0]);
  expect(() => calibration.measure("out", [0, 0])).toThrow(/^out: calibration: nothing but zeros/);
  expect(() => new Calibration({ percentile: 0 })).toThrow(UsageError);
});

test("a product that was measured on other activations than it was observed on is refused", () => {
  const calibration = new Calibration({ percentile: 99 });
  calibration.observe("x", [1, 2, 3]);

  expect(() => calibration.result()).toThrow("calibration: x: 3 activations were observed, 0 measured");
  calibration.measure("x", [1, 2]);
  expect(() => calibration.result()).toThrow("calibration: x: 3 activations were observed, 2 measured");
  expect(() => calibration.observe("x", [4])).toThrow(/x: observed after it was measured/);
});
