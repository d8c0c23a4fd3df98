import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { argumentsBase, seededRandom } from "./kernel-pair.test-support.ts";
import { buildMatmulKernel } from "./matmul-kernel.test-support.ts";

// The smallest tile that has several blocks in each direction on both generations.
const [m, k, n] = [32, 16, 32];
const aAt = argumentsBase;
const bAt = aAt + 2 * m * k;
const sumsAt = bAt + 2 * k * n;
const keptAt = sumsAt + 8 * m * n;
const byAt = keptAt + 8 * m * n;
const outAt = byAt + 16 * n;
const refAt = outAt + 8 * m * n;

interface Variant {
  readonly type: "i16" | "i16xi8";
  readonly arch: 20 | 21;
  readonly out: "int16" | "int32" | "int64" | "bfloat16";
}

// Each type of result and each generation once: a variant is two compilations. AIE2P's int16 x int8 is in matmul-grouped.test.ts.
const variants: readonly Variant[] = [
  { type: "i16", arch: 20, out: "int16" },
  { type: "i16", arch: 21, out: "int32" },
  { type: "i16", arch: 20, out: "int64" },
  { type: "i16xi8", arch: 20, out: "bfloat16" },
];
const kernels = new Map<Variant, TestKernel>();
const cases = variants.map((v) => [v.arch, v.type, v.out, v] as const);

/** Blocks r x s of a and s x t of b. Source: kernels/matmul/mmul_tile.h. */
function blocksOf({ type, arch }: Variant): string {
  if (arch === 21) return type === "i16" ? "4, 4, 8" : "4, 8, 8";
  return type === "i16" ? "4, 4, 4" : "4, 8, 4";
}

beforeAll(async () => {
  for (const variant of variants) {
    const { type, out } = variant;
    const [r, , t] = blocksOf(variant).split(", ");
    const b = type === "i16" ? "int16_t" : "int8_t";
    const element = out === "bfloat16" ? "uint16_t" : `${out}_t`;
    const takesResidual = type === "i16" && out === "int16";
    const kernel = await buildMatmulKernel({
      ...variant,
      tile: { m, k, n },
      takesResidual,
      header: "matmul/matmul_wide_ref.h",
      reference: `extern "C" void step_ref(const int16_t *a, const ${b} *b, int64_t *sums, int32_t step) {
          matmul_ref::wide_step<int16_t, ${b}, ${blocksOf(variant)}, ${m}, ${k}, ${n}>(a, b, sums, step == 0);
        }
        extern "C" void channels_ref(const ${b} *b, int32_t *by) {
          matmul_ref::channels<${b}, ${blocksOf(variant).slice(3)}, ${n}>(b, by);
        }
        extern "C" void store_ref(const int64_t *sums, const int32_t *by, ${element} *out, int32_t flags) {
          matmul_ref::wide_store<${element}, ${r}, ${t}, ${m}, ${n}>(sums, by, out, (flags & 1) != 0);
        }
        extern "C" void store_residual_ref(const int64_t *sums, const int32_t *by, const int16_t *b, int16_t *out, int32_t, int32_t object, int32_t row) {
          matmul_ref::wide_store_residual<${blocksOf(variant)}, ${m}, ${k}, ${n}>(sums, by, b, out, object, row);
        }`,
      referenceExports: ["step_ref", "channels_ref", "store_ref", "store_residual_ref"],
    });
    kernels.set(variant, kernel);
  }
}, 4 * startTimeoutMs);

const random = seededRandom(23);
const word = () => Math.floor(random() * 2 ** 32) | 0;
const least = -32_768;
const operands = {
  random: () => word() >> 16,
  "least of the range": () => least,
  "greatest of the range": () => 32_767,
  "one hot": (i: number) => (i === 77 ? least : 0),
} as const;

const bytesAt = (kernel: TestKernel, at: number, size: number) =>
  new Uint8Array(kernel.memory.buffer, at, size).slice();

test.each(cases)("AIE %i, %s to %s: steps equal their scalar meaning bit for bit", (_arch, _type, _out, variant) => {
  const kernel = kernels.get(variant)!;
  for (const [name, make] of Object.entries(operands)) {
    const second = name === "one hot" ? operands.random : make;
    const B = variant.type === "i16" ? Int16Array : Int8Array;
    new Int16Array(kernel.memory.buffer, aAt, m * k).set(Int16Array.from({ length: m * k }, (_, i) => make(i)));
    // An int8 that comes of the upper byte has the same extremes.
    const b = Int16Array.from({ length: k * n }, (_, i) => second(i) >> (variant.type === "i16" ? 0 : 8));
    new B(kernel.memory.buffer, bAt, k * n).set(b);
    const sums = (entry: string, at: number): BigInt64Array => {
      for (const step of [0, 1, 2]) kernel.call(entry, aAt, bAt, at, step);
      return new BigInt64Array(kernel.memory.buffer, at, m * n).slice();
    };

    const got = sums(`matmul_step_${variant.type}`, sumsAt);

    expect(got, name).toEqual(sums("step_ref", refAt));
    expect(
      got.some((sum) => sum !== 0n),
      name,
    ).toBe(true);
    if (name === "least of the range") {
      expect(got[0]).toBe(3n * BigInt(k) * (variant.type === "i16" ? 2n ** 30n : 2n ** 22n));
    }
  }
});

/** Sums on and around ties, around the ends of int32, far beyond them, and anywhere. */
function edgeSums(shift: number): BigInt64Array {
  const half = shift === 0 ? 1n : 2n ** BigInt(shift - 1);
  const edges = [0n, 1n, half, half - 1n, 3n * half, 5n * half, 2n ** 31n - 1n, 2n ** 31n, 2n ** 33n, 2n ** 52n];
  return BigInt64Array.from({ length: m * n }, (_, i) => {
    const edge = edges[Math.floor(i / 4) % edges.length]!;
    if (i % 4 === 0) return edge;
    return i % 4 === 1 ? -edge : BigInt(word()) << BigInt(i % 13);
  });
}

function setChannels(kernel: TestKernel, { out }: Variant, shift: number): void {
  const by = new Int32Array(kernel.memory.buffer, byAt, 4 * n);
  const floats = new Float32Array(kernel.memory.buffer, byAt, 4 * n);
  for (let j = 0; j < n; j++) {
    // Some columns without bias and with a power of two, so that ties happen.
    by[j] = j % 4 === 0 ? 0 : word() >> 12;
    if (out === "bfloat16") floats[n + j] = (0.5 + random()) * 2 ** -20;
    else by[n + j] = j % 4 === 0 ? 1 : word() >>> 1;
    by[2 * n + j] = shift;
  }
}

test.each(cases)("AIE %i, %s to %s: what goes out equals its scalar meaning", (_arch, _type, _out, variant) => {
  const kernel = kernels.get(variant)!;
  const { type, out } = variant;
  const size = { int16: 2, int32: 4, int64: 8, bfloat16: 2 }[out] * m * n;
  const isOptional = out === "int32" || out === "int64";
  for (const shift of [0, 1, 8, 30, 46]) {
    setChannels(kernel, variant, shift);
    const sums = edgeSums(shift);
    for (const flags of isOptional ? [0, 1] : [1]) {
      new BigInt64Array(kernel.memory.buffer, sumsAt, m * n).set(sums);
      new BigInt64Array(kernel.memory.buffer, keptAt, m * n).set(sums);

      kernel.call(`matmul_store_${type}`, sumsAt, byAt, outAt, flags);
      kernel.call("store_ref", keptAt, byAt, refAt, flags);

      const got = bytesAt(kernel, outAt, size);
      expect(got, `shift ${shift}, flags ${flags}`).toEqual(bytesAt(kernel, refAt, size));
      expect(new Set(got).size).toBeGreaterThan(2);
    }
  }
});

test.each(cases)("AIE %i, %s to %s: the words of the columns are found in b", (_arch, _type, _out, variant) => {
  const kernel = kernels.get(variant)!;
  new Int32Array(kernel.memory.buffer, bAt, (k * n) / 4).set(Array.from({ length: (k * n) / 4 }, word));

  kernel.call(`matmul_channels_${variant.type}`, bAt, byAt);
  kernel.call("channels_ref", bAt, refAt);

  expect(bytesAt(kernel, byAt, 16 * n)).toEqual(bytesAt(kernel, refAt, 16 * n));
});

// m = 32 and k = 16: a tile is two objects, row 1 of the cores has objects 2 and 3.
test.each(cases.filter(([, type, out]) => type === "i16" && out === "int16"))(
  "AIE %i, %s to %s: the objects of a residual bring out the rows that they have, and no others",
  (_arch, _type, _out, variant) => {
    const kernel = kernels.get(variant)!;
    setChannels(kernel, variant, 40);
    const sums = edgeSums(8);
    new Int16Array(kernel.memory.buffer, bAt, k * n).set(Int16Array.from({ length: k * n }, operands.random));
    const run = (entry: string, at: number, objects: readonly number[]): Int16Array => {
      new BigInt64Array(kernel.memory.buffer, sumsAt, m * n).set(sums);
      const out = new Int16Array(kernel.memory.buffer, at, m * n);
      out.fill(99);
      for (const object of objects) kernel.call(entry, sumsAt, byAt, bAt, at, 1, object, 1);
      return out.slice();
    };

    for (const objects of [[2], [3], [0, 1, 2, 3, 4, 5]]) {
      const got = run("matmul_store_residual_i16", outAt, objects);
      expect(got).toEqual(run("store_residual_ref", refAt, objects));
      expect(new Set(got).size).toBeGreaterThan(20);
    }
    expect(new Set(run("matmul_store_residual_i16", outAt, [1, 4]))).toEqual(new Set([99]));
  },
);
