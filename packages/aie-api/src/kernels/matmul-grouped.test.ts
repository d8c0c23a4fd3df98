import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { argumentsBase, seededRandom } from "./kernel-pair.test-support.ts";
import { buildMatmulKernel } from "./matmul-kernel.test-support.ts";

// Rows of words of two objects: 32 rows in the first, 8 in the second.
const [m, k, n, rows] = [16, 128, 32, 40];
const aAt = argumentsBase;
const bAt = aAt + 2 * m * k;
const byAt = bAt + k * n;
const sumsAt = byAt + 4 * rows * n;
const outAt = sumsAt + 4 * m * n;
const refAt = outAt + 4 * rows * n;

interface Variant {
  readonly type: "i8g128" | "i16xi8g128";
  readonly arch: 20 | 21;
  readonly out: "int8" | "int16" | "bfloat16";
}

const variants: readonly Variant[] = [
  { type: "i8g128", arch: 20, out: "int8" },
  { type: "i16xi8g128", arch: 20, out: "bfloat16" },
  { type: "i16xi8g128", arch: 21, out: "int16" },
];
const kernels = new Map<Variant, TestKernel>();
const cases = variants.map((v) => [v.arch, v.type, v.out, v] as const);

/** Blocks r x s of a and s x t of b. Source: kernels/matmul/mmul_tile.h. */
const blocksOf = ({ type, arch }: Variant): string =>
  arch === 21 ? "4, 8, 8" : type === "i8g128" ? "4, 8, 8" : "4, 8, 4";

beforeAll(async () => {
  for (const variant of variants) {
    const { type, out } = variant;
    const [r, , t] = blocksOf(variant).split(", ");
    const a = type === "i8g128" ? "int8_t" : "int16_t";
    const element = out === "bfloat16" ? "uint16_t" : `${out}_t`;
    const kernel = await buildMatmulKernel({
      ...variant,
      tile: { m, k, n },
      rows,
      takesResidual: false,
      header: "matmul/matmul_grouped_ref.h",
      reference: `extern "C" void step_ref(const ${a} *a, const int8_t *b, const int32_t *by, float *sums, int32_t step) {
          matmul_ref::grouped_step<${a}, ${blocksOf(variant)}, ${m}, ${k}, ${n}>(a, b, by + (1 + step) * ${n}, sums, step == 0);
        }
        extern "C" void channels_ref(const int8_t *b, int32_t *by, int32_t object) {
          matmul_ref::grouped_channels<${blocksOf(variant).slice(3)}, ${k}, ${n}, ${rows}>(b, by, object);
        }
        extern "C" void store_ref(const float *sums, const int32_t *by, ${element} *out, int32_t flags) {
          matmul_ref::grouped_store<${element}, ${r}, ${t}, ${m}, ${n}>(sums, by, out, (flags & 1) != 0);
        }`,
      referenceExports: ["step_ref", "channels_ref", "store_ref"],
    });
    kernels.set(variant, kernel);
  }
}, 3 * startTimeoutMs);

const random = seededRandom(31);
const bytesAt = (kernel: TestKernel, at: number, size: number) =>
  new Uint8Array(kernel.memory.buffer, at, size).slice();

const operands = {
  random: () => Math.floor(random() * 65_536) - 32_768,
  "least of the range": () => -32_768,
  "greatest of the range": () => 32_767,
  "one hot": (i: number) => (i === 77 ? -32_768 : 0),
} as const;

test.each(cases)("AIE %i, %s to %s: groups equal their scalar meaning bit for bit", (_arch, _type, _out, variant) => {
  const kernel = kernels.get(variant)!;
  const isWide = variant.type === "i16xi8g128";
  for (const [name, make] of Object.entries(operands)) {
    const second = name === "one hot" ? operands.random : make;
    const A = isWide ? Int16Array : Int8Array;
    new A(kernel.memory.buffer, aAt, m * k).set(
      Int16Array.from({ length: m * k }, (_, i) => make(i) >> (isWide ? 0 : 8)),
    );
    new Int8Array(kernel.memory.buffer, bAt, k * n).set(Int16Array.from({ length: k * n }, (_, i) => second(i) >> 8));
    const by = new Float32Array(kernel.memory.buffer, byAt, rows * n);
    by.set(Float32Array.from({ length: rows * n }, () => (0.5 + random()) * 2 ** (Math.floor(random() * 20) - 30)));
    const sums = (entry: string, at: number): Float32Array => {
      for (const step of [0, 1, 37]) kernel.call(entry, aAt, bAt, byAt, at, step);
      return new Float32Array(kernel.memory.buffer, at, m * n).slice();
    };

    const got = sums(`matmul_step_${variant.type}`, sumsAt);

    expect(got, name).toEqual(sums("step_ref", refAt));
    // Another group's scale is another result.
    kernel.call(`matmul_step_${variant.type}`, aAt, bAt, byAt, sumsAt, 0);
    expect(new Float32Array(kernel.memory.buffer, sumsAt, m * n), name).not.toEqual(got);
  }
});

test.each(cases)("AIE %i, %s to %s: what goes out equals its scalar meaning", (_arch, _type, _out, variant) => {
  const kernel = kernels.get(variant)!;
  const { type, out } = variant;
  const by = new Float32Array(kernel.memory.buffer, byAt, n);
  // Ties with and without a bias, both ends of the range, far beyond them.
  by.set(Float32Array.from({ length: n }, (_, j) => [0, 0.5, -3, random()][j % 4]!));
  const edges = [0.5, 1.5, -0.5, -2.5, 126.5, 127.5, -128.5, 32_766.5, 32_767.5, -32_768.5, 3e9, -3e9, 0.49999997];
  const sums = Float32Array.from({ length: m * n }, (_, i) => {
    return i % 3 === 0 ? edges[(i / 3) % edges.length]! : (random() - 0.5) * 2 ** (i % 20);
  });
  for (const flags of [0, 1]) {
    new Float32Array(kernel.memory.buffer, sumsAt, m * n).set(sums);

    kernel.call(`matmul_store_${type}`, sumsAt, byAt, outAt, flags);
    kernel.call("store_ref", sumsAt, byAt, refAt, flags);

    const size = (out === "int8" ? 1 : 2) * m * n;
    const got = bytesAt(kernel, outAt, size);
    expect(got).toEqual(bytesAt(kernel, refAt, size));
    expect(new Set(got).size).toBeGreaterThan(20);
  }
});

test.each(cases)("AIE %i, %s to %s: rows of words are found in two objects of b", (_arch, _type, _out, variant) => {
  const kernel = kernels.get(variant)!;
  for (const at of [outAt, refAt]) new Int32Array(kernel.memory.buffer, at, rows * n).fill(-1);
  for (const object of [0, 1]) {
    const words = Int32Array.from({ length: (k * n) / 4 }, () => Math.floor(random() * 2 ** 31));
    new Int32Array(kernel.memory.buffer, bAt, words.length).set(words);
    kernel.call(`matmul_channels_${variant.type}`, bAt, outAt, object);
    kernel.call("channels_ref", bAt, refAt, object);
  }

  const got = bytesAt(kernel, outAt, 4 * rows * n);
  expect(got).toEqual(bytesAt(kernel, refAt, 4 * rows * n));
  expect(new Int32Array(got.buffer).includes(-1)).toBe(false);
});
