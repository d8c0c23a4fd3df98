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

const arrays = { int8: Int8Array, int16: Int16Array, int32: Int32Array } as const;
type Element = keyof typeof arrays;
const shapes = [
  [4, 8, 8, "int8", "int8", 32],
  [8, 16, 8, "int8", "int8", 32],
  [4, 4, 8, "int16", "int8", 32],
  [4, 4, 4, "int16", "int16", 32],
  [2, 8, 8, "int16", "int16", 32],
  [4, 4, 8, "int32", "int16", 64],
  [8, 2, 4, "int32", "int32", 64],
] as const satisfies readonly (readonly [number, number, number, Element, Element, 32 | 64])[];

const name = ([m, k, n, a, b]: readonly [number, number, number, string, string, ...unknown[]]): string =>
  `mmul_${m}x${k}x${n}_${a}_${b}`;
const entry = (m: number, k: number, n: number, a: string, b: string): string => `
extern "C" void ${name([m, k, n, a, b])}(const ${a} *x, const ${b} *y, const void *start, void *to) {
  using mm = aie::mmul<${m}, ${k}, ${n}, ${a}, ${b}>; typename mm::accum_type::native_type v;
  __builtin_memcpy(&v, start, sizeof v);
  mm c{typename mm::accum_type(v)}; aie::vector<${a}, mm::size_A> p; aie::vector<${b}, mm::size_B> q;
  __builtin_memcpy(&p, x, sizeof p); __builtin_memcpy(&q, y, sizeof q);
  c.mac(p, q); v = c.to_accum().to_native(); __builtin_memcpy(to, &v, sizeof v); }`;

let clang: WasmClang;
let kernel: TestKernel;
beforeAll(async () => {
  clang = await WasmClang.open();
  const entries = [...shapes.map(([m, k, n, a, b]) => entry(m, k, n, a, b)), entry(4, 16, 4, "bfloat16", "bfloat16")];
  kernel = await buildKernel(clang, entries.join("\n"), { exports: ["aiekit_ops"] });
}, startTimeoutMs);
afterAll(() => clang.close());

const vector = (type: Element, length: number): fc.Arbitrary<number[]> => {
  const most = 2 ** (Number(type.slice(3)) - 1);
  return fc.array(fc.oneof(fc.integer({ min: -most, max: most - 1 }), fc.constantFrom(-most, most - 1)), {
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
      kernel.call(name([m, k, n, a, b]), inputs, inputs2, inputs3, outputs);

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

test("bfloat16 mmul adds exact products to a float in order of k", () => {
  const bits = (v: number): number => new Uint32Array(Float32Array.of(v).buffer)[0]! >>> 16;
  const [x, y] = [0, 1].map((s) =>
    Uint16Array.from({ length: 64 }, (_, i) => bits(Math.sin(i * 1.7 + s) * 2 ** (i % 9))),
  );
  new Uint16Array(kernel.memory.buffer, inputs, 64).set(x!);
  new Uint16Array(kernel.memory.buffer, inputs2, 64).set(y!);
  new Float32Array(kernel.memory.buffer, inputs3, 16).fill(1 / 3);
  kernel.call("mmul_4x16x4_bfloat16_bfloat16", inputs, inputs2, inputs3, outputs);

  const expected = Array.from({ length: 16 }, (_, i) => {
    let acc = Math.fround(1 / 3);
    for (let k = 0; k < 16; k++) {
      acc = Math.fround(acc + bf16ToFloat(x![Math.floor(i / 4) * 16 + k]!) * bf16ToFloat(y![k * 4 + (i % 4)]!));
    }
    return acc;
  });
  expect(Array.from(new Float32Array(kernel.memory.buffer, outputs, 16))).toEqual(expected);
});

test("a 4x8x8 product of int8 is one issue, 4x4x8 of int32 x int16 four", () => {
  kernel.call("aiekit_ops", 2);
  kernel.call("mmul_4x8x8_int8_int8", inputs, inputs2, inputs3, outputs);
  expect(kernel.call("aiekit_ops", 2)).toBe(1);
  kernel.call("mmul_4x4x8_int32_int16", inputs, inputs2, inputs3, outputs);
  expect(kernel.call("aiekit_ops", 2)).toBe(4);
});

test("a shape that AIE2 does not have does not compile", async () => {
  const failed = await buildKernel(clang, 'extern "C" void f() { aie::mmul<8, 8, 16, int8> c; (void)c; }').catch(
    (e: unknown) => e,
  );

  expect(failed).toBeInstanceOf(ToolError);
  expect((failed as ToolError).failure.stderr).toContain("aie::mmul: no such shape for these types");
});
