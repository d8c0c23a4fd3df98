import { expect, test } from "vitest";
import { decodeBd } from "./bd-registers.ts";

const sizesAndStrides = (fields: ReturnType<typeof decodeBd>) => fields.dims.map((d) => [d.size, d.strideWords]);

test("shim BD of mlir-aie for sizes [2, 4, 16, 8], strides [4096, 128, 256, 1]", () => {
  // Words that aie-opt wrote for the conformance design memcpy-nd-rank4-i32.
  const words = [512, 0, 0, 8388608, -2130706177, 33554559, 1052671, 33554432];

  const fields = decodeBd("shim", words);

  expect(fields).toMatchObject({
    valid: true,
    lengthWords: 512,
    iteration: { size: 2, strideWords: 4096, current: 0 },
  });
  // The outermost dimension has no size of its own: the length ends it.
  expect(sizesAndStrides(fields)).toEqual([
    [8, 1],
    [16, 256],
    [1, 128],
  ]);
});

test("a linear shim BD has no dimensions, locks or next BD", () => {
  const fields = decodeBd("shim", [1024, 0, 0, 0, -2147483648, 33554432, 0, 33554432]);

  expect(fields).toMatchObject({ valid: true, lengthWords: 1024, dims: [], acquire: undefined, release: undefined });
  expect(fields.nextBd).toBeUndefined();
});

test("a BD whose valid bit is not set is not valid", () => {
  expect(decodeBd("shim", [1024, 0, 0, 0, 0, 0, 0, 0]).valid).toBe(false);
  expect(decodeBd("memtile", new Array(8).fill(0)).valid).toBe(false);
  expect(decodeBd("computeTile", new Array(6).fill(0)).valid).toBe(false);
});

test("memtile BD: address, wraps, zero padding, locks and next BD stand in their fields", () => {
  const words = [
    280, // length
    2 ** 26 * 2 + 2 ** 20 * 5 + 2 ** 19 + 192, // 2 zeros before each row, next BD 5, address
    2 ** 17 * 16, // rows of 16, stride 1
    2 ** 27 * 1 + 2 ** 17 * 12 + 15, // 1 row of zeros before, 12 rows, stride 16
    0,
    2 ** 23 * 1 + 2 ** 17 * 2, // 1 row of zeros after, 2 zeros after each row
    0,
    2 ** 31 + 2 ** 24 * 1 + 2 ** 16 * 65 + 2 ** 15 + 2 ** 8 * 127 + 64, // release lock 65 by 1, acquire lock 64 >= 1
  ];

  const fields = decodeBd("memtile", words);

  expect(fields).toMatchObject({
    valid: true,
    baseWords: 192,
    lengthWords: 280,
    nextBd: 5,
    acquire: { id: 64, equal: false, amount: 1 },
    release: { id: 65, amount: 1 },
  });
  expect(fields.dims[0]).toEqual({ size: 16, strideWords: 1, before: 2, after: 2 });
  expect(fields.dims[1]).toEqual({ size: 12, strideWords: 16, before: 1, after: 1 });
});

test("compute tile BD: 14-bit address and length, 13-bit strides, 8-bit wraps", () => {
  const words = [
    2 ** 14 * 256 + 64,
    2 ** 30 + 2 ** 19 * 3, // packet id 3
    2 ** 13 * 15 + 0, // strides: d1 16, d0 1
    2 ** 21 * 4 + 2 ** 13 * 8 + 99, // sizes: d1 4, d0 8; stride of d2 100
    0,
    2 ** 25 + 2 ** 18 * 1 + 2 ** 13 * 2 + 2 ** 12 + 2 ** 5 * 3 + 1, // release lock 2 by 1, acquire lock 1 = 3
  ];

  const fields = decodeBd("computeTile", words);

  expect(fields).toMatchObject({
    valid: true,
    baseWords: 256,
    lengthWords: 64,
    packet: { id: 3, type: 0 },
    acquire: { id: 1, equal: true, amount: 3 },
    release: { id: 2, amount: 1 },
  });
  expect(sizesAndStrides(fields)).toEqual([
    [8, 1],
    [4, 16],
    [1, 100],
  ]);
});
