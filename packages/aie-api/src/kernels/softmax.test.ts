import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { bf16Noise, getBf16, issueCycles, putBf16, toBf16, toNumbers } from "./bf16-arrays.test-support.ts";
import { argumentsBase, buildPair } from "./kernel-pair.test-support.ts";

const [inAt, outAt, scratchAt] = [argumentsBase, argumentsBase + 16_384, argumentsBase + 32_768];
let kernel: TestKernel;

beforeAll(async () => {
  ({ kernel } = await buildPair({
    file: "kernels/softmax/softmax.cc",
    exports: ["softmax_rows_bf16"],
    reference: `#include "softmax/softmax_ref.h"
      extern "C" void softmax_rows_bf16_ref(const bfloat16 *in, bfloat16 *out, float *scratch, int rows, int pitch, int cols) {
        softmax::softmax_rows_bf16_ref(in, out, scratch, rows, pitch, cols); }`,
    referenceExports: ["softmax_rows_bf16_ref"],
  }));
}, startTimeoutMs);

function softmax(
  name: "softmax_rows_bf16" | "softmax_rows_bf16_ref",
  x: Uint16Array,
  rows: number,
  cols: number,
): Uint16Array {
  const pitch = x.length / rows;
  putBf16(kernel, inAt, x);
  kernel.call(name, inAt, outAt, scratchAt, rows, pitch, cols);
  return getBf16(kernel, outAt, x.length);
}

// softmax.cc: 2^-8 for the result's rounding on either side, 2^-12.9 before it.
const relative = 2 ** -7 + 2 ** -12;
const near = (got: number, expected: number): boolean => Math.abs(got - expected) <= relative * expected + 2 ** -100;

test.each([
  [1, 32, 1],
  [3, 64, 33],
  [2, 128, 127],
  [1, 1504, 1500],
  [4, 96, 96],
])("softmax_rows_bf16 is its scalar meaning within two roundings: %i rows of %i, %i used", (rows, pitch, cols) => {
  const x = bf16Noise(rows * pitch, cols, { width: 12 });
  const [got, expected] = ["softmax_rows_bf16", "softmax_rows_bf16_ref"].map((name) =>
    toNumbers(softmax(name as "softmax_rows_bf16", x, rows, cols)),
  ) as [number[], number[]];

  expect(got.every((v, i) => near(v, expected[i]!))).toBe(true);
  expect(got.every((v, i) => i % pitch < cols || v === 0)).toBe(true);
  for (let r = 0; r < rows; r++) {
    const sum = got.slice(r * pitch, (r + 1) * pitch).reduce((a, b) => a + b, 0);
    expect(Math.abs(sum - 1)).toBeLessThan(2 ** -8);
  }
});

test("what lies behind a row's end does not count, not even NaN", () => {
  const x = bf16Noise(64, 5);
  const dirty = x.slice();
  dirty.fill(0x7fc0, 40);

  expect(softmax("softmax_rows_bf16", dirty, 1, 40)).toEqual(softmax("softmax_rows_bf16", x, 1, 40));
});

test("-infinity gives 0; NaN, +infinity and a row of -infinity only give NaN throughout", () => {
  const of = (values: readonly number[]): number[] => {
    const row = new Uint16Array(32);
    row.set(toBf16(values));
    return toNumbers(softmax("softmax_rows_bf16", row, 1, values.length)).slice(0, values.length);
  };

  expect(of([-Infinity, 2, 2])).toEqual([0, 0.5, 0.5]);
  expect(of([1, NaN, 2])).toEqual([NaN, NaN, NaN]);
  expect(of([1, Infinity])).toEqual([NaN, NaN]);
  expect(of([-Infinity, -Infinity])).toEqual([NaN, NaN]);
  expect(of([-3e38, 3e38])).toEqual([0, 1]);
  expect(of([3e38, 3e38, 3e38, 3e38])).toEqual([0.25, 0.25, 0.25, 0.25]);
});

test("32 more columns cost 18 multiplier and 28 vector issues", () => {
  const x = bf16Noise(128, 9);
  const cost = (cols: number) => {
    issueCycles(kernel);
    softmax("softmax_rows_bf16", x, 1, cols);
    return issueCycles(kernel);
  };
  const [less, more] = [cost(96), cost(128)];

  expect([more.mac - less.mac, more.vector - less.vector]).toEqual([18, 28]);
});
