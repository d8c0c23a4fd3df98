import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { argumentsBase, seededRandom } from "./kernel-pair.test-support.ts";
import { buildMatmulKernel } from "./matmul-kernel.test-support.ts";

// The smallest tile that has several blocks in each direction, so that a wrong stride shows.
const [m, k, n] = [32, 32, 32];
const aAt = argumentsBase;
const bAt = aAt + 4_096;
const sumsAt = bAt + 4_096;
const byAt = sumsAt + 4 * m * n;
const outAt = byAt + 16 * n;
const refAt = outAt + 4 * m * n;

interface Variant {
  readonly arch: 20 | 21;
  readonly out: "int8" | "int16" | "int32";
}

const variants: readonly Variant[] = [
  { arch: 20, out: "int8" },
  { arch: 20, out: "int16" },
  { arch: 20, out: "int32" },
  { arch: 21, out: "int8" },
];
const kernels = new Map<Variant, TestKernel>();

beforeAll(async () => {
  for (const variant of variants) {
    const r = variant.arch === 20 ? 4 : 8;
    const takesResidual = variant.out === "int8";
    const kernel = await buildMatmulKernel({
      ...variant,
      type: "i8",
      tile: { m, k, n },
      takesResidual,
      reference: `extern "C" void step_ref(const int8_t *a, const int8_t *b, uint32_t *sums, int32_t step) {
          matmul_ref::step<int8_t, uint32_t, ${r}, 8, 8, ${m}, ${k}, ${n}>(a, b, sums, step == 0, [](int8_t x) { return static_cast<uint32_t>(x); });
        }
        extern "C" void channels_ref(const int8_t *b, int32_t *by) { matmul_ref::channels<int8_t, 8, 8, ${n}>(b, by); }
        extern "C" void store_ref(const int32_t *sums, const int32_t *by, ${variant.out}_t *out, int32_t has_channels) {
          matmul_ref::store<${variant.out}_t, ${r}, 8, ${m}, ${n}>(sums, by, out, has_channels != 0);
        }
        extern "C" void store_residual_ref(const int32_t *sums, const int32_t *by, const int8_t *b, int8_t *out, int32_t, int32_t object, int32_t row) {
          matmul_ref::store_residual<int8_t, ${r}, 8, 8, ${m}, ${k}, ${n}>(sums, by, b, out, object, row);
        }`,
      referenceExports: ["step_ref", "channels_ref", "store_ref", "store_residual_ref"],
    });
    kernels.set(variant, kernel);
  }
}, 4 * startTimeoutMs);

const random = seededRandom(7);
const word = () => Math.floor(random() * 2 ** 32) | 0;
const operands = {
  random: () => Math.floor(random() * 256) - 128,
  "least of the range": () => -128,
  "greatest of the range": () => 127,
  "one hot": (i: number) => (i === 77 ? -128 : 0),
} as const;

test.each(variants.flatMap((v) => Object.keys(operands).map((name) => [v.arch, v.out, name, v] as const)))(
  "AIE %i, %s out: two steps equal their scalar meaning bit for bit: %s",
  (_arch, _out, name, variant) => {
    const kernel = kernels.get(variant)!;
    const make = operands[name as keyof typeof operands];
    const sums = (entry: string, at: number): Int32Array => {
      for (const step of [0, 1]) kernel.call(entry, aAt, bAt, at, step);
      return new Int32Array(kernel.memory.buffer, at, m * n).slice();
    };
    new Int8Array(kernel.memory.buffer, aAt, m * k).set(Int8Array.from({ length: m * k }, (_, i) => make(i)));
    new Int8Array(kernel.memory.buffer, bAt, k * n).set(Int8Array.from({ length: k * n }, (_, i) => make(i)));

    expect(sums("matmul_step_i8", sumsAt)).toEqual(sums("step_ref", refAt));
  },
);

/** Sums on and around ties, at both ends of the range, and anywhere. */
function edgeSums(shift: number): Int32Array {
  const half = shift === 0 ? 1 : 2 ** Math.min(30, shift - 1);
  const edges = [
    0,
    1,
    -1,
    2 ** 30,
    -(2 ** 30),
    half,
    -half,
    half - 1,
    3 * half,
    -3 * half,
    2 ** 31 - 1,
    -(2 ** 31),
    127 * 2 * half,
  ];
  return Int32Array.from({ length: m * n }, (_, i) => (i % 3 === 0 ? edges[(i / 3) % edges.length]! : word()));
}

test.each(variants.flatMap((v) => [0, 1, 8, 31, 32, 40, 46].map((shift) => [v.arch, v.out, shift, v] as const)))(
  "AIE %i, %s out: what goes out equals its scalar meaning bit for bit at shift %i",
  (_arch, _out, shift, variant) => {
    const kernel = kernels.get(variant)!;
    const by = new Int32Array(kernel.memory.buffer, byAt, 4 * n);
    for (let j = 0; j < n; j++) {
      // Some columns without bias and with a power of two, so that ties happen.
      by[j] = j % 4 === 0 ? 0 : word() >> 12;
      by[n + j] = j % 4 === 0 ? 1 : word() >>> 1;
      by[2 * n + j] = shift;
    }
    new Int32Array(kernel.memory.buffer, sumsAt, m * n).set(edgeSums(shift));
    const [element, array] = { int8: [1, Int8Array], int16: [2, Int16Array], int32: [4, Int32Array] }[variant.out] as [
      number,
      typeof Int8Array,
    ];
    for (const hasChannels of element === 4 ? [0, 1] : [1]) {
      kernel.call("matmul_store_i8", sumsAt, byAt, outAt, hasChannels);
      kernel.call("store_ref", sumsAt, byAt, refAt, hasChannels);

      const [got, expected] = [outAt, refAt].map((at) => new array(kernel.memory.buffer, at, m * n).slice());
      expect(got).toEqual(expected);
      expect(new Set(got).size).toBeGreaterThan(2);
    }
  },
);

test.each(variants.map((v) => [v.arch, v.out, v] as const))(
  "AIE %i, %s out: the words of the columns are found in the blocks of b",
  (_arch, _out, variant) => {
    const kernel = kernels.get(variant)!;
    new Int32Array(kernel.memory.buffer, bAt, (k * n) / 4).set(Array.from({ length: (k * n) / 4 }, word));

    kernel.call("matmul_channels_i8", bAt, byAt);
    kernel.call("channels_ref", bAt, refAt);

    const [got, expected] = [byAt, refAt].map((at) => new Int32Array(kernel.memory.buffer, at, 4 * n).slice());
    expect(got).toEqual(expected);
  },
);

test.each(variants.filter((v) => v.out === "int8").map((v) => [v.arch, v] as const))(
  "AIE %i: a residual is added behind the rounding and before the saturation, by the row of cores that its object is for",
  (_arch, variant) => {
    const kernel = kernels.get(variant)!;
    const shift = 24;
    const by = new Int32Array(kernel.memory.buffer, byAt, 4 * n);
    for (let j = 0; j < n; j++) [by[j], by[n + j], by[2 * n + j]] = [word() >> 19, 2 ** 17 + j, shift];
    new Int32Array(kernel.memory.buffer, sumsAt, m * n).set(Int32Array.from({ length: m * n }, () => word() >> 19));
    new Int8Array(kernel.memory.buffer, bAt, k * n).set(Int8Array.from({ length: k * n }, operands.random));
    const run = (entry: string, at: number, object: number): Int8Array => {
      const out = new Int8Array(kernel.memory.buffer, at, m * n);
      out.fill(99);
      kernel.call(entry, sumsAt, byAt, bAt, at, 1, object, 2);
      return out.slice();
    };

    expect(run("matmul_store_residual_i8", outAt, 2)).toEqual(run("store_residual_ref", refAt, 2));
    expect(new Set(run("matmul_store_residual_i8", outAt, 2)).size).toBeGreaterThan(20);
    expect(new Set(run("matmul_store_residual_i8", outAt, 1))).toEqual(new Set([99]));
  },
);
