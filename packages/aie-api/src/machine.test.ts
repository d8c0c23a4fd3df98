import { ToolError } from "@aiekit/core";
import { WasmClang } from "@aiekit/wasm-clang";
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

const source = `
extern "C" void copy(const int16 *x, int16 *to) { aie::store_v(to, aie::load_v<16>(x)); }
extern "C" void copy_small(const int16 *x, int16 *to) { aie::store_v(to, aie::load_v<8>(x)); }
extern "C" void copy_large(const int32 *x, int32 *to) { aie::store_v(to, aie::load_v<32>(x)); }
extern "C" void copy_unaligned(const int16 *x, int16 *to) { aie::store_unaligned_v(to, aie::load_unaligned_v<16>(x)); }
extern "C" void copy_floor(const int16 *x, int16 *to) { aie::store_v(to, aie::load_floor_v<16>(x)); }
extern "C" void work(const int16 *x, const int16 *y, int16 *to) {
  const auto p = aie::mul(aie::load_v<32>(x), aie::load_v<32>(y));
  aie::store_v(to, p.to_vector<int16>(15));
  AIEKIT_SCALAR_CYCLES(7); }
extern "C" void wide(const int32 *x, int32 *to) {
  const auto v = aie::load_v<32>(x); aie::store_v(to, aie::mul(v, v).to_vector<int32>(4)); }
extern "C" void either(int which, const int16 *x, int16 *to) {
  if (which) aie::store_v(to, aie::add(aie::load_v<16>(x), 1)); else aie::store_v(to, aie::mul(aie::load_v<16>(x), aie::load_v<16>(x)).to_vector<int16>(1));
  if (which > 1) aie::set_rounding(aie::rounding_mode::ceil); else aie::set_saturation(aie::saturation_mode::saturate); }
extern "C" void marked(const int16 *x, int16 *to) { event0(); copy(x, to); event1(); }
extern "C" void moved(const int16 *x, const int16 *y, int16 *to) {
  const auto [low, high] = aie::interleave_zip(aie::load_v<32>(x), aie::load_v<32>(y), 1);
  aie::store_v(to, aie::add(aie::reverse(low), high)); }
extern "C" void set_ceil() { aie::set_rounding(aie::rounding_mode::ceil); }
extern "C" void shift_one(const int32 *x, int32 *to) { aie::store_v(to, aie::accum<acc64, 16>(aie::load_v<16>(x)).to_vector<int32>(1)); }
`;

let clang: WasmClang;
let kernel: TestKernel;
beforeAll(async () => {
  clang = await WasmClang.open();
  kernel = await buildKernel(clang, source, { exports: ["aiekit_ops", "aiekit_shuffles", "aiekit_counted"] });
}, startTimeoutMs);
afterAll(() => clang.close());

const counts = (k = kernel): number[] => [0, 1, 2, 3, 4].map((kind) => k.call("aiekit_ops", kind));

test("AIE2: a vector of 128 bits needs 16 bytes of alignment, a larger one 32; a trap names address and need", () => {
  kernel.call("copy_small", inputs + 16, outputs + 16);
  kernel.call("copy_large", inputs + 32, outputs + 32);

  expect(trapOf(() => kernel.call("copy_small", inputs + 8, outputs)).args).toEqual([1, inputs + 8, 16]);
  expect(trapOf(() => kernel.call("copy", inputs + 16, outputs)).args).toEqual([1, inputs + 16, 32]);
  expect(trapOf(() => kernel.call("copy", inputs, outputs + 2)).args).toEqual([1, outputs + 2, 32]);
});

test("AIE2P: vectors of 512 bits and more need 64 bytes", async () => {
  const aie2p = await buildKernel(clang, source, { arch: 21, exports: ["aiekit_ops"] });

  expect(trapOf(() => aie2p.call("copy_large", inputs + 32, outputs)).args).toEqual([1, inputs + 32, 64]);
});

test("unaligned loads and stores take any element; floor loads drop the low bits of the address", () => {
  const memory = new Int16Array(kernel.memory.buffer);
  for (let i = 0; i < 64; i++) memory[inputs / 2 + i] = i;
  kernel.call("copy_unaligned", inputs + 6, outputs + 2);
  expect(memory[(outputs + 2) / 2]).toBe(3);
  kernel.call("copy_floor", inputs + 38, outputs);
  expect(memory[outputs / 2]).toBe(16);
});

test("operations are counted: bytes, multiplier and other vector cycles, declared scalar cycles; asking resets", () => {
  counts();
  kernel.call("work", inputs, inputs2, outputs);
  // 2 loads and a store of 64 bytes; 32 lanes of 16x16 are one issue; the way out is 1,024 bits of accumulator, one issue.
  expect(counts()).toEqual([128, 64, 1, 1, 7]);
  expect(counts()).toEqual([0, 0, 0, 0, 0]);
  kernel.call("wide", inputs, outputs);
  // 32 lanes of 32x32: 16 lanes at a time in two steps each; 2,048 bits of accumulator go out in two.
  expect(counts()).toEqual([128, 128, 4, 2, 0]);
});

test("shuffles are vector issues, and are counted apart besides", () => {
  counts();
  kernel.call("aiekit_shuffles");
  kernel.call("moved", inputs, inputs2, outputs);
  kernel.call("copy_unaligned", inputs, outputs);
  kernel.call("work", inputs, inputs2, outputs);

  // zip moves two vectors of 512 bits, reverse one; load and store without alignment one each; add and the products' end none.
  expect(counts()[3]).toBe(2 + 1 + 1 + 2 + 1);
  expect(kernel.call("aiekit_shuffles")).toBe(2 + 1 + 2);
  expect(kernel.call("aiekit_shuffles")).toBe(0);
});

test("counts are compared with others at once, and start anew where they are the same", () => {
  const shuffles = () => kernel.call("aiekit_shuffles");
  counts();
  shuffles();
  kernel.call("moved", inputs, inputs2, outputs);
  const moved = counts();
  const of = [...moved, shuffles()] as number[];
  kernel.call("moved", inputs, inputs2, outputs);

  for (let kind = 0; kind < of.length; kind++) {
    const other = of.map((count, i) => (i === kind ? count + 1 : count));
    expect(kernel.call("aiekit_counted", ...other), `kind ${kind}`).toBe(0);
  }
  expect(kernel.call("aiekit_counted", ...of)).toBe(1);
  expect([...counts(), shuffles()]).toEqual([0, 0, 0, 0, 0, 0]);
});

test("an unknown kind of count traps", () => {
  expect(trapOf(() => kernel.call("aiekit_ops", 5)).args).toEqual([3, 5, 4]);
});

test("branches that count or set different registers compile, and count what they run", () => {
  counts();
  kernel.call("either", 1, inputs, outputs);
  expect(counts()).toEqual([32, 32, 0, 1, 0]);
  kernel.call("either", 0, inputs, outputs);
  expect(counts()).toEqual([64, 32, 1, 1, 0]);
});

test("event0 and event1 reach the host in order", () => {
  kernel.call("marked", inputs, outputs);
  expect(kernel.events.slice(-2)).toEqual([0, 1]);
});

test("control registers start at floor, survive from call to call, and are a core's own", async () => {
  const other = await buildKernel(clang, source, { exports: ["aiekit_ops"] });
  const half = (k: TestKernel): number => {
    new Int32Array(k.memory.buffer, inputs, 16).fill(3);
    k.call("shift_one", inputs, outputs);
    return new Int32Array(k.memory.buffer, outputs, 1)[0]!;
  };

  expect(half(other)).toBe(1);
  other.call("set_ceil");
  expect(half(other)).toBe(2);
  const fresh = await buildKernel(clang, source, { exports: ["aiekit_ops"] });
  expect(half(fresh)).toBe(1);
});

const rejected: readonly (readonly [fact: string, body: string, message: string])[] = [
  ["a vector of 96 bits", "aie::vector<int16, 6> v;", "a vector has 128, 256, 512 or 1024 bits"],
  ["a vector of 2048 bits", "aie::vector<int32, 64> v;", "a vector has 128, 256, 512 or 1024 bits"],
  [
    "an integer accumulator as a vector without a shift",
    "aie::vector<int16, 16> v = aie::mul(aie::zeros<int16, 16>(), aie::zeros<int16, 16>());",
    "no viable conversion from 'accum<",
  ],
  [
    "float times float on AIE2",
    "auto v = aie::mul(aie::zeros<float, 16>(), aie::zeros<float, 16>());",
    "AIE2 has no float multiplier",
  ],
  [
    "bfloat16 times int16",
    "auto v = aie::mul(aie::zeros<bfloat16, 16>(), aie::zeros<int16, 16>());",
    "one operand is an integer, the other is not",
  ],
  [
    "vectors of different lengths",
    "auto v = aie::mul(aie::zeros<int16, 16>(), aie::zeros<int16, 32>());",
    "no matching function",
  ],
  [
    "a 32-bit accumulator as 64-bit lanes",
    "auto v = aie::accum<acc64, 16>(aie::zeros<bfloat16, 16>());",
    "integers go into integer accumulators",
  ],
];

test.each(rejected)("does not compile: %s", async (_fact, body, message) => {
  const failed = await buildKernel(clang, `extern "C" void f() { ${body} (void)v; }`).catch((error: unknown) => error);

  expect(failed).toBeInstanceOf(ToolError);
  expect((failed as ToolError).failure.stderr).toContain(message);
});
