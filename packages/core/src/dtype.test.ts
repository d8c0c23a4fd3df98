import { expect, test } from "vitest";
import { dtypeBytes, viewAs } from "./dtype.ts";
import { ShapeError } from "./errors.ts";
import { tensor } from "./tensor.ts";

test("viewAs shares memory where it is aligned and copies where it is not", () => {
  const bytes = Uint8Array.of(0, 1, 0, 2, 0, 3, 0, 4);

  const shared = viewAs("u16", bytes.subarray(2, 6));
  const copied = viewAs("u16", bytes.subarray(1, 5));
  bytes[2] = 9;

  expect([...shared]).toEqual([0x0209, 0x0300]);
  expect([...copied]).toEqual([1, 2]);
});

test("a size that is no whole number of elements is a ShapeError", () => {
  expect(() => viewAs("i32", new Uint8Array(6))).toThrow(ShapeError);
  expect(() => tensor("i16", [2, 3], new Int16Array(5))).toThrow(/expected 6 elements, got 5/);
});

test("bf16 takes two bytes", () => {
  expect(dtypeBytes("bf16")).toBe(2);
});
