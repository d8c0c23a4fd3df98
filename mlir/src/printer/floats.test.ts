import { expect, test } from "vitest";
import { roundFloat } from "../ir/float-bits.ts";
import { floatText } from "./floats.ts";

/** What mlir-opt prints, as found in the tests of the LLVM project and by hand from APFloat::toString. */
test.each([
  [0, "f32", "0.000000e+00"],
  [-0, "f32", "-0.000000e+00"],
  [2.5, "bf16", "2.500000e+00"],
  [0.1, "f32", "1.000000e-01"],
  [1e10, "f32", "1.000000e+10"],
  [Math.PI, "f32", "3.14159274"],
  [Math.PI, "f64", "3.1415926535897931"],
  [1 / 3, "f32", "0.333333343"],
  [65504, "f16", "6.550400e+04"],
  [1e-7, "f32", "1.000000e-07"],
  [6.2, "f32", "6.1999998"],
  [4.7, "f32", "4.700000e+00"],
  [8.4, "f32", "8.39999961"],
  [-0.7, "f32", "-0.699999988"],
  [16777216, "f32", "0x4B800000"],
  [Number.POSITIVE_INFINITY, "f32", "0x7F800000"],
  [Number.NEGATIVE_INFINITY, "f16", "0xFC00"],
  [Number.NaN, "bf16", "0x7FC0"],
] as const)("%d as %s is written %s", (value, name, text) => {
  expect(floatText(value, { kind: "float", name })).toBe(text);
});

test("every finite f16 value is written so that it reads back", () => {
  for (let bits = 0; bits < 0x7c00; bits++) {
    const exponent = bits >> 10;
    const value = exponent === 0 ? (bits & 1023) * 2 ** -24 : (1024 + (bits & 1023)) * 2 ** (exponent - 25);

    const text = floatText(value, { kind: "float", name: "f16" });

    if (!text.startsWith("0x")) expect(roundFloat(Number(text), "f16")).toBe(value);
    else expect(Number(text)).toBe(bits);
  }
});
