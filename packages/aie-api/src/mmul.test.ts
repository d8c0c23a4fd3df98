import { bf16ToFloat, ToolError } from "@aiekit/core";
import { WasmClang } from "@aiekit/wasm-clang";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  buildKernel,
  inputs,
  inputs2,
  inputs3,
  outputs,
  startTimeoutMs,
  type TestKernel,
} from "./kernel.test-support.ts";

const arrays = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
} as const;
type Element = keyof typeof arrays;
const shapes = [
  [4, 8, 8, "int8", "int8", 32],
  [4, 8, 8, "uint8", "int8", 32],
  [4, 8, 8, "int8", "int8", 64],
  [8, 16, 8, "int8", "int8", 32],
  [4, 16, 4, "int8", "uint8", 32],
  [1, 16, 8, "uint8", "uint8", 32],
  [4, 4, 8, "int16", "int8", 32],
  [8, 4, 8, "int16", "int8", 32],
  [4, 8, 4, "int16", "int8", 64],
  [2, 8, 8, "int16", "int8", 64],
  [4, 8, 4, "int16", "uint8", 64],
  [4, 4, 4, "uint8", "int16", 64],
  [4, 4, 4, "int16", "int16", 32],
  [4, 4, 4, "int16", "int16", 64],
  [4, 4, 8, "int16", "int16", 64],
  [2, 8, 8, "int16", "int16", 32],
  [4, 4, 4, "uint16", "int16", 64],
  [8, 1, 8, "int16", "int16", 32],
  [4, 4, 8, "int32", "int16", 64],
  [4, 4, 4, "int32", "int16", 32],
  [2, 4, 8, "int16", "int32", 64],
  [8, 2, 4, "int32", "int32", 64],
] as const satisfies readonly (readonly [number, number, number, Element, Element, 32 | 64])[];

type Mmul = readonly [m: number, k: number, n: number, a: string, b: string];
const name = ([m, k, n, a, b]: Mmul, bits?: number): string =>
  `mmul_${m}x${k}x${n}_${a}_${b}${bits === undefined ? "" : `_${bits}`}`;
const entry = ([m, k, n, a, b]: Mmul, acc: number | "float"): string => `
extern "C" void ${name([m, k, n, a, b], acc === "float" ? undefined : acc)}(const ${a} *x, const ${b} *y, const void *start, void *to) {
  using mm = aie::mmul<${m}, ${k}, ${n}, ${a}, ${b}, acc${acc}>; typename mm::accum_type::native_type v;
  __builtin_memcpy(&v, start, sizeof v);
  mm c{typename mm::accum_type(v)}; aie::vector<${a}, mm::size_A> p; aie::vector<${b}, mm::size_B> q;
  __builtin_memcpy(&p, x, sizeof p); __builtin_memcpy(&q, y, sizeof q);
  c.mac(p, q); v = c.to_accum().to_native(); __builtin_memcpy(to, &v, sizeof v); }`;

/** Sums of: a copy that goes on by itself, what it was copied from, and an object whose sums are dropped for a new product. */
const copies = `
extern "C" void mmul_copies(const int8 *x, const int8 *y, int32 *to) {
  using mm = aie::mmul<4, 8, 8, int8, int8>;
  const auto p = aie::load_v<32>(x); const auto q = aie::load_v<64>(y);
  mm first, again; first.mul(p, q);
  mm copy = first; copy.mac(p, q); copy.mac(p, q);
  again = copy; again.mul(p, q); again.mac(p, q);
  aie::store_v(to, copy.template to_vector<int32>()); aie::store_v(to + 32, first.template to_vector<int32>());
  aie::store_v(to + 64, again.template to_vector<int32>()); }`;

let clang: WasmClang;
let kernel: TestKernel;
beforeAll(async () => {
  clang = await WasmClang.open();
  const entries = [
    ...shapes.map(([m, k, n, a, b, bits]) => entry([m, k, n, a, b], bits)),
    entry([4, 8, 4, "int16", "int8"], 32),
    copies,
    ...bfloatShapes.map((shape) => entry([...shape, "bfloat16", "bfloat16"], "float")),
  ];
  kernel = await buildKernel(clang, entries.join("\n"), { exports: ["aiekit_ops"] });
}, startTimeoutMs);
afterAll(() => clang.close());

/** Numbers in [0, 1). */
function lcg(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const vector = (type: Element, length: number): fc.Arbitrary<number[]> => {
  const bits = Number(type.replace(/\D+/, ""));
  const [min, max] = type.startsWith("u") ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  return fc.array(fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max)), {
    minLength: length,
    maxLength: length,
  });
};

test.each(shapes)("mmul %ix%ix%i of %s x %s adds the row-major product, wrapping at %i bits", (m, k, n, a, b, bits) => {
  const Acc = bits === 64 ? BigInt64Array : Int32Array;
  fc.assert(
    fc.property(vector(a, m * k), vector(b, k * n), vector("int32", m * n), (x, y, start) => {
      new arrays[a](kernel.memory.buffer, inputs, m * k).set(x);
      new arrays[b](kernel.memory.buffer, inputs2, k * n).set(y);
      const held = new Acc(kernel.memory.buffer, inputs3, m * n);
      for (const [i, v] of start.entries()) held[i] = bits === 64 ? BigInt(v) : v;
      kernel.call(name([m, k, n, a, b], bits), inputs, inputs2, inputs3, outputs);

      const expected = start.map((c, i) => {
        let sum = BigInt(c);
        for (let j = 0; j < k; j++) sum += BigInt(x[Math.floor(i / n) * k + j]!) * BigInt(y[j * n + (i % n)]!);
        return BigInt.asIntN(bits, sum);
      });
      expect(Array.from(new Acc(kernel.memory.buffer, outputs, m * n), BigInt)).toEqual(expected);
    }),
    { seed: 3, numRuns: 30 },
  );
});

const bfloatShapes = [
  [4, 8, 4],
  [8, 8, 4],
  [4, 8, 8],
  [8, 8, 8],
  [4, 16, 4],
  [8, 1, 8],
] as const;
const bfloatBits = (v: number): number => new Uint32Array(Float32Array.of(v).buffer)[0]! >>> 16;

interface BfloatProduct {
  readonly start: number;
  /** Terms of the sum of one element of C, in order of k; exact. */
  readonly terms: readonly number[];
  readonly result: number;
}

/** Runs C + A B on the kernel. `x`, `y`: numbers that bfloat16 holds exactly. */
function bfloatMmul([m, k, n]: readonly [number, number, number], x: number[], y: number[], start: number) {
  new Uint16Array(kernel.memory.buffer, inputs, m * k).set(x.map(bfloatBits));
  new Uint16Array(kernel.memory.buffer, inputs2, k * n).set(y.map(bfloatBits));
  new Float32Array(kernel.memory.buffer, inputs3, m * n).fill(start);
  kernel.call(name([m, k, n, "bfloat16", "bfloat16"]), inputs, inputs2, inputs3, outputs);
  const results = new Float32Array(kernel.memory.buffer, outputs, m * n);
  return Array.from(results, (result, i): BfloatProduct => {
    const terms = Array.from({ length: k }, (_, j) => x[Math.floor(i / n) * k + j]! * y[j * n + (i % n)]!);
    return { start: Math.fround(start), terms, result };
  });
}

const bfloat = (random: () => number): number => bf16ToFloat(bfloatBits((random() - 0.5) * 2 ** (random() * 24 - 12)));

test.each(bfloatShapes)("bfloat16 mmul %ix%ix%i rounds each sum to binary32, in order of k", (m, k, n) => {
  const random = lcg(11);
  const x = Array.from({ length: m * k }, () => bfloat(random));
  const y = Array.from({ length: k * n }, () => bfloat(random));
  // A sum of two binary32 numbers that is rounded to binary64 and then to binary32 is rounded correctly.
  const inOrder = (acc: number, terms: readonly number[]): number =>
    terms.reduce((sum, t) => Math.fround(sum + t), acc);

  const sums = bfloatMmul([m, k, n], x, y, 1 / 3);

  expect(sums.map((s) => s.result)).toEqual(sums.map((s) => inOrder(s.start, s.terms)));
  const another = sums.filter((s) => inOrder(s.start, s.terms.toReversed()) !== s.result);
  expect(another.length > 0).toBe(k > 1);
});

// K sums, each rounded by at most u = 2^-24 of its value: |error| <= K u / (1 - K u) (|C| + sum |a b|).
test.each(bfloatShapes)("bfloat16 mmul %ix%ix%i stays within K 2^-24 of the sum of magnitudes", (m, k, n) => {
  const random = lcg(12);
  const u = 2 ** -24;
  for (let round = 0; round < 20; round++) {
    const x = Array.from({ length: m * k }, () => bfloat(random));
    const y = Array.from({ length: k * n }, () => bfloat(random));
    for (const { start, terms, result } of bfloatMmul([m, k, n], x, y, random() - 0.5)) {
      const exact = terms.reduce((sum, t) => sum + t, start);
      const magnitude = terms.reduce((sum, t) => sum + Math.abs(t), Math.abs(start));
      expect(Math.abs(result - exact)).toBeLessThanOrEqual(((k * u) / (1 - k * u)) * magnitude);
    }
  }
});

test.each(bfloatShapes)("bfloat16 mmul %ix%ix%i of whole numbers is exact", (m, k, n) => {
  const whole = (length: number) =>
    fc.array(fc.integer({ min: -255, max: 255 }), { minLength: length, maxLength: length });
  fc.assert(
    fc.property(whole(m * k), whole(k * n), fc.integer({ min: -1e6, max: 1e6 }), (x, y, start) => {
      for (const { terms, result } of bfloatMmul([m, k, n], x, y, start)) {
        expect(result).toBe(terms.reduce((sum, t) => sum + t, start));
      }
    }),
    { seed: 5, numRuns: 20 },
  );
});

test("4x8x4 of int16 x int8 has 64 bits when 32 are asked for, 4x4x8 wraps at 32", () => {
  const [least, times] = [-32_768, -128];
  const sum = (shape: string, [m, k, n]: readonly [number, number, number], bits: 32 | 64): bigint => {
    new Int16Array(kernel.memory.buffer, inputs, m * k).fill(least);
    new Int8Array(kernel.memory.buffer, inputs2, k * n).fill(times);
    const Acc = bits === 64 ? BigInt64Array : Int32Array;
    const start = new Acc(kernel.memory.buffer, inputs3, m * n);
    start[0] = bits === 64 ? 2n ** 31n - 1n : 2 ** 31 - 1;
    kernel.call(shape, inputs, inputs2, inputs3, outputs);
    return BigInt(new Acc(kernel.memory.buffer, outputs, 1)[0]!);
  };

  expect(sum("mmul_4x8x4_int16_int8_32", [4, 8, 4], 64)).toBe(2n ** 31n - 1n + 8n * 2n ** 22n);
  expect(sum("mmul_4x4x8_int16_int8_32", [4, 4, 8], 32)).toBe(BigInt.asIntN(32, 2n ** 31n - 1n + 4n * 2n ** 22n));
});

test("a 4x8x8 product of int8, 4x4x4 of int16 and 4x8x4 of int16 x int8 is one issue, 4x4x8 of int32 x int16 four", () => {
  kernel.call("aiekit_ops", 2);
  for (const one of ["4x4x4_int16_int16_64", "4x8x4_int16_int8_64", "4x4x8_int16_int8_32"]) {
    kernel.call(`mmul_${one}`, inputs, inputs2, inputs3, outputs);
    expect(kernel.call("aiekit_ops", 2), one).toBe(1);
  }
  kernel.call("mmul_4x8x8_int8_int8_32", inputs, inputs2, inputs3, outputs);
  expect(kernel.call("aiekit_ops", 2)).toBe(1);
  kernel.call("mmul_4x4x8_int32_int16_64", inputs, inputs2, inputs3, outputs);
  expect(kernel.call("aiekit_ops", 2)).toBe(4);
});

test("an mmul that is copied or multiplied anew has sums of its own", () => {
  const [a, b] = [new Int8Array(kernel.memory.buffer, inputs, 32), new Int8Array(kernel.memory.buffer, inputs2, 64)];
  a.set(a.map((_, i) => i * 7 - 100));
  b.set(b.map((_, i) => 90 - i * 3));
  const product = Array.from({ length: 32 }, (_, i) =>
    a.subarray(i & ~7, (i & ~7) + 8).reduce((sum, x, k) => sum + x * b[8 * k + (i & 7)]!, 0),
  );

  kernel.call("mmul_copies", inputs, inputs2, outputs);

  const sums = [...new Int32Array(kernel.memory.buffer, outputs, 96)];
  expect(sums).toEqual([3, 1, 2].flatMap((times) => product.map((x) => times * x)));
});

test("a shape that AIE2 does not have does not compile", async () => {
  const failed = await buildKernel(clang, 'extern "C" void f() { aie::mmul<8, 8, 16, int8> c; (void)c; }').catch(
    (e: unknown) => e,
  );

  expect(failed).toBeInstanceOf(ToolError);
  expect((failed as ToolError).failure.stderr).toContain("aie::mmul: no such shape for these types");
});
