import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { bf16Noise, getBf16, issueCycles, putBf16, toNumbers } from "./bf16-arrays.test-support.ts";
import { argumentsBase, buildPair } from "./kernel-pair.test-support.ts";

const [xAt, gammaAt, betaAt, yAt] = [0, 16_384, 24_576, 32_768].map((at) => argumentsBase + at) as [
  number,
  number,
  number,
  number,
];
const floatBits = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0]!;
const epsilon = 1e-5;
let kernel: TestKernel;

beforeAll(async () => {
  ({ kernel } = await buildPair({
    file: "kernels/layernorm/layernorm.cc",
    exports: ["layernorm_rows_bf16"],
    reference: `#include "layernorm/layernorm_ref.h"
      extern "C" void layernorm_rows_bf16_ref(const bfloat16 *x, const bfloat16 *gamma, const bfloat16 *beta, bfloat16 *y, int rows, int pitch,
          int cols, int per_column, int epsilon) {
        layernorm::layernorm_rows_bf16_ref(x, gamma, beta, y, rows, pitch, cols, per_column, epsilon); }`,
    referenceExports: ["layernorm_rows_bf16_ref"],
  }));
}, startTimeoutMs);

interface Rows {
  readonly x: Uint16Array;
  readonly gamma: Uint16Array;
  readonly beta: Uint16Array;
  readonly cols: number;
}

function layernorm(name: "layernorm_rows_bf16" | "layernorm_rows_bf16_ref", { x, gamma, beta, cols }: Rows): number[] {
  const pitch = gamma.length;
  putBf16(kernel, xAt, x);
  putBf16(kernel, gammaAt, gamma);
  putBf16(kernel, betaAt, beta);
  kernel.call(name, xAt, gammaAt, betaAt, yAt, x.length / pitch, pitch, cols, floatBits(1 / cols), floatBits(epsilon));
  return toNumbers(getBf16(kernel, yAt, x.length));
}

/** Rows whose padding is zeros, as a host makes them. */
function rowsOf(
  rows: number,
  pitch: number,
  cols: number,
  noise: { readonly mean: number; readonly width: number },
): Rows {
  const clear = (bits: Uint16Array): Uint16Array => bits.map((v, i) => (i % pitch < cols ? v : 0));
  return {
    x: clear(bf16Noise(rows * pitch, cols, noise)),
    gamma: clear(bf16Noise(pitch, 2, { mean: 1, width: 0.5 })),
    beta: clear(bf16Noise(pitch, 3, { width: 0.5 })),
    cols,
  };
}

test.each([
  [1, 32, 1, { mean: 3, width: 1 }],
  [2, 64, 33, { mean: 0, width: 4 }],
  [3, 384, 384, { mean: 0.5, width: 2 }],
  [2, 512, 511, { mean: 100, width: 10 }],
  [1, 1280, 1280, { mean: 0, width: 2 ** 40 }],
  [1, 384, 384, { mean: 0, width: 2 ** -40 }],
])(
  "layernorm_rows_bf16 is its scalar meaning within the stated error: %i rows of %i, %i used, %o",
  (rows, pitch, cols, noise) => {
    const input = rowsOf(rows, pitch, cols, noise);
    const [got, expected] = [layernorm("layernorm_rows_bf16", input), layernorm("layernorm_rows_bf16_ref", input)];
    const [x, gamma] = [input.x, input.gamma].map(toNumbers) as [number[], number[]];

    for (let r = 0; r < rows; r++) {
      const row = x.slice(r * pitch, r * pitch + cols);
      const mean = row.reduce((a, b) => a + b, 0) / cols;
      const s = Math.sqrt(row.reduce((a, b) => a + (b - mean) ** 2, 0) / cols + epsilon);
      const most = Math.max(...row.map(Math.abs));
      for (let c = 0; c < cols; c++) {
        const y = expected[r * pitch + c]!;
        // layernorm.cc; both sides are rounded to bfloat16.
        const bound =
          2 ** -7 * Math.abs(y) +
          Math.abs(gamma[c]!) * (2 ** -13 * Math.abs((row[c]! - mean) / s) + ((cols / 32 + 16) * 2 ** -24 * most) / s);
        expect(Math.abs(got[r * pitch + c]! - y), `row ${r} column ${c}`).toBeLessThanOrEqual(bound + 2 ** -100);
      }
      expect(got.slice(r * pitch + cols, (r + 1) * pitch).every((v) => v === 0)).toBe(true);
    }
  },
);

test("a row with NaN or infinity is NaN, its neighbours are not", () => {
  const input = rowsOf(3, 64, 64, { mean: 0, width: 1 });
  input.x[5] = 0x7fc0;
  input.x[64 + 7] = 0x7f80;
  const y = layernorm("layernorm_rows_bf16", input);

  expect(y.slice(0, 128).every(Number.isNaN)).toBe(true);
  expect(y.slice(128).every(Number.isFinite)).toBe(true);
});

test("32 more columns cost 28 multiplier issues", () => {
  const cost = (cols: number) => {
    issueCycles(kernel);
    layernorm("layernorm_rows_bf16", rowsOf(1, cols, cols, { mean: 0, width: 1 }));
    return issueCycles(kernel);
  };
  const [less, more] = [cost(96), cost(128)];

  expect(more.mac - less.mac).toBe(28);
  expect(more.vector - less.vector).toBeLessThan(28);
});
