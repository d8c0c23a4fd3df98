import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { putBf16 } from "./bf16-arrays.test-support.ts";
import { argumentsBase, buildPair, seededRandom } from "./kernel-pair.test-support.ts";

const chunk = 1024;
const [xAt, listAt, otherAt, mergedAt, valuesAt, indicesAt] = [0, 32_768, 33_792, 34_816, 35_840, 36_864].map(
  (at) => argumentsBase + at,
) as [number, number, number, number, number, number];
let kernel: TestKernel;

beforeAll(async () => {
  ({ kernel } = await buildPair({
    file: "kernels/topk/topk.cc",
    exports: ["topk_scan_f32", "topk_scan_bf16", "topk_copy", "topk_merge", "topk_finish"],
    reference: `#include "topk/topk_ref.h"
      extern "C" void topk_ref(const float *x, int n, int k, float *values, int *indices) {
        topk::topk_ref(x, n, k, values, indices); }`,
    referenceExports: ["topk_ref"],
  }));
}, startTimeoutMs);

interface Best {
  readonly values: Uint32Array;
  readonly indices: Int32Array;
}

function read(k: number): Best {
  return {
    values: new Uint32Array(kernel.memory.buffer, valuesAt, k).slice(),
    indices: new Int32Array(kernel.memory.buffer, indicesAt, k).slice(),
  };
}

function reference(x: Float32Array, k: number): Best {
  new Float32Array(kernel.memory.buffer, xAt, x.length).set(x);
  kernel.call("topk_ref", xAt, x.length, k, valuesAt, indicesAt);
  return read(k);
}

/** Scans [first, first + chunks * 1024) of the bits object by object, as a tile does; beyond the array are zeros. */
function scan(
  dtype: "f32" | "bf16",
  bits: Uint32Array | Uint16Array,
  { k, list, first = 0, chunks = 4 }: { k: number; list: number; first?: number; chunks?: number },
): void {
  for (let i = 0; i < chunks; i++) {
    const from = first + i * chunk;
    const object = bits.slice(from, from + chunk);
    new Uint8Array(kernel.memory.buffer, xAt, 4 * chunk).fill(0);
    if (object instanceof Uint16Array) putBf16(kernel, xAt, object);
    else new Uint32Array(kernel.memory.buffer, xAt, object.length).set(object);
    kernel.call(`topk_scan_${dtype}`, xAt, list, chunk, first, i, bits.length, k);
  }
}

function best(dtype: "f32" | "bf16", bits: Uint32Array | Uint16Array, k: number): Best {
  scan(dtype, bits, { k, list: listAt });
  kernel.call("topk_finish", listAt, valuesAt, indicesAt, k);
  return read(k);
}

const floats = (bits: Uint32Array): Float32Array => new Float32Array(bits.buffer, bits.byteOffset, bits.length);
const widened = (bits: Uint16Array): Float32Array => new Float32Array(Uint32Array.from(bits, (b) => b << 16).buffer);

const random = seededRandom(8);
const bitsOf = (valueAt: (i: number) => number, n = 4_000): Uint32Array =>
  new Uint32Array(Float32Array.from({ length: n }, (_, i) => valueAt(i)).buffer);
const special = [0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345];
const rows: readonly (readonly [string, Uint32Array])[] = [
  ["noise", bitsOf(() => random() - 0.5)],
  ["any bits: NaN, infinities, denormals", Uint32Array.from({ length: 4_000 }, () => random() * 2 ** 32)],
  ["few values, many equals", bitsOf(() => Math.floor(4 * random()))],
  ["all equal", bitsOf(() => -7)],
  ["zeros of both signs", bitsOf((i) => (i % 3 === 0 ? -0 : 0))],
  ["rising", bitsOf((i) => i - 2_000)],
  ["falling", bitsOf((i) => 2_000 - i)],
  ["below the padding's zeros", bitsOf((i) => -1 - (i % 1_001))],
  ["NaN of both signs between infinities", Uint32Array.from({ length: 4_000 }, (_, i) => special[(i * 7) % 4]!)],
  ["as many as are asked for", bitsOf((i) => Math.sin(i), 32)],
];

test.each(rows)("topk_scan_f32 equals its scalar meaning bit for bit, k = 1, 5, 32: %s", (_name, bits) => {
  for (const k of [1, 5, 32]) expect(best("f32", bits, k)).toEqual(reference(floats(bits), k));
});

test.each(rows)("topk_scan_bf16 equals the same of its numbers as floats, k = 1, 5, 32: %s", (_name, bits) => {
  const upper = Uint16Array.from(bits, (b) => b >>> 16);
  for (const k of [1, 5, 32]) expect(best("bf16", upper, k)).toEqual(reference(widened(upper), k));
});

test.each(rows.filter(([, bits]) => bits.length > 2 * chunk))("two parts, merged, are the whole: %s", (_name, bits) => {
  const k = 5;
  scan("f32", bits, { k, list: listAt, chunks: 2 });
  scan("f32", bits, { k, list: otherAt, first: 2 * chunk, chunks: 2 });
  // The later part first: the lower index wins wherever it stands.
  kernel.call("topk_merge", otherAt, listAt, mergedAt, k);
  kernel.call("topk_copy", mergedAt, listAt, k);
  kernel.call("topk_finish", listAt, valuesAt, indicesAt, k);

  expect(read(k)).toEqual(reference(floats(bits), k));
});

test("a part that lies behind the row's end gives nothing to a merge", () => {
  const bits = bitsOf(() => -1, 40);
  scan("f32", bits, { k: 2, list: listAt, chunks: 1 });
  scan("f32", bits, { k: 2, list: otherAt, first: chunk, chunks: 1 });
  kernel.call("topk_merge", listAt, otherAt, mergedAt, 2);
  kernel.call("topk_finish", mergedAt, valuesAt, indicesAt, 2);

  expect([...read(2).indices]).toEqual([0, 1]);
});

test.each([
  ["f32", 64],
  ["bf16", 128],
] as const)("a block of %s without a candidate costs 20 vector issues and 8 scalar cycles", (dtype, block) => {
  const bits = dtype === "f32" ? bitsOf(() => 1, chunk) : new Uint16Array(chunk).fill(0x3f80);
  scan(dtype, bits, { k: 1, list: listAt, chunks: 1 });
  const counts = () => [3, 4].map((kind) => kernel.call("aiekit_ops", kind)) as [number, number];
  counts();
  kernel.call(`topk_scan_${dtype}`, xAt, listAt, chunk, 0, 1, 2 * chunk, 1);
  const [vector, scalar] = counts();

  expect([vector, scalar]).toEqual([(20 * chunk) / block, (8 * chunk) / block]);
});
