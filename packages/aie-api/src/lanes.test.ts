import { WasmClang } from "@aiekit/wasm-clang";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  buildKernel,
  inputs,
  inputs2,
  outputs,
  startTimeoutMs,
  type TestKernel,
  trapOf,
} from "./kernel.test-support.ts";

// The model is plain arithmetic on arrays of numbers, wrapped by storing them in a typed array of the element type.
const seed = 7;
const arrays = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
} as const;
type Element = keyof typeof arrays;
const lanesOf = { int8: 32, uint8: 64, int16: 16, int32: 16 } as const;
const elements = Object.keys(arrays) as Element[];

type Model = (a: number[], b: number[], n: number) => number[];
const zip = (a: number[], f: (x: number, i: number) => number): number[] => a.map(f);
const chunked = (v: number[], step: number): number[][] =>
  Array.from({ length: v.length / step }, (_, i) => v.slice(i * step, (i + 1) * step));
const streams = (a: number[], b: number[], step: number): number[] =>
  chunked(a, step).flatMap((chunk, i) => [...chunk, ...chunked(b, step)[i]!]);
const every = (v: number[], step: number, first: 0 | 1): number[] =>
  chunked(v, step)
    .filter((_, i) => i % 2 === first)
    .flat();

/** C++ of `v` (the result), from vectors a and b and a run-time n; and what it means. n is below the lanes. */
const operations: Record<string, { cpp: string; model: Model; n?: "step" | "bits"; signedOnly?: true }> = {
  add: { cpp: "aie::add(a, b)", model: (a, b) => zip(a, (x, i) => x + b[i]!) },
  add_scalar: { cpp: "aie::add(a, b.get(1))", model: (a, b) => zip(a, (x) => x + b[1]!) },
  sub: { cpp: "aie::sub(a, b)", model: (a, b) => zip(a, (x, i) => x - b[i]!) },
  scalar_sub: { cpp: "aie::sub(a.get(0), b)", model: (a, b) => zip(b, (y) => a[0]! - y) },
  min: { cpp: "aie::min(a, b)", model: (a, b) => zip(a, (x, i) => Math.min(x, b[i]!)) },
  max: { cpp: "aie::max(a, b)", model: (a, b) => zip(a, (x, i) => Math.max(x, b[i]!)) },
  neg: { cpp: "aie::neg(a)", model: (a) => zip(a, (x) => -x), signedOnly: true },
  abs: { cpp: "aie::abs(a)", model: (a) => zip(a, Math.abs), signedOnly: true },
  select_lt: { cpp: "aie::select(a, b, aie::lt(a, b))", model: (a, b) => zip(a, (x, i) => Math.max(x, b[i]!)) },
  select_ge: { cpp: "aie::select(a, b, aie::ge(a, b))", model: (a, b) => zip(a, (x, i) => Math.min(x, b[i]!)) },
  select_masks: {
    cpp: "aie::select(a, b, (aie::le(a, b) & aie::neq(a, b)) | ~aie::gt(b, a.get(0)))",
    model: (a, b) => zip(a, (x, i) => (x < b[i]! || !(b[i]! > a[0]!) ? b[i]! : x)),
  },
  select_eq: {
    cpp: "aie::select(T(5), b, aie::eq(a, b))",
    model: (a, b) => zip(a, (x, i) => (x === b[i] ? b[i]! : 5)),
  },
  zip_low: {
    cpp: "aie::interleave_zip(a, b, n).first",
    model: (a, b, n) => streams(a, b, n).slice(0, a.length),
    n: "step",
  },
  zip_high: {
    cpp: "aie::interleave_zip(a, b, n).second",
    model: (a, b, n) => streams(a, b, n).slice(a.length),
    n: "step",
  },
  unzip_even: { cpp: "aie::interleave_unzip(a, b, n).first", model: (a, b, n) => every([...a, ...b], n, 0), n: "step" },
  unzip_odd: { cpp: "aie::interleave_unzip(a, b, n).second", model: (a, b, n) => every([...a, ...b], n, 1), n: "step" },
  filters: {
    cpp: "aie::concat(aie::filter_odd(a, n), aie::filter_even(b, n))",
    model: (a, b, n) => [...every(a, n, 1), ...every(b, n, 0)],
    n: "step",
  },
  up_fill: {
    cpp: "aie::shuffle_up_fill(a, b, n)",
    model: (a, b, n) => [...b.slice(b.length - n), ...a].slice(0, a.length),
  },
  up_rotate: { cpp: "aie::shuffle_up_rotate(a, n)", model: (a, _, n) => zip(a, (_x, i) => a.at(i - n)!) },
  up_replicate: {
    cpp: "aie::shuffle_up_replicate(a, n)",
    model: (a, _, n) => zip(a, (_x, i) => a[Math.max(0, i - n)]!),
  },
  down_fill: { cpp: "aie::shuffle_down_fill(a, b, n)", model: (a, b, n) => [...a.slice(n), ...b.slice(0, n)] },
  down_rotate: { cpp: "aie::shuffle_down_rotate(a, n)", model: (a, _, n) => [...a.slice(n), ...a.slice(0, n)] },
  down_replicate: {
    cpp: "aie::shuffle_down_replicate(a, n)",
    model: (a, _, n) => zip(a, (_x, i) => a[Math.min(a.length - 1, i + n)]!),
  },
  reverse: { cpp: "aie::reverse(a)", model: (a) => a.toReversed() },
  // n rows: out[column * n + row] = in[row * columns + column].
  transpose: {
    cpp: "aie::transpose(a, n, a.size() / n)",
    model: (a, _, n) => zip(a, (_x, i) => a[(i % n) * (a.length / n) + Math.floor(i / n)]!),
    n: "step",
  },
  transpose_columns: {
    cpp: "aie::transpose(a, a.size(), 1)",
    model: (a) => [...a],
  },
  parts: {
    cpp: "aie::concat(a.template split<N / 2>()[1], b.template split<N / 2>()[0])",
    model: (a, b) => [...a.slice(a.length / 2), ...b.slice(0, b.length / 2)],
  },
  halves: {
    cpp: "aie::concat(b.template extract<N / 2>(1), a.template extract<N / 2>(0))",
    model: (a, b) => [...b.slice(b.length / 2), ...a.slice(0, a.length / 2)],
  },
  insert: {
    cpp: "V(a).insert(1, b.template extract<N / 2>(0))",
    model: (a, b) => [...a.slice(0, a.length / 2), ...b.slice(0, b.length / 2)],
  },
  push: { cpp: "[&] { V v = a; v.push(b.get(2)); return v; }()", model: (a, b) => [b[2]!, ...a.slice(0, -1)] },
  element_set: {
    cpp: "[&] { V v = a; v[n] = b[0]; return v; }()",
    model: (a, b, n) => zip(a, (x, i) => (i === n ? b[0]! : x)),
  },
  bits: {
    cpp: "aie::bit_xor(aie::bit_and(a, b), aie::bit_or(aie::bit_not(a), T(6)))",
    model: (a, b) => zip(a, (x, i) => (x & b[i]!) ^ (~x | 6)),
  },
  upshift: { cpp: "aie::upshift(a, n)", model: (a, _, n) => zip(a, (x) => x << n), n: "bits" },
  downshift: { cpp: "aie::downshift(a, n)", model: (a, _, n) => zip(a, (x) => x >> n), n: "bits" },
  operators: { cpp: "(a + b - a) & (a | b)", model: (a, b) => zip(a, (x, i) => b[i]! & (x | b[i]!)) },
};

const source = `
using namespace aie::operators;
${elements
  .flatMap((type) =>
    Object.entries(operations)
      .filter(([, o]) => !(o.signedOnly && type.startsWith("u")))
      .map(
        ([
          name,
          { cpp },
        ]) => `extern "C" void ${name}_${type}(const ${type} *x, const ${type} *y, int count, ${type} *to) {
  using T = ${type}; constexpr unsigned N = ${lanesOf[type]}; using V = aie::vector<T, N>; [[maybe_unused]] const unsigned n = count;
  [[maybe_unused]] const V a = aie::load_v<N>(x); [[maybe_unused]] const V b = aie::load_v<N>(y);
  aie::store_v(to, V(${cpp})); }`,
      ),
  )
  .join("\n")}
${elements
  .map(
    (
      type,
    ) => `extern "C" int reduce_${type}(const ${type} *x, int op) { const auto a = aie::load_v<${lanesOf[type]}>(x);
  return op == 0 ? aie::reduce_add(a) : op == 1 ? aie::reduce_max(a) : aie::reduce_min(a); }`,
  )
  .join("\n")}
extern "C" int mask_bits(const int16 *x, int bound) {
  const auto m = aie::lt(aie::load_v<16>(x), static_cast<int16>(bound));
  const auto again = aie::mask<16>::from_uint32(m.to_uint32());
  return (int)(again.to_uint32() | again.count() << 16 | (unsigned)again.test(5) << 28 | (unsigned)again.empty() << 29 | (unsigned)again.full() << 30); }
extern "C" void logical_down(const int16 *x, int n, int16 *to) { aie::store_v(to, aie::logical_downshift(aie::load_v<16>(x), n)); }
extern "C" void cast_words(const int32 *x, int16 *to) {
  aie::store_v(to, aie::load_v<16>(x).cast_to<int16>()); aie::store_v(to + 32, aie::vector_cast<int16>(aie::load_v<16>(x))); }
extern "C" void unpacked(const int8 *x, const uint8 *y, int16 *to, uint16 *to_unsigned) {
  aie::store_v(to, aie::load_v<32>(x).unpack()); aie::store_v(to_unsigned, aie::unpack(aie::load_v<32>(y))); }
extern "C" void packed(int saturation, const int16 *x, int8 *to, uint8 *to_unsigned) {
  aie::set_saturation(static_cast<aie::saturation_mode>(saturation)); const auto v = aie::load_v<32>(x);
  aie::store_v(to, v.pack()); aie::store_v(to_unsigned, aie::pack(v.cast_to<uint16>())); }
extern "C" void walk(const int16 *from, int16 *to) {
  auto in = aie::cbegin_restrict_vector<16>(from); auto out = aie::begin_vector<16>(to);
  for (int i = 0; i < 3; ++i) *out++ = aie::add(*in++, 1);
  out -= 3; const aie::vector<int16, 16> first = *out; out[3] = aie::add(first, in[-1]); }
`;

let clang: WasmClang;
let kernel: TestKernel;
beforeAll(async () => {
  clang = await WasmClang.open();
  kernel = await buildKernel(clang, source);
}, startTimeoutMs);
afterAll(() => clang.close());

const view = (type: Element, at: number, count: number) => new arrays[type](kernel.memory.buffer, at, count);

function vectors(type: Element): fc.Arbitrary<number[]> {
  const bits = Number(type.replace(/\D/g, ""));
  const [min, max] = type.startsWith("u") ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  const lane = fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max, 0), fc.integer({ min: 0, max: 3 }));
  return fc.array(lane, { minLength: lanesOf[type], maxLength: lanesOf[type] });
}

const counts = (type: Element, kind: "step" | "bits" | undefined): fc.Arbitrary<number> => {
  if (kind === "bits") return fc.integer({ min: 0, max: Number(type.replace(/\D/g, "")) - 1 });
  if (kind === undefined) return fc.integer({ min: 0, max: lanesOf[type] - 1 });
  return fc.integer({ min: 0, max: Math.log2(lanesOf[type]) - 1 }).map((power) => 2 ** power);
};

test.each(Object.entries(operations))("%s means what the model says, on every integer type", (name, operation) => {
  for (const type of elements) {
    if (operation.signedOnly && type.startsWith("u")) continue;
    fc.assert(
      fc.property(vectors(type), vectors(type), counts(type, operation.n), (a, b, n) => {
        view(type, inputs, a.length).set(a);
        view(type, inputs2, b.length).set(b);
        kernel.call(`${name}_${type}`, inputs, inputs2, n, outputs);
        expect(Array.from(view(type, outputs, a.length)), type).toEqual(
          Array.from(arrays[type].from(operation.model(a, b, n))),
        );
      }),
      { seed, numRuns: 30 },
    );
  }
});

test.each(elements)("reductions of %s: the sum wraps in the element type, the extremes are of it", (type) => {
  fc.assert(
    fc.property(vectors(type), (a) => {
      view(type, inputs, a.length).set(a);
      const results = [0, 1, 2].map((op) => kernel.call(`reduce_${type}`, inputs, op));
      const sum = a.reduce((total, x) => total + x, 0);
      expect(results).toEqual([arrays[type].of(sum)[0], Math.max(...a), Math.min(...a)]);
    }),
    { seed, numRuns: 100 },
  );
});

test("a mask is one bit a lane: count, test, empty, full and the way through a word agree", () => {
  for (const bound of [-5, 0, 3, 16, 100]) {
    view("int16", inputs, 16).set(Array.from({ length: 16 }, (_, i) => i));
    const below = Array.from({ length: 16 }, (_, i) => i < bound);
    const bits = below.reduce((word, yes, i) => word | (Number(yes) << i), 0);
    const count = below.filter(Boolean).length;
    const flags = (Number(below[5]) << 28) | (Number(count === 0) << 29) | (Number(count === 16) << 30);
    expect(kernel.call("mask_bits", inputs, bound)).toBe(bits | (count << 16) | flags);
  }
});

test("logical_downshift shifts zeros into negative lanes", () => {
  view("int16", inputs, 16).fill(-2);
  kernel.call("logical_down", inputs, 3, outputs);
  expect(view("int16", outputs, 16)[0]).toBe(0xfffe >> 3);
});

test("cast_to keeps the bits, low half first", () => {
  view("int32", inputs, 16).fill(0x0003fffe);
  kernel.call("cast_words", inputs, outputs);
  expect(Array.from(view("int16", outputs, 64))).toEqual(Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? -2 : 3)));
});

test("unpack widens bytes by their sign; pack narrows by the saturation mode", () => {
  const x = Array.from({ length: 32 }, (_, i) => (i - 16) * 8 + 1);
  view("int8", inputs, 32).set(x);
  view("uint8", inputs2, 32).set(x.map((v) => v + 127));
  kernel.call("unpacked", inputs, inputs2, outputs, outputs + 64);
  expect(Array.from(view("int16", outputs, 32))).toEqual(x);
  expect(Array.from(new Uint16Array(kernel.memory.buffer, outputs + 64, 32))).toEqual(x.map((v) => v + 127));

  const wide = Array.from({ length: 32 }, (_, i) => (i - 16) * 20 - 1);
  view("int16", inputs, 32).set(wide);
  const clamp = (v: number, min: number, max: number): number => Math.min(max, Math.max(min, v));
  const signed = [
    (v: number) => (v << 24) >> 24,
    (v: number) => clamp(v, -128, 127),
    undefined,
    (v: number) => clamp(v, -127, 127),
  ];
  for (const [mode, narrow] of signed.entries()) {
    if (!narrow) continue;
    kernel.call("packed", mode, inputs, outputs, outputs + 64);
    expect(Array.from(view("int8", outputs, 32)), `mode ${mode}`).toEqual(wide.map(narrow));
    const unsigned = wide.map((v) => (mode === 0 ? v & 0xff : Math.min(255, v & 0xffff)));
    expect(Array.from(view("uint8", outputs + 64, 32)), `mode ${mode}`).toEqual(unsigned);
  }
});

test("iterators step by vectors, forwards and back", () => {
  view("int16", inputs, 48).set(Array.from({ length: 48 }, (_, i) => i));
  kernel.call("walk", inputs, outputs);
  const written = Array.from(view("int16", outputs, 64));
  expect(written.slice(0, 48)).toEqual(Array.from({ length: 48 }, (_, i) => i + 1));
  expect(written.slice(48)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1 + (32 + i)));
});

test("a lane, a step or a shift that does not exist traps", () => {
  expect(trapOf(() => kernel.call("element_set_int16", inputs, inputs2, 16, outputs)).args).toEqual([3, 16, 16]);
  expect(trapOf(() => kernel.call("zip_low_int16", inputs, inputs2, 3, outputs)).args).toEqual([3, 3, 8]);
  expect(trapOf(() => kernel.call("upshift_int16", inputs, inputs2, 16, outputs)).args).toEqual([3, 16, 15]);
});
