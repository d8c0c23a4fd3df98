import { ShapeError } from "@aiekit/core";
import { expect, test } from "vitest";
import { cosine, gain, pearson } from "./correlation.ts";

const frames = 40;
const bins = 16;
// Peaks that move over the bins from frame to frame: what a shift by one frame or one bin takes apart.
const features = Float64Array.from({ length: frames * bins }, (_, i) => {
  const [frame, bin] = [Math.floor(i / bins), i % bins];
  return -60 + 40 * Math.exp(-((bin - 8 - 6 * Math.sin(frame / 3)) ** 2) / 2);
});
const shifted = (by: number) => features.map((_, i) => features[Math.min(features.length - 1, Math.max(0, i + by))]!);
const swapped = features.map((_, i) => features[(i % frames) * bins + Math.floor(i / frames)] ?? -60);

test("pearson of 1, 2, 3 with 1, 3, 2 is ½, with itself 1, with its negative −1", () => {
  expect(pearson([1, 2, 3], [1, 3, 2])).toBeCloseTo(0.5, 12);
  expect(pearson(features, features)).toBe(1);
  expect(
    pearson(
      features,
      features.map((v) => -v),
    ),
  ).toBe(-1);
});

test("pearson falls below 0.999 for output shifted by one frame or by one bin, and for swapped axes", () => {
  expect(pearson(features, shifted(bins))).toBeLessThan(0.999);
  expect(pearson(features, shifted(1))).toBeLessThan(0.999);
  expect(pearson(features, swapped)).toBeLessThan(0.5);
});

test("pearson is blind to gain and offset, which is why it never stands alone", () => {
  expect(
    pearson(
      features,
      features.map((v) => 3 * v + 100),
    ),
  ).toBeCloseTo(1, 12);
});

test("pearson of constant, zero, empty or NaN output is NaN, so that no threshold accepts it", () => {
  const withNaN = features.map((v, i) => (i === 77 ? Number.NaN : v));
  for (const broken of [features.map(() => -42), new Float64Array(features.length), withNaN]) {
    expect(pearson(features, broken)).toBeNaN();
    expect(pearson(features, broken) > 0.999).toBe(false);
  }
  expect(pearson([], [])).toBeNaN();
});

test("truncated output is refused by pearson, cosine and gain", () => {
  const truncated = features.subarray(0, features.length - bins);
  expect(() => pearson(features, truncated)).toThrow(ShapeError);
  expect(() => cosine(features, truncated)).toThrow(ShapeError);
  expect(() => gain(features, truncated)).toThrow(/640 values as in the reference, got 624/);
});

test("cosine of 1, 0 with 1, 1 is √½; it sees an offset that pearson does not", () => {
  expect(cosine([1, 0], [1, 1])).toBeCloseTo(Math.SQRT1_2, 12);
  expect(
    cosine(
      features,
      features.map((v) => v + 60),
    ),
  ).toBeLessThan(0.9);
  expect(cosine(features, new Float64Array(features.length))).toBeNaN();
  expect(
    cosine(
      features,
      features.map((v, i) => (i === 3 ? Number.NaN : v)),
    ),
  ).toBeNaN();
});

test("gain is 2 for doubled output, 0 for zeros, NaN for a silent reference", () => {
  expect(
    gain(
      features,
      features.map((v) => 2 * v),
    ),
  ).toBeCloseTo(2, 12);
  expect(gain(features, new Float64Array(features.length))).toBe(0);
  expect(gain(new Float64Array(3), [1, 2, 3])).toBeNaN();
});
