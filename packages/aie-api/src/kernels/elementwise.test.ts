import { bf16ToFloat } from "@aiekit/core";
import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { bf16Noise, getBf16, issueCycles, putBf16 } from "./bf16-arrays.test-support.ts";
import { argumentsBase, buildPair } from "./kernel-pair.test-support.ts";

const elements = 1024;
const [aAt, bAt, outAt] = [argumentsBase, argumentsBase + 4_096, argumentsBase + 8_192];
let gelu: TestKernel;
let add: TestKernel;

beforeAll(async () => {
  ({ kernel: gelu } = await buildPair({
    file: "kernels/gelu/gelu.cc",
    exports: ["gelu_bf16"],
    reference: `#include "gelu/gelu_ref.h"
      extern "C" void gelu_bf16_ref(const bfloat16 *in, bfloat16 *out, int n) { gelu::gelu_bf16_ref(in, out, n); }`,
    referenceExports: ["gelu_bf16_ref"],
  }));
  ({ kernel: add } = await buildPair({
    file: "kernels/add/add.cc",
    exports: ["add_bf16"],
    reference: `#include "add/add_ref.h"
      extern "C" void add_bf16_ref(const bfloat16 *a, const bfloat16 *b, bfloat16 *out, int n) { add::add_bf16_ref(a, b, out, n); }`,
    referenceExports: ["add_bf16_ref"],
  }));
}, startTimeoutMs);

function geluOf(name: "gelu_bf16" | "gelu_bf16_ref", x: Uint16Array): Uint16Array {
  putBf16(gelu, aAt, x);
  gelu.call(name, aAt, outAt, x.length);
  return getBf16(gelu, outAt, x.length);
}

function sumOf(name: "add_bf16" | "add_bf16_ref", a: Uint16Array, b: Uint16Array): Uint16Array {
  putBf16(add, aAt, a);
  putBf16(add, bAt, b);
  add.call(name, aAt, bAt, outAt, a.length);
  return getBf16(add, outAt, a.length);
}

const magnitudeOrder = (bits: number): number => (bits & 0x8000 ? -(bits & 0x7fff) : bits);

test("gelu_bf16 is its scalar meaning or the neighbouring number, for every finite number from -8 on", () => {
  let [differ, compared] = [0, 0];
  for (let first = 0; first < 65_536; first += elements) {
    const x = Uint16Array.from({ length: elements }, (_, i) => first + i);
    const [got, expected] = [geluOf("gelu_bf16", x), geluOf("gelu_bf16_ref", x)];
    for (let i = 0; i < elements; i++) {
      const value = bf16ToFloat(x[i]!);
      if (!(value >= -8 && value < Infinity) || Math.abs(value) < 2 ** -100) continue;
      compared++;
      const ulps = Math.abs(magnitudeOrder(got[i]!) - magnitudeOrder(expected[i]!));
      expect(ulps, `gelu(${value})`).toBeLessThanOrEqual(1);
      differ += ulps;
    }
  }

  expect(compared).toBeGreaterThan(40_000);
  // A float off by 2^-13 lies on the other side of the middle of two neighbours, which are 2^-7 or 2^-8 apart, in 1 of 32 cases.
  expect(differ / compared).toBeLessThan(1 / 32);
});

test("gelu_bf16 takes 48 vector issues for 32 elements: 46 of gelu, one to widen, one to narrow", () => {
  const x = bf16Noise(elements, 3);
  geluOf("gelu_bf16", x.subarray(0, 32));
  issueCycles(gelu);
  geluOf("gelu_bf16", x.subarray(0, 32));
  const one = issueCycles(gelu);
  geluOf("gelu_bf16", x.subarray(0, 64));
  const two = issueCycles(gelu);

  expect(two.vector - one.vector).toBe(48);
  expect(two.mac - one.mac).toBe(42);
});

test("add_bf16 equals its scalar meaning bit for bit: 65,536 pairs of any bits, NaN apart", () => {
  for (let first = 0; first < 65_536; first += elements) {
    const a = Uint16Array.from({ length: elements }, (_, i) => first + i);
    const b = Uint16Array.from({ length: elements }, (_, i) => (Math.imul(first + i, 40_503) >>> 3) & 0xffff);
    const canonical = (bits: Uint16Array): Uint16Array => bits.map((v) => ((v & 0x7fff) > 0x7f80 ? 0x7fc0 : v));

    expect(canonical(sumOf("add_bf16", a, b))).toEqual(canonical(sumOf("add_bf16_ref", a, b)));
  }
});
