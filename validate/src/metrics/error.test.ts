import { ShapeError } from "@aiekit/core";
import { expect, test } from "vitest";
import { maxAbsErr, maxErrWithin, meanSignedErr } from "./error.ts";

// A clip with a maximum of −10 dB and a part that is 80 dB below it.
const reference = Float64Array.from({ length: 100 }, (_, i) => (i < 50 ? -10 - i : -90));
const changed = (index: number, value: number) => reference.map((v, i) => (i === index ? value : v));

test("maxAbsErr is the largest difference, with its index and both values", () => {
  expect(maxAbsErr(reference, changed(7, -12))).toEqual({
    value: 5,
    index: 7,
    reference: -17,
    actual: -12,
    compared: 100,
  });
  expect(maxAbsErr(reference, reference).value).toBe(0);
});

test("a NaN or infinite value is an infinite error at its index, wherever it is", () => {
  expect(maxAbsErr(reference, changed(60, Number.NaN))).toMatchObject({ value: Number.POSITIVE_INFINITY, index: 60 });
  expect(maxErrWithin(reference, changed(60, Number.NaN), 60)).toMatchObject({
    value: Number.POSITIVE_INFINITY,
    index: 60,
  });
  expect(maxErrWithin(reference, changed(2, Number.NEGATIVE_INFINITY), 60).value).toBe(Number.POSITIVE_INFINITY);
});

test("maxErrWithin 60 dB sees an error 59 dB down and not one 80 dB down", () => {
  expect(maxErrWithin(reference, changed(49, -58), 60)).toMatchObject({ value: 1, index: 49, compared: 50 });
  expect(maxErrWithin(reference, changed(80, -70), 60).value).toBe(0);
  expect(maxErrWithin(reference, changed(80, -70), 90).value).toBe(20);
});

test("maxErrWithin sees a gain of 1 dB, a shift by one frame, zeros and a constant", () => {
  expect(
    maxErrWithin(
      reference,
      reference.map((v) => v + 1),
      60,
    ).value,
  ).toBeCloseTo(1, 12);
  expect(
    maxErrWithin(
      reference,
      reference.map((_, i) => reference[i + 1] ?? -90),
      60,
    ).value,
  ).toBeGreaterThanOrEqual(1);
  expect(maxErrWithin(reference, new Float64Array(100), 60).value).toBe(59);
  expect(maxErrWithin(reference, new Float64Array(100).fill(-30), 60).value).toBe(29);
});

test("meanSignedErr of a one-sided error of 0.2 dB is 0.2, of a two-sided one 0", () => {
  expect(
    meanSignedErr(
      reference,
      reference.map((v) => v - 0.2),
    ),
  ).toBeCloseTo(-0.2, 12);
  expect(
    meanSignedErr(
      reference,
      reference.map((v, i) => v + (i % 2 === 0 ? 0.2 : -0.2)),
    ),
  ).toBeCloseTo(0, 12);
});

test("meanSignedErr within 60 dB leaves the quiet part out; NaN stays NaN", () => {
  expect(
    meanSignedErr(
      reference,
      reference.map((v, i) => (i < 50 ? v : v + 10)),
      60,
    ),
  ).toBe(0);
  expect(meanSignedErr(reference, changed(3, Number.NaN), 60)).toBeNaN();
});

test("output of another length is refused; nothing compared is NaN, not 0", () => {
  expect(() => maxAbsErr(reference, reference.subarray(1))).toThrow(ShapeError);
  expect(() => maxErrWithin(reference, reference.subarray(1), 60)).toThrow(ShapeError);
  expect(() => meanSignedErr(reference, reference.subarray(1))).toThrow(ShapeError);
  expect(maxAbsErr([], [])).toMatchObject({ value: Number.NaN, index: -1, compared: 0 });
});
