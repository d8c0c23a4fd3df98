import { expect, test } from "vitest";
import { arrayRuns, cropInto, cropped, padded, padInto } from "./padding.ts";

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

test("what was in a buffer before is overwritten, with zeros where the array is not", () => {
  const arg = { dtype: "u8", shape: [2, 2], padded: [4, 3], margin: { before: 1, after: 1 } } as const;
  const buffer = new Uint8Array(12).fill(9);

  padInto(buffer, Uint8Array.of(1, 2, 3, 4), arg);

  expect([...buffer]).toEqual([0, 0, 0, 1, 2, 0, 3, 4, 0, 0, 0, 0]);
  const array = new Uint8Array(4);
  cropInto(array, buffer, arg);
  expect([...array]).toEqual([1, 2, 3, 4]);
});

test.each([
  ["no padding", { shape: [2, 3] }, [[0, 0, 12]]],
  ["rows behind", { shape: [2, 3], padded: [4, 3] }, [[0, 0, 12]]],
  ["rows before", { shape: [2, 3], padded: [4, 3], margin: { before: 2, after: 0 } }, [[0, 12, 12]]],
  [
    "columns",
    { shape: [2, 3], padded: [2, 4] },
    [
      [0, 0, 6],
      [6, 8, 6],
    ],
  ],
  [
    "the middle of three",
    { shape: [2, 1, 3], padded: [2, 2, 3] },
    [
      [0, 0, 6],
      [6, 12, 6],
    ],
  ],
  [
    "the outer two of three",
    { shape: [2, 2, 3], padded: [3, 4, 3] },
    [
      [0, 0, 12],
      [12, 24, 12],
    ],
  ],
  ["one axis", { shape: [3], padded: [8] }, [[0, 0, 6]]],
  ["a scalar", { shape: [] }, [[0, 0, 2]]],
  ["nothing", { shape: [0, 3], padded: [2, 3] }, []],
] as const)("bytes that lie together are one piece: %s", (_, layout, expected) => {
  const runs = [...arrayRuns({ dtype: "i16", ...layout })];

  expect(runs.map(({ inner, outer, sizeBytes }) => [inner, outer, sizeBytes])).toEqual(expected);
});
