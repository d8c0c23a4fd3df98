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
const refAt = outAt + 4 * m * n;

interface Variant {
  readonly arch: 20 | 21;
  readonly out: "bfloat16" | "float";
}

const variants: readonly Variant[] = [
  { arch: 20, out: "bfloat16" },
  { arch: 20, out: "float" },
  { arch: 21, out: "bfloat16" },
];
const kernels = new Map<Variant, TestKernel>();
const rOf = ({ arch }: Variant): number => (arch === 20 ? 4 : 8);

beforeAll(async () => {
  for (const variant of variants) {
    const takesResidual = variant.out === "bfloat16";
    const out = variant.out === "float" ? "float" : "uint16_t";
    const finish = `matmul_ref::finish<${out}, ${rOf(variant)}, 8, 4, ${m}, ${k}, ${n}>`;
    const kernel = await buildMatmulKernel({
      ...variant,
      type: "bf16",
      tile: { m, k, n },
      takesResidual,
      reference: `extern "C" void channels_ref(const uint16_t *b, int32_t *by) { matmul_ref::channels<uint16_t, 8, 4, ${n}>(b, by); }
        extern "C" void store_ref(const float *sums, const int32_t *by, ${out} *out, int32_t flags) {
          ${finish}(sums, by, nullptr, out, flags & 1, 0, 0);
        }
        extern "C" void store_residual_ref(const float *sums, const int32_t *by, const uint16_t *b, ${out} *out, int32_t flags, int32_t object, int32_t row) {
          ${finish}(sums, by, b, out, flags & 1, object, row);
        }`,
      referenceExports: ["channels_ref", "store_ref", "store_residual_ref"],
    });
    kernels.set(variant, kernel);
  }
}, 3 * startTimeoutMs);

const random = seededRandom(11);
/** Bits of bfloat16 numbers with exponents from 2^-8 to 2^7 and either sign. */
const anyBf16 = (): number =>
  (Math.floor(random() * 2) << 15) | ((119 + Math.floor(random() * 16)) << 7) | Math.floor(random() * 128);
const bf16Value = (bits: number): number => new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
const blockedAt = (i: number, j: number, columns: number, height: number, width: number): number =>
  (Math.floor(i / height) * (columns / width) + Math.floor(j / width)) * height * width +
  (i % height) * width +
  (j % width);

test.each(variants.map((v) => [v.arch, v.out, v] as const))(
  "AIE %i, %s out: two steps are within K 2^-24 sum |a b| of the float64 product",
  (_arch, _out, variant) => {
    const kernel = kernels.get(variant)!;
    const r = rOf(variant);
    const [a, b] = [m * k, k * n].map((size) => Uint16Array.from({ length: size }, anyBf16)) as [
      Uint16Array,
      Uint16Array,
    ];
    new Uint16Array(kernel.memory.buffer, aAt, m * k).set(a);
    new Uint16Array(kernel.memory.buffer, bAt, k * n).set(b);

    for (const step of [0, 1]) kernel.call("matmul_step_bf16", aAt, bAt, sumsAt, step);

    const sums = new Float32Array(kernel.memory.buffer, sumsAt, m * n);
    let worst = 0;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        const products = Array.from({ length: k }, (_, x) => {
          return bf16Value(a[blockedAt(i, x, k, r, 8)]!) * bf16Value(b[blockedAt(x, j, n, 8, 4)]!);
        });
        const exact = 2 * products.reduce((sum, p) => sum + p, 0);
        const bound = 2 * k * 2 ** -24 * 2 * products.reduce((sum, p) => sum + Math.abs(p), 0);
        worst = Math.max(worst, Math.abs(sums[blockedAt(i, j, n, r, 4)]! - exact) / bound);
      }
    }
    expect(worst).toBeLessThanOrEqual(1);
    expect(sums.some((v) => v !== 0)).toBe(true);
  },
);

function fill(kernel: TestKernel): void {
  const by = new Float32Array(kernel.memory.buffer, byAt, 4 * n);
  for (let j = 0; j < n; j++) by[j] = bf16Value(anyBf16()) * 1.0009765625;
  const sums = new Float32Array(kernel.memory.buffer, sumsAt, m * n);
  // Every third value lies half way between two bfloat16 numbers.
  for (let i = 0; i < m * n; i++) sums[i] = bf16Value(anyBf16()) * (i % 3 === 0 ? 1 + 2 ** -8 : 1 + random() * 2 ** -7);
  new Uint16Array(kernel.memory.buffer, bAt, k * n).set(Uint16Array.from({ length: k * n }, anyBf16));
}

test.each(variants.flatMap((v) => [0, 1].map((flags) => [v.arch, v.out, flags, v] as const)))(
  "AIE %i, %s out: what goes out equals its scalar meaning bit for bit, flags %i",
  (_arch, _out, flags, variant) => {
    const kernel = kernels.get(variant)!;
    fill(kernel);

    kernel.call("matmul_store_bf16", sumsAt, byAt, outAt, flags);
    kernel.call("store_ref", sumsAt, byAt, refAt, flags);

    const size = variant.out === "float" ? 4 : 2;
    const [got, expected] = [outAt, refAt].map((at) => new Uint8Array(kernel.memory.buffer, at, size * m * n).slice());
    expect(got).toEqual(expected);
  },
);

// m = 32 and k = 16: a tile is two objects, row 1 of the cores has objects 2 and 3.
test.each(variants.filter((v) => v.out === "bfloat16").map((v) => [v.arch, v] as const))(
  "AIE %i: the objects of a residual bring out the rows that they have, and no others",
  (_arch, variant) => {
    const kernel = kernels.get(variant)!;
    fill(kernel);
    const run = (entry: string, at: number, objects: readonly number[]): Uint16Array => {
      const out = new Uint16Array(kernel.memory.buffer, at, m * n);
      out.fill(0x7fc0);
      for (const object of objects) kernel.call(entry, sumsAt, byAt, bAt, at, 1, object, 1);
      return out.slice();
    };

    for (const objects of [[2], [3], [0, 1, 2, 3, 4, 5]]) {
      const [got, expected] = [
        run("matmul_store_residual_bf16", outAt, objects),
        run("store_residual_ref", refAt, objects),
      ];
      expect(got).toEqual(expected);
      expect(got.filter((v) => v === 0x7fc0)).toHaveLength(objects.length === 1 ? (m * n) / 2 : 0);
    }
    expect(new Set(run("matmul_store_residual_bf16", outAt, [1, 4]))).toEqual(new Set([0x7fc0]));
  },
);

test.each(variants.filter((v) => v.out === "bfloat16").map((v) => [v.arch, v] as const))(
  "AIE %i: GELU of the sums first and a residual later are the same bits as both at once, with bias and without",
  (_arch, variant) => {
    const kernel = kernels.get(variant)!;
    for (const flags of [2, 3]) {
      fill(kernel);
      const run = (at: number, storeFlags: number): Uint16Array => {
        for (const object of [0, 1]) {
          kernel.call("matmul_store_residual_bf16", sumsAt, byAt, bAt, at, storeFlags, object, 0);
        }
        return new Uint16Array(kernel.memory.buffer, at, m * n).slice();
      };
      const atOnce = run(refAt, flags);
      const plain = run(outAt, flags & 1);

      kernel.call("matmul_activate_bf16", sumsAt, byAt, flags & 1);

      expect(run(outAt, 0)).toEqual(atOnce);
      expect(atOnce).not.toEqual(plain);
    }
  },
);

test("the words of the columns are found in the blocks of b", () => {
  for (const kernel of kernels.values()) {
    fill(kernel);

    kernel.call("matmul_channels_bf16", bAt, outAt);
    kernel.call("channels_ref", bAt, refAt);

    const [got, expected] = [outAt, refAt].map((at) => new Int32Array(kernel.memory.buffer, at, 4 * n).slice());
    expect(got).toEqual(expected);
  }
});
