import { bf16ToFloat, type RoundingMode, roundingModes } from "@aiekit/core";
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

// The model works on values: it finds the two bfloat16 numbers around a float and picks one by the mode's definition.
const lanes = 16;
const seed = 11;
const modes = Object.keys(roundingModes) as RoundingMode[];

const source = `
using bf = aie::vector<bfloat16, ${lanes}>;
static void mode_is(int mode) { aie::set_rounding(static_cast<aie::rounding_mode>(mode)); }
extern "C" void narrow(int mode, const float *x, bfloat16 *to) {
  mode_is(mode); aie::store_v(to, aie::accum<accfloat, ${lanes}>(aie::load_v<${lanes}>(x)).to_vector<bfloat16>()); }
extern "C" float scalar_narrow(int mode, float x) { mode_is(mode); return bfloat16(x); }
extern "C" void widen(const bfloat16 *x, float *to) {
  aie::store_v(to, aie::accum<accfloat, ${lanes}>(aie::load_v<${lanes}>(x)).to_vector<float>()); }
extern "C" void sum(int mode, const bfloat16 *x, const bfloat16 *y, bfloat16 *to) {
  mode_is(mode); aie::store_v(to, aie::add(aie::load_v<${lanes}>(x), aie::load_v<${lanes}>(y))); }
extern "C" void product(const bfloat16 *x, const bfloat16 *y, const float *acc, float *to) {
  const aie::accum<accfloat, ${lanes}> start(aie::load_v<${lanes}>(acc));
  aie::store_v(to, aie::mac(start, aie::load_v<${lanes}>(x), aie::load_v<${lanes}>(y)).to_vector<float>()); }
extern "C" void implicit(int mode, const bfloat16 *x, const bfloat16 *y, bfloat16 *to) {
  mode_is(mode); const bf z = aie::mul(aie::load_v<${lanes}>(x), aie::load_v<${lanes}>(y)); aie::store_v(to, z); }
extern "C" void signs(const bfloat16 *x, bfloat16 *to) {
  const bf a = aie::load_v<${lanes}>(x); aie::store_v(to, aie::neg(a)); aie::store_v(to + 16, aie::abs(a));
  aie::store_v(to + 32, aie::max(a, aie::reverse(a))); aie::store_v(to + 48, aie::select(a, aie::zeros<bfloat16, ${lanes}>(), aie::lt(a, aie::zeros<bfloat16, ${lanes}>()))); }
extern "C" float reduce_float(const float *x) { return aie::reduce_add(aie::load_v<32>(x)); }
extern "C" float most(const float *x) { return aie::reduce_max(aie::load_v<16>(x)) - aie::reduce_min(aie::load_v<16>(x)); }
extern "C" float most_bf16(const bfloat16 *x) { return aie::reduce_max(aie::load_v<${lanes}>(x)); }
extern "C" float least_bf16(const bfloat16 *x) { return aie::reduce_min(aie::load_v<${lanes}>(x)); }
extern "C" float inverse(float x) { return aie::inv(x); }
extern "C" void floated_short(const int16 *x, float *to) { aie::store_v(to, aie::to_float<float>(aie::load_v<${lanes}>(x), 3)); }
extern "C" void floated_byte(const uint8 *x, bfloat16 *to) { aie::store_v(to, aie::to_float<bfloat16>(aie::load_v<${lanes}>(x), -1)); }
extern "C" float reduce_bf16(int mode, const bfloat16 *x) { mode_is(mode); return aie::reduce_add(aie::load_v<${lanes}>(x)); }
extern "C" void fixed_bf16(const bfloat16 *x, int shift, int32 *to) { aie::store_v(to, aie::to_fixed<int32>(aie::load_v<${lanes}>(x), shift)); }
extern "C" void fixed_float(const float *x, int shift, int32 *to) { aie::store_v(to, aie::to_fixed<int32>(aie::load_v<${lanes}>(x), shift)); }
extern "C" void floated(const int32 *x, int shift, float *to) { aie::store_v(to, aie::to_float<float>(aie::load_v<${lanes}>(x), shift)); }
extern "C" int swapped() {
  mode_is(12); const auto before = aie::swap_rounding(aie::rounding_mode::ceil);
  aie::set_saturation(aie::saturation_mode::symmetric); const auto sat = aie::swap_saturation(aie::saturation_mode::none);
  return (int)before | (int)aie::get_rounding() << 4 | (int)sat << 8 | (int)aie::tile::current().get_saturation() << 12; }
`;

let clang: WasmClang;
let kernel: TestKernel;
beforeAll(async () => {
  clang = await WasmClang.open();
  kernel = await buildKernel(clang, source);
}, startTimeoutMs);
afterAll(() => clang.close());

const floats = (at: number, count = lanes) => new Float32Array(kernel.memory.buffer, at, count);
const halves = (at: number, count = lanes) => new Uint16Array(kernel.memory.buffer, at, count);
const words = (at: number, count = lanes) => new Int32Array(kernel.memory.buffer, at, count);

/** The bfloat16 value that `mode` makes of a finite x, chosen between the neighbours of x by the mode's words. */
function narrowed(x: number, mode: RoundingMode): number {
  const toZero = bf16ToFloat(new Uint32Array(Float32Array.of(x).buffer)[0]! >>> 16);
  if (toZero === x || Object.is(x, 0)) return toZero;
  const away = bf16ToFloat((new Uint32Array(Float32Array.of(x).buffer)[0]! >>> 16) + 1);
  const [low, high] = x < 0 ? [away, toZero] : [toZero, away];
  const evenBits = (new Uint32Array(Float32Array.of(x).buffer)[0]! >>> 16) % 2 === 0;
  // An infinite neighbour stands for 2^128, where the next number would be.
  const size = (v: number): number => (Number.isFinite(v) ? v : Math.sign(v) * 2 ** 128);
  const distance = x - size(low) - (size(high) - x);
  const nearest = distance < 0 ? low : high;
  const tie = (yes: number): number => (distance === 0 ? yes : nearest);
  switch (mode) {
    case "floor":
      return low;
    case "ceil":
      return high;
    case "symmetric_floor":
      return toZero;
    case "symmetric_ceil":
      return away;
    case "negative_inf":
      return tie(low);
    case "positive_inf":
      return tie(high);
    case "symmetric_zero":
      return tie(toZero);
    case "symmetric_inf":
      return tie(away);
    case "conv_even":
      return tie(evenBits ? toZero : away);
    case "conv_odd":
      return tie(evenBits ? away : toZero);
  }
}

const finite = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -(2 ** 20), max: 2 ** 20 }).map((n) => n / 256),
  fc.constantFrom(
    1.00390625,
    -1.00390625,
    1.01171875,
    -1.01171875,
    3.4028234663852886e38,
    -3.4028234663852886e38,
    0,
    -0,
  ),
);
const vector = fc.array(finite, { minLength: lanes, maxLength: lanes });
const bf16s = fc.array(
  fc.integer({ min: -40, max: 40 }).map((n) => n / 8),
  { minLength: lanes, maxLength: lanes },
);
const asBits = (values: readonly number[]): number[] =>
  values.map((v) => new Uint32Array(Float32Array.of(v).buffer)[0]! >>> 16);

test.each(modes)("float to bfloat16 under %s is the neighbour that the mode names, for vectors and scalars", (mode) => {
  fc.assert(
    fc.property(vector, (x) => {
      floats(inputs).set(x);
      kernel.call("narrow", roundingModes[mode], inputs, outputs);
      const expected = x.map((v) => narrowed(v, mode));
      expect(Array.from(halves(outputs), bf16ToFloat)).toEqual(expected);
      expect(kernel.call("scalar_narrow", roundingModes[mode], x[0]!)).toEqual(expected[0]);
    }),
    { seed, numRuns: 100 },
  );
});

test("NaN stays NaN and infinity stays infinity in every mode", () => {
  floats(inputs).set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  // A NaN whose payload lies in the lower half only must not become infinity.
  new Uint32Array(kernel.memory.buffer, inputs, lanes)[3] = 0x7f800001;
  for (const mode of modes) {
    kernel.call("narrow", roundingModes[mode], inputs, outputs);
    const [nan, plus, minus, small] = Array.from(halves(outputs), bf16ToFloat);
    expect([nan, plus, minus, small]).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ]);
  }
});

test("a NaN, or infinities of both signs, in any lane change no other lane", () => {
  const numbers = Array.from({ length: lanes }, (_, i) => (i % 2 ? -1 : 1) * (1 + (2 * i + 1) / 256));
  const expected = numbers.map((v) => narrowed(v, "conv_even"));
  for (let lane = 0; lane < lanes; lane++) {
    for (const specials of [[Number.NaN], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]]) {
      const place = (values: readonly number[]): number[] =>
        values.map((v, i) => specials[(i - lane + lanes) % lanes] ?? v);
      floats(inputs).set(place(numbers));
      kernel.call("narrow", roundingModes.conv_even, inputs, outputs);
      expect(Array.from(halves(outputs), bf16ToFloat)).toEqual(place(expected));
    }
  }
});

test("bfloat16 widens exactly; a sum is rounded once, a product is exact in its accumulator", () => {
  fc.assert(
    fc.property(bf16s, bf16s, fc.constantFrom(...modes), (x, y, mode) => {
      halves(inputs).set(asBits(x));
      halves(inputs2).set(asBits(y));
      floats(inputs3).set(x.map((_, i) => i / 3));
      kernel.call("widen", inputs, outputs);
      expect(Array.from(floats(outputs))).toEqual(x);
      kernel.call("sum", roundingModes[mode], inputs, inputs2, outputs);
      expect(Array.from(halves(outputs), bf16ToFloat)).toEqual(x.map((v, i) => narrowed(v + y[i]!, mode)));
      kernel.call("product", inputs, inputs2, inputs3, outputs);
      expect(Array.from(floats(outputs))).toEqual(x.map((v, i) => Math.fround(Math.fround(i / 3) + v * y[i]!)));
      kernel.call("implicit", roundingModes[mode], inputs, inputs2, outputs);
      expect(Array.from(halves(outputs), bf16ToFloat)).toEqual(x.map((v, i) => narrowed(v * y[i]!, mode)));
    }),
    { seed, numRuns: 100 },
  );
});

test("bfloat16: neg, abs, max and compare go by value", () => {
  const x = Array.from({ length: lanes }, (_, i) => (i - 8) / 4);
  halves(inputs).set(asBits(x));
  kernel.call("signs", inputs, outputs);
  const got = Array.from(halves(outputs, 64), bf16ToFloat).map((v) => v + 0);
  const expected = [
    x.map((v) => -v),
    x.map(Math.abs),
    x.map((v, i) => Math.max(v, x[15 - i]!)),
    x.map((v) => Math.max(v, 0)),
  ];
  expect(got).toEqual(expected.flat().map((v) => v + 0));
});

test("float sums fold halves; bfloat16 sums are narrowed once, by the rounding mode", () => {
  const x = Float32Array.from({ length: 32 }, (_, i) => 1 / (i + 1));
  floats(inputs, 32).set(x);
  const tree = (v: number[]): number =>
    v.length === 1 ? v[0]! : tree(v.slice(0, v.length / 2).map((a, i) => Math.fround(a + v[i + v.length / 2]!)));
  expect(kernel.call("reduce_float", inputs)).toBe(tree(Array.from(x)));

  expect(kernel.call("most", inputs)).toBe(Math.fround(1 - Math.fround(1 / 16)));

  // The exact sum is 16.1796875; above 16 the neighbours are 1/8 apart, so it lies between 16.125 and 16.25.
  halves(inputs).set(asBits(Array(16).fill(1 + 2 ** -7)));
  halves(inputs)[0] = asBits([1.0625])[0]!;
  const exact = 15 * (1 + 2 ** -7) + 1.0625;
  for (const mode of modes) expect(kernel.call("reduce_bf16", roundingModes[mode], inputs)).toBe(narrowed(exact, mode));
});

test("to_fixed of bfloat16 floors whatever the mode; of float it takes the nearest, ties towards zero", () => {
  const x = [0.5, -0.5, 1.5, -1.5, 0.75, -0.75, 2.25, -2.25, 100, -100, 0, 0.25, -0.25, 3.5, -3.5, 7];
  halves(inputs).set(asBits(x));
  floats(inputs2).set(x);
  kernel.call("fixed_bf16", inputs, 0, outputs);
  expect(Array.from(words(outputs))).toEqual(x.map(Math.floor));
  kernel.call("fixed_float", inputs2, 1, outputs);
  const nearest = (v: number): number => Math.sign(v) * Math.ceil(Math.abs(v) - 0.5) + 0;
  expect(Array.from(words(outputs))).toEqual(x.map((v) => nearest(2 * v)));
});

test("to_fixed of float is the nearest where a half cannot be held, and saturates", () => {
  const x = [8388609, -8388609, 16777215, 8388607.5, 0.49999997, -0.49999997, 2 ** 31, -(2 ** 31), 3e38, -3e38];
  floats(inputs).fill(0);
  floats(inputs).set(x);
  kernel.call("fixed_float", inputs, 0, outputs);
  const expected = [8388609, -8388609, 16777215, 8388607, 0, 0, 2 ** 31 - 1, -(2 ** 31), 2 ** 31 - 1, -(2 ** 31)];
  expect(Array.from(words(outputs)).slice(0, x.length)).toEqual(expected);
});

test("the extremes of bfloat16 are lanes of it, wherever they lie", () => {
  fc.assert(
    fc.property(bf16s, fc.constantFrom(...modes), (x, mode) => {
      halves(inputs).set(asBits(x));
      kernel.call("scalar_narrow", roundingModes[mode], 0);
      expect(kernel.call("most_bf16", inputs)).toBe(Math.max(...x));
      expect(kernel.call("least_bf16", inputs)).toBe(Math.min(...x));
    }),
    { seed, numRuns: 100 },
  );
});

test("integers of 8 and 16 bits become floats exactly; inv is a division", () => {
  const x = Array.from({ length: lanes }, (_, i) => (i === 0 ? -32768 : 32767 - i * 4321));
  new Int16Array(kernel.memory.buffer, inputs, lanes).set(x);
  kernel.call("floated_short", inputs, outputs);
  expect(Array.from(floats(outputs))).toEqual(x.map((v) => v / 8));
  const bytes = Array.from({ length: lanes }, (_, i) => 255 - 17 * i);
  new Uint8Array(kernel.memory.buffer, inputs, lanes).set(bytes);
  kernel.call("floated_byte", inputs, outputs);
  expect(Array.from(halves(outputs), bf16ToFloat)).toEqual(bytes.map((v) => 2 * v));
  expect(kernel.call("inverse", 3)).toBe(Math.fround(1 / 3));
});

test("to_float divides by 2^shift", () => {
  words(inputs).set(Array.from({ length: lanes }, (_, i) => (i - 8) * 1001));
  kernel.call("floated", inputs, 5, outputs);
  expect(Array.from(floats(outputs))).toEqual(Array.from({ length: lanes }, (_, i) => ((i - 8) * 1001) / 32));
});

test("swap_rounding and swap_saturation give the mode before, and set the new one", () => {
  expect(kernel.call("swapped")).toBe(12 | (1 << 4) | (3 << 8) | (0 << 12));
});
