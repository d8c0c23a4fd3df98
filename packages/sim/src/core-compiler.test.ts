import { bf16ToFloat, floatToBf16 } from "@aiekit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { arrayOf, coreDesign, inAndOut } from "./lowered-design.test-support.ts";

/** Runs a core body on words: `%in` and `%out` are `memref<Nxi32>`. */
async function onWords(
  input: Int32Array,
  work: string,
  declarations = "",
  outWords = input.length,
): Promise<Int32Array> {
  const text = coreDesign({
    input: `memref<${input.length}xi32>`,
    output: `memref<${outWords}xi32>`,
    inputBytes: input.byteLength,
    outputBytes: outWords * 4,
    inputElements: input.length,
    outputElements: outWords,
    declarations,
    work,
  });
  const output = new Int32Array(outWords);
  await arrayOf(text).run(inAndOut(input, output));
  return output;
}

/** An element-wise body: `lines` compute `%_r` from `%_a` and `%_b`, which are elements 0 and 1. */
const onPair = (lines: string): string => `
  %_a = memref.load %in[%c0] : memref<2xi32>
  %_b = memref.load %in[%c1] : memref<2xi32>
  ${lines}
  memref.store %_r, %out[%c0] : memref<1xi32>`;

async function pair(a: number, b: number, lines: string): Promise<number> {
  return (await onWords(Int32Array.of(a, b), onPair(lines), "", 1))[0]!;
}

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const i32 = (value: bigint): number => Number(BigInt.asIntN(32, value));
const u32 = (value: bigint): bigint => BigInt.asUintN(32, value);

/** Integer operations against BigInt arithmetic. */
const integerOps: readonly [name: string, oracle: (a: bigint, b: bigint) => bigint, b?: fc.Arbitrary<number>][] = [
  ["addi", (a, b) => a + b],
  ["subi", (a, b) => a - b],
  ["muli", (a, b) => a * b],
  ["andi", (a, b) => a & b],
  ["ori", (a, b) => a | b],
  ["xori", (a, b) => a ^ b],
  ["divsi", (a, b) => a / b, word.filter((b) => b !== 0)],
  ["remsi", (a, b) => a % b, word.filter((b) => b !== 0)],
  ["divui", (a, b) => u32(a) / u32(b), word.filter((b) => b !== 0)],
  ["remui", (a, b) => u32(a) % u32(b), word.filter((b) => b !== 0)],
  ["shli", (a, b) => a << b, fc.integer({ min: 0, max: 31 })],
  ["shrsi", (a, b) => a >> b, fc.integer({ min: 0, max: 31 })],
  ["shrui", (a, b) => u32(a) >> b, fc.integer({ min: 0, max: 31 })],
  ["maxsi", (a, b) => (a - b > 0n ? a : b)],
  ["minui", (a, b) => (u32(a) < u32(b) ? a : b)],
];

test.each(integerOps)("arith.%s of i32 wraps like 32-bit arithmetic", async (name, oracle, second = word) => {
  await fc.assert(
    fc.asyncProperty(word, second, async (a, b) => {
      const result = await pair(a, b, `%_r = arith.${name} %_a, %_b : i32`);

      expect(result).toBe(i32(oracle(BigInt(a), BigInt(b))));
    }),
    { numRuns: 25 },
  );
});

test.each([8, 16, 64])("products of i%i wrap at their width", async (bits) => {
  const narrow = bits < 32;
  const lines = `
    %_x = arith.${narrow ? "trunci" : "extsi"} %_a : i32 to i${bits}
    %_y = arith.${narrow ? "trunci" : "extsi"} %_b : i32 to i${bits}
    %_z = arith.muli %_x, %_y : i${bits}
    ${narrow ? "" : `%_s = arith.constant 32 : i64\n%_h = arith.shrsi %_z, %_s : i64`}
    %_r = arith.${narrow ? "extsi" : "trunci"} ${narrow ? "%_z" : "%_h"} : i${bits} to i32`;
  await fc.assert(
    fc.asyncProperty(word, word, async (a, b) => {
      const [x, y] = [BigInt.asIntN(bits, BigInt(a)), BigInt.asIntN(bits, BigInt(b))];
      const product = BigInt.asIntN(bits, x * y);

      expect(await pair(a, b, lines)).toBe(i32(narrow ? product : product >> 32n));
    }),
    { numRuns: 25 },
  );
});

test("comparisons: -1 is below 1 when signed, above it when unsigned", async () => {
  const compare = (predicate: string): string => `
    %_c = arith.cmpi ${predicate}, %_a, %_b : i32
    %_r = arith.extui %_c : i1 to i32`;

  expect(await pair(-1, 1, compare("slt"))).toBe(1);
  expect(await pair(-1, 1, compare("ult"))).toBe(0);
  expect(await pair(-1, 1, compare("uge"))).toBe(1);
  expect(await pair(4, 4, compare("ne"))).toBe(0);
});

test("a true i1 is -1 when sign-extended", async () => {
  expect(await pair(3, 3, "%_c = arith.cmpi eq, %_a, %_b : i32\n%_r = arith.extsi %_c : i1 to i32")).toBe(-1);
});

test("bf16 sums are rounded to f32, then to bf16", async () => {
  const lines = `
    %_x = arith.sitofp %_a : i32 to f32
    %_y = arith.truncf %_x : f32 to bf16
    %_k = arith.constant 3.015625e+00 : bf16
    %_s = arith.addf %_y, %_k : bf16
    %_w = arith.extf %_s : bf16 to f32
    %_r = arith.bitcast %_w : f32 to i32`;
  const expected = new Float32Array([bf16ToFloat(floatToBf16(bf16ToFloat(floatToBf16(1001)) + 3.015625))]);

  expect(await pair(1001, 0, lines)).toBe(new Int32Array(expected.buffer)[0]);
});

test("scf.for carries values, scf.if yields one of two", async () => {
  const input = Int32Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? i : -i));
  const work = `
    %_n = arith.constant 8 : index
    %_z = arith.constant 0 : i32
    %_sum = scf.for %_i = %c0 to %_n step %c1 iter_args(%_acc = %_z) -> (i32) {
      %_x = memref.load %in[%_i] : memref<8xi32>
      %_c = arith.cmpi slt, %_x, %_z : i32
      %_y = scf.if %_c -> (i32) {
        %_m = arith.subi %_z, %_x : i32
        scf.yield %_m : i32
      } else {
        scf.yield %_x : i32
      }
      %_t = arith.addi %_acc, %_y : i32
      scf.yield %_t : i32
    }
    memref.store %_sum, %out[%c0] : memref<1xi32>`;

  expect([...(await onWords(input, work, "", 1))]).toEqual([28]);
});

test("scf.while with swapped values computes a greatest common divisor", async () => {
  const work = `
    %_a = memref.load %in[%c0] : memref<2xi32>
    %_b = memref.load %in[%c1] : memref<2xi32>
    %_z = arith.constant 0 : i32
    %_g:2 = scf.while (%_x = %_a, %_y = %_b) : (i32, i32) -> (i32, i32) {
      %_c = arith.cmpi ne, %_y, %_z : i32
      scf.condition(%_c) %_x, %_y : i32, i32
    } do {
    ^bb0(%_x: i32, %_y: i32):
      %_m = arith.remsi %_x, %_y : i32
      scf.yield %_y, %_m : i32, i32
    }
    memref.store %_g#0, %out[%c0] : memref<1xi32>`;

  expect([...(await onWords(Int32Array.of(1071, 462), work, "", 1))]).toEqual([21]);
});

test("values that a loop passes on crosswise are swapped, in scf and in cf form", async () => {
  const scf = `
    %_a = memref.load %in[%c0] : memref<2xi32>
    %_b = memref.load %in[%c1] : memref<2xi32>
    %_n = arith.constant 3 : index
    %_s:2 = scf.for %_i = %c0 to %_n step %c1 iter_args(%_x = %_a, %_y = %_b) -> (i32, i32) {
      scf.yield %_y, %_x : i32, i32
    }
    memref.store %_s#0, %out[%c0] : memref<2xi32>
    memref.store %_s#1, %out[%c1] : memref<2xi32>`;
  const cf = `
    func.call @crosswise(%in, %out) : (memref<2xi32>, memref<2xi32>) -> ()`;
  const crosswise = `func.func private @crosswise(%in: memref<2xi32>, %out: memref<2xi32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = arith.constant 3 : index
    %a = memref.load %in[%c0] : memref<2xi32>
    %b = memref.load %in[%c1] : memref<2xi32>
    cf.br ^loop(%c0, %a, %b : index, i32, i32)
  ^loop(%i: index, %x: i32, %y: i32):
    %more = arith.cmpi slt, %i, %n : index
    %next = arith.addi %i, %c1 : index
    cf.cond_br %more, ^loop(%next, %y, %x : index, i32, i32), ^done
  ^done:
    memref.store %x, %out[%c0] : memref<2xi32>
    memref.store %y, %out[%c1] : memref<2xi32>
    return
  }`;

  expect([...(await onWords(Int32Array.of(5, 9), scf))]).toEqual([9, 5]);
  expect([...(await onWords(Int32Array.of(5, 9), cf, crosswise))]).toEqual([9, 5]);
});

test("memref.copy moves elements to where the other memory has them, and stays inside a view", async () => {
  const work = `
    %_a = memref.reinterpret_cast %in to offset: [0], sizes: [3, 4], strides: [4, 1] : memref<12xi32> to memref<3x4xi32>
    %_part = memref.subview %_a[0, 1] [2, 2] [1, 1] : memref<3x4xi32> to memref<2x2xi32, strided<[4, 1], offset: 1>>
    %_b = memref.reinterpret_cast %out to offset: [0], sizes: [2, 2], strides: [2, 1] : memref<5xi32> to memref<2x2xi32>
    memref.copy %_part, %_b : memref<2x2xi32, strided<[4, 1], offset: 1>> to memref<2x2xi32>`;
  const input = Int32Array.from({ length: 12 }, (_, i) => 100 + i);

  expect([...(await onWords(input, work, "", 5))]).toEqual([101, 102, 105, 106, 0]);
});

test("memrefs through views: subview, collapse_shape and reinterpret_cast name the same words", async () => {
  const work = `
    %_g = memref.reinterpret_cast %in to offset: [0], sizes: [3, 4], strides: [4, 1] : memref<12xi32> to memref<3x4xi32>
    %_row = memref.subview %_g[2, 0] [1, 4] [1, 1] : memref<3x4xi32> to memref<4xi32, strided<[1], offset: 8>>
    %_flat = memref.collapse_shape %_g [[0, 1]] : memref<3x4xi32> into memref<12xi32>
    %_seven = arith.constant 7 : index
    %_x = memref.load %_row[%c1] : memref<4xi32, strided<[1], offset: 8>>
    %_y = memref.load %_flat[%_seven] : memref<12xi32>
    %_z = memref.load %_g[%c1, %c1] : memref<3x4xi32>
    %_two = arith.constant 2 : index
    memref.store %_x, %out[%c0] : memref<3xi32>
    memref.store %_y, %out[%c1] : memref<3xi32>
    memref.store %_z, %out[%_two] : memref<3xi32>`;
  const input = Int32Array.from({ length: 12 }, (_, i) => 100 + i);

  expect([...(await onWords(input, work, "", 3))]).toEqual([109, 107, 105]);
});

test("a function of the design with a body is called with values and memory", async () => {
  const declarations = `func.func private @bump(%m: memref<2xi32>, %k: i32) -> i32 {
    %zero = arith.constant 0 : index
    %old = memref.load %m[%zero] : memref<2xi32>
    %new = arith.addi %old, %k : i32
    return %new : i32
  }`;
  const work = `
    %_k = arith.constant 5 : i32
    %_r = func.call @bump(%in, %_k) : (memref<2xi32>, i32) -> i32
    memref.store %_r, %out[%c0] : memref<1xi32>`;

  expect([...(await onWords(Int32Array.of(37, 0), work, declarations, 1))]).toEqual([42]);
});

test("an element outside its memref is a fault with place, index and size", async () => {
  const work = `
    %_n = arith.constant 9 : index
    %_x = memref.load %in[%_n] : memref<8xi32>
    memref.store %_x, %out[%c0] : memref<1xi32>`;

  const failed = await onWords(new Int32Array(8), work, "", 1).catch((error: unknown) => error);

  expect(failed).toMatchObject({
    fault: { kind: "buffer-bounds", tile: { col: 0, row: 2 }, buffer: "in_cons_buff_0" },
  });
  expect(String(failed)).toMatch(
    /memref\.load \(design\.mlir:\d+:\d+\): element 9 of %in_cons_buff_0, which has 8 elements/,
  );
});

test("an operation that is not simulated is named with its line", async () => {
  const work = `%_x = arith.constant 1.0 : f32\n%_v = math.exp %_x : f32`;

  await expect(onWords(new Int32Array(16), work)).rejects.toThrow(
    /math\.exp \(design\.mlir:\d+:\d+\): this operation is not simulated in a core body/,
  );
});
