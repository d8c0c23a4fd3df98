import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { argumentsBase, seededRandom } from "./kernel-pair.test-support.ts";
import { buildMatmulKernel } from "./matmul-kernel.test-support.ts";

const [m, k, n] = [32, 16, 32];
const aAt = argumentsBase;
const bAt = aAt + 2 * m * k;
const sumsAt = bAt + 2 * k * n;
const byAt = sumsAt + 4 * m * n;
const outAt = byAt + 16 * n;

const kernels = new Map<number, TestKernel>();
const archs = [20, 21] as const;
const rOf = (arch: number): number => (arch === 20 ? 4 : 8);

beforeAll(async () => {
  for (const arch of archs) {
    const kernel = await buildMatmulKernel({
      ...{ arch, type: "bf16xi8", out: "bfloat16", tile: { m, k, n }, takesResidual: false },
      reference: `extern "C" void channels_ref(const int8_t *b, int32_t *by) { matmul_ref::channels<int8_t, 8, 4, ${n}>(b, by); }`,
      referenceExports: ["channels_ref"],
    });
    kernels.set(arch, kernel);
  }
}, 4 * startTimeoutMs);

const random = seededRandom(31);
/** Bits of bfloat16 numbers with exponents from 2^-8 to 2^7 and either sign. */
const anyBf16 = (): number =>
  (Math.floor(random() * 2) << 15) | ((119 + Math.floor(random() * 16)) << 7) | Math.floor(random() * 128);
const bf16Value = (bits: number): number => new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
const blockedAt = (i: number, j: number, columns: number, height: number, width: number): number =>
  (Math.floor(i / height) * (columns / width) + Math.floor(j / width)) * height * width +
  (i % height) * width +
  (j % width);

test.each(archs)("AIE %i: two steps are within K 2^-24 sum |a b| of the float64 product, for every int8", (arch) => {
  const kernel = kernels.get(arch)!;
  const a = Uint16Array.from({ length: m * k }, anyBf16);
  const b = Int8Array.from({ length: k * n }, (_, i) => (i % 256) - 128);
  new Uint16Array(kernel.memory.buffer, aAt, m * k).set(a);
  new Int8Array(kernel.memory.buffer, bAt, k * n).set(b);

  for (const step of [0, 1]) kernel.call("matmul_step_bf16xi8", aAt, bAt, sumsAt, step);

  const sums = new Float32Array(kernel.memory.buffer, sumsAt, m * n);
  let worst = 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const products = Array.from({ length: k }, (_, x) => {
        return bf16Value(a[blockedAt(i, x, k, rOf(arch), 8)]!) * b[blockedAt(x, j, n, 8, 4)]!;
      });
      const exact = 2 * products.reduce((sum, p) => sum + p, 0);
      const bound = 2 * k * 2 ** -24 * 2 * products.reduce((sum, p) => sum + Math.abs(p), 0);
      worst = Math.max(worst, Math.abs(sums[blockedAt(i, j, n, rOf(arch), 4)]! - exact) / bound);
    }
  }
  expect(worst).toBeLessThanOrEqual(1);
  expect(sums.some((v) => v !== 0)).toBe(true);
});

test.each(archs)("AIE %i: words of the columns are read where the blocks of b put their bytes", (arch) => {
  const kernel = kernels.get(arch)!;
  // Four rows of n words fill 4 * 4 = 16 rows of n int8: one object of b.
  new Int8Array(kernel.memory.buffer, bAt, k * n).set(Int8Array.from({ length: k * n }, () => random() * 256 - 128));

  const words = ["matmul_channels_bf16xi8", "channels_ref"].map((entry) => {
    kernel.call(entry, bAt, byAt);
    return new Int32Array(kernel.memory.buffer, byAt, 4 * n).slice();
  });

  expect(words[0]).toEqual(words[1]);
  expect(new Set(words[0]).size).toBeGreaterThan(n);
});

test.each(archs)("AIE %i: sums times their column's scale, plus its bias, to 2^-14.4 and one rounding", (arch) => {
  const kernel = kernels.get(arch)!;
  const by = new Float32Array(kernel.memory.buffer, byAt, 4 * n);
  for (let j = 0; j < n; j++) {
    by[j] = j % 5 === 0 ? 0 : random() - 0.5;
    by[n + j] = (0.5 + random()) / 64;
  }
  const sums = new Float32Array(kernel.memory.buffer, sumsAt, m * n);
  for (let i = 0; i < m * n; i++) sums[i] = (random() - 0.5) * 2 ** (i % 12);

  kernel.call("matmul_store_bf16xi8", sumsAt, byAt, outAt, 1);

  const out = new Uint16Array(kernel.memory.buffer, outAt, m * n);
  let worst = 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const at = blockedAt(i, j, n, rOf(arch), 4);
      const product = sums[at]! * by[n + j]!;
      const exact = product + by[j]!;
      const before = 2 ** -14.4 * Math.abs(product) + 2 ** -23 * Math.abs(by[j]!);
      const bound = before + 2 ** -8 * (Math.abs(exact) + before);
      worst = Math.max(worst, Math.abs(bf16Value(out[at]!) - exact) / bound);
    }
  }
  expect(worst).toBeLessThanOrEqual(1);
});
