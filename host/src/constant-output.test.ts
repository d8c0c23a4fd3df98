import { tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { constantOutputWarning } from "./constant-output.ts";

test("an output of one value everywhere is named with its value", () => {
  expect(constantOutputWarning("mel", tensor("i16", [2, 40]))).toMatch(/output mel: all 80 elements are 0;/);
  expect(constantOutputWarning("mel", tensor("f32", [3], Float32Array.of(2, 2, 2)))).toMatch(/all 3 elements are 2;/);
  // 0xc020 is -2.5.
  expect(constantOutputWarning("y", tensor("bf16", [2], Uint16Array.of(0xc020, 0xc020)))).toMatch(/are -2\.5;/);
});

test("one different element, or only one element, gives no warning", () => {
  expect(constantOutputWarning("mel", tensor("i16", [4], Int16Array.of(0, 0, 0, 1)))).toBeUndefined();
  expect(constantOutputWarning("argmax", tensor("i32", [1]))).toBeUndefined();
});
