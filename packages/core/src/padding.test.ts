import { expect, test } from "vitest";
import { cropped, padded } from "./padding.ts";

test("i16[2, 3] in a buffer of [3, 4]: rows of three, then a zero, then a row of zeros", () => {
  const arg = { dtype: "i16", shape: [2, 3], padded: [3, 4] } as const;
  const array = Int16Array.of(1, 2, 3, 4, 5, 6);

  const buffer = padded(new Uint8Array(array.buffer), arg);

  expect([...new Int16Array(buffer.buffer)]).toEqual([1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0, 0]);
  expect([...new Int16Array(cropped(buffer, arg).buffer)]).toEqual([...array]);
});

test("three dimensions, padded in the middle one only", () => {
  const arg = { dtype: "i8", shape: [2, 1, 2], padded: [2, 3, 2] } as const;

  const buffer = padded(Uint8Array.of(1, 2, 3, 4), arg);

  expect([...buffer]).toEqual([1, 2, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0]);
  expect([...cropped(buffer, arg)]).toEqual([1, 2, 3, 4]);
});

test("cropping drops what the device wrote into the padding", () => {
  const arg = { dtype: "u8", shape: [1, 2], padded: [2, 3] } as const;

  expect([...cropped(Uint8Array.of(1, 2, 9, 9, 9, 9), arg)]).toEqual([1, 2]);
});

test("a margin of one row before: the array begins in the second row of the buffer", () => {
  const arg = { dtype: "u8", shape: [2, 2], padded: [4, 3], margin: { before: 1, after: 1 } } as const;

  const buffer = padded(Uint8Array.of(1, 2, 3, 4), arg);

  expect([...buffer]).toEqual([0, 0, 0, 1, 2, 0, 3, 4, 0, 0, 0, 0]);
  expect([...cropped(buffer, arg)]).toEqual([1, 2, 3, 4]);
});

test("without padding the bytes are those of the caller", () => {
  const bytes = Uint8Array.of(1, 2, 3);

  expect(padded(bytes, { dtype: "u8", shape: [3] })).toBe(bytes);
  expect(cropped(bytes, { dtype: "u8", shape: [3] })).toBe(bytes);
});
