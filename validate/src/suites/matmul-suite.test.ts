import { bf16ToFloat, floatToBf16, type Tensor, tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import type { ArraySubject } from "./array-subject.ts";
import { matmulCases, shapeName } from "./matmul-cases.ts";
import { matmulInputs } from "./matmul-inputs.ts";
import { judgeMatmul } from "./matmul-judge.ts";
import { matmulSuite } from "./matmul-suite.ts";
import { integralGelu, tanhGelu } from "./plain-gelu.test-support.ts";

const seed = 1;

interface Mistakes {
  /** Elements from one row of a to the next. */
  readonly stride?: (k: number) => number;
  readonly swapped?: boolean;
  readonly round?: (x: number) => number;
  readonly narrow?: (x: number) => number;
  readonly narrowEvery?: number;
  readonly cut?: (x: number, bits: number) => number;
  readonly channelOf?: (column: number, n: number) => number;
  readonly ignoresResidual?: boolean;
  /** What becomes of a sum of integers, and of one that is narrowed to 32 bits. */
  readonly hold?: (sum: number) => number;
  readonly narrow32?: (x: number) => number;
  /** The group whose scale a group of weights gets. */
  readonly groupOf?: (group: number, groups: number) => number;
  readonly gelu?: ((x: number) => number) | undefined;
  readonly change?: (c: Float64Array) => Float64Array;
}

const nearestEven = (x: number): number => {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
};
const saturate = (x: number, bits: number): number => Math.max(-(2 ** (bits - 1)), Math.min(2 ** (bits - 1) - 1, x));
const floorBf16 = (x: number): number => {
  const nearest = floatToBf16(x);
  const isAbove = bf16ToFloat(nearest) > x;
  return isAbove ? nearest + (x >= 0 ? -1 : 1) : nearest;
};
const numbers = (t: Tensor): number[] =>
  Array.from(t.data as ArrayLike<number>, t.dtype === "bf16" ? bf16ToFloat : Number);
const floatOf = (bits: number): number => new Float32Array(Int32Array.of(bits).buffer)[0]!;

/** A device of plain loops, binary32 sums, one rounding; with mistakes. */
function subject(mistakes: Mistakes = {}): ArraySubject {
  return {
    kernel: "matmul",
    device: "plain loops",
    origin: "simulated",
    run: async ({ dtype }, inputs, sequence) => {
      const gelu = /gelu/.test(String(sequence))
        ? { gelu: integralGelu, ...mistakes }
        : { ...mistakes, gelu: undefined };
      return { c: multiply(String(dtype), inputs as Record<string, Tensor>, gelu) };
    },
  };
}

function multiply(dtype: string, inputs: Readonly<Record<string, Tensor>>, mistakes: Mistakes): Tensor {
  const [m, k] = inputs.a!.shape as [number, number];
  const n = inputs.b!.shape[1]!;
  const [a, b] = [numbers(inputs.a!), numbers(inputs.b!)];
  const groupSize = Number(/g(\d+)_/.exec(dtype)?.[1] ?? k);
  const words = /g\d/.test(dtype) ? undefined : (inputs.channels?.data as Int32Array | undefined);
  const scales = /g\d/.test(dtype) ? (inputs.channels?.data as Float32Array) : undefined;
  const residual = inputs.residual && !mistakes.ignoresResidual ? numbers(inputs.residual) : undefined;
  const isInteger = !dtype.startsWith("bf16");
  const round = isInteger ? (mistakes.hold ?? ((x: number) => x)) : Math.fround;
  const stride = mistakes.stride?.(k) ?? k;
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let [sum, scaled] = [0, 0];
      for (let x = 0; x < k; x++) {
        const left = mistakes.swapped ? b[(x * n + i) % b.length]! : a[(i * stride + x) % a.length]!;
        const right = mistakes.swapped ? a[(j * k + x) % a.length]! : b[x * n + j]!;
        sum = round(sum + left * right);
        if (mistakes.narrowEvery && x % mistakes.narrowEvery === 0) sum = bf16ToFloat(floatToBf16(sum));
        if (scales === undefined || ((x + 1) % groupSize !== 0 && x + 1 < k)) continue;
        const groups = Math.ceil(k / groupSize);
        const group = Math.floor(x / groupSize);
        const by = scales[(1 + (mistakes.groupOf?.(group, groups) ?? group)) * n + j]!;
        [sum, scaled] = [0, Math.fround(scaled + Math.fround(Math.fround(sum) * by))];
      }
      if (scales) {
        const x = Math.fround(scaled + scales[j]!);
        const bits = { i8: 8, i16: 16 }[dtype.split("_")[1]!];
        c[i * n + j] = bits
          ? (mistakes.cut ?? saturate)((mistakes.round ?? nearestEven)(x), bits)
          : (mistakes.gelu ?? ((v: number) => v))(x);
        continue;
      }
      const column = mistakes.channelOf?.(j, n) ?? j;
      c[i * n + j] = finished(
        dtype,
        sum,
        words && { bias: words[column]!, by: words[n + column]!, shift: words[2 * n]! },
        {
          residual: residual?.[i * n + j] ?? 0,
          mistakes,
        },
      );
    }
  }
  return result(dtype, [m, n], mistakes.change?.(c) ?? c, mistakes);
}

function finished(
  dtype: string,
  sum: number,
  words: { readonly bias: number; readonly by: number; readonly shift: number } | undefined,
  { residual, mistakes }: { readonly residual: number; readonly mistakes: Mistakes },
): number {
  const [operands, out] = dtype.split("_");
  const biased = sum + (words?.bias ?? 0);
  const narrow32 = (x: number): number => saturate((mistakes.narrow32 ?? nearestEven)(x), 32);
  if (dtype === "i8_i32" || out === "i64") return biased;
  if (out === "i32") return narrow32(biased / 2 ** (words?.shift ?? 0));
  if (operands !== "bf16" && (out === "i8" || out === "i16")) {
    const held = operands === "i8" ? biased : narrow32(biased);
    // Products of 31 and 31 bits do not fit a double; those of the cases are below 2^53 in all but the last bits.
    const exact = BigInt(held) * BigInt(words!.by);
    const whole = exact >> BigInt(words!.shift);
    const rest = Number(exact - (whole << BigInt(words!.shift))) / 2 ** words!.shift;
    const rounded = (mistakes.round ?? nearestEven)(Number(whole) + rest);
    return (mistakes.cut ?? saturate)(rounded + residual, out === "i8" ? 8 : 16);
  }
  let x = Math.fround(sum + (words ? floatOf(words.bias) : 0));
  if (operands === "bf16xi8") x = Math.fround(Math.fround(sum * floatOf(words!.by)) + floatOf(words!.bias));
  else if (operands === "i8") x = biased * floatOf(words!.by);
  else if (operands !== "bf16") x = narrow32(biased / 2 ** words!.shift) * floatOf(words!.by);
  return (mistakes.gelu ?? ((v: number) => v))(x) + residual;
}

function result(dtype: string, shape: readonly number[], c: Float64Array, { narrow = floatToBf16 }: Mistakes): Tensor {
  const arrays = { i8: Int8Array, i16: Int16Array, i32: Int32Array, f32: Float32Array } as const;
  if (c.length !== shape[0]! * shape[1]!) return tensor("f32", [c.length], Float32Array.from(c));
  const out = dtype.slice(dtype.indexOf("_") + 1);
  if (out === "bf16") return tensor("bf16", shape, Uint16Array.from(c, narrow));
  if (out === "i64") return tensor("i64", shape, BigInt64Array.from(c, BigInt));
  const name = out as keyof typeof arrays;
  return tensor(name, shape, arrays[name].from(c));
}

/** Whether the case of this name passes. */
async function passes(name: RegExp, mistakes: Mistakes): Promise<boolean> {
  const item = matmulCases({ seed }).find((c) => name.test(c.name));
  if (item === undefined) throw new Error(`no case is called ${name}`);
  const made = matmulInputs(item, seed);
  const { c } = await subject(mistakes).run({ dtype: item.dtype, shapes: shapeName(item) }, { ...made.inputs });
  return judgeMatmul(item, made, c).result.pass;
}

test("plain loops with one rounding pass every case", async () => {
  const { result: found } = await matmulSuite(subject(), { seed });

  expect(found.cases.filter((c) => !c.pass).map((c) => c.name)).toEqual([]);
  expect(found.cases.length).toBeGreaterThan(30);
});

test.each<[string, Mistakes, RegExp]>([
  ["rows of a one element too far apart", { stride: (k) => k + 1 }, /i8_i8 130x200x70/],
  ["rows of a one element too far apart, bfloat16", { stride: (k) => k + 1 }, /bf16_bf16 270x130x70/],
  ["operands swapped", { swapped: true }, /i8_i8 130x200x70/],
  ["requantising that truncates", { round: Math.trunc }, /i8_i8 130x200x70/],
  ["requantising that rounds ties up", { round: (x) => Math.floor(x + 0.5 + 2 ** -30) }, /ties/],
  ["results that wrap", { cut: (x, bits) => Number(BigInt.asIntN(bits, BigInt(x))) }, /i8_i8 130x200x70/],
  ["bfloat16 by floor", { narrow: floorBf16 }, /bf16_bf16 270x130x70/],
  ["sums kept in bfloat16 between steps of 8", { narrowEvery: 8 }, /bf16_f32 70x200x90/],
  ["the neighbour's multiplier", { channelOf: (j, n) => (j + 1) % n }, /i8_i8 130x200x70/],
  ["no residual", { ignoresResidual: true }, /i8_i8 270x64x70_residual/],
  [
    "one element one too large",
    { change: (c) => c.map((v, i) => (i === c.length - 1 ? v + 1 : v)) },
    /i8_i32 300x64x40/,
  ],
  ["rows shifted by one", { change: (c) => c.map((_, i) => c[i + 1] ?? 0) }, /bf16_bf16 270x130x70/],
  ["zeros", { change: (c) => c.fill(0) }, /bf16_f32 70x200x90/],
  ["an element missing", { change: (c) => c.subarray(1) }, /i8_i16 100x77x65/],
  ["GELU in the form with tanh", { gelu: tanhGelu }, /GELU around 0/],
  ["sums of int16 products that wrap at 32 bits", { hold: (x) => x | 0 }, /i16_i64: the least of the range/],
  ["sums of int16 products that wrap, then saturate", { hold: (x) => x | 0 }, /i16_i32: the least of the range/],
  ["sums of int16 x int8 kept in 32 bits of float", { hold: Math.fround }, /i16xi8_i32 40x300x64/],
  ["a shift that truncates", { narrow32: Math.floor }, /i16_i32: odd sums, halved/],
  ["a shift that truncates, before a scale", { round: Math.floor }, /i16_i16: odd sums, halved/],
  ["operands of int16 swapped", { swapped: true }, /i16_i64 70x200x65/],
  ["rows of int16 one element too far apart", { stride: (k) => k + 1 }, /i16xi8_bf16 70x700x90/],
  ["a W8A16 result that takes the neighbour's scale", { channelOf: (j, n) => (j + 1) % n }, /i16xi8_bf16 70x700x90/],
  ["the scale of the next group", { groupOf: (g, groups) => (g + 1) % groups }, /i8g128_bf16 70x300x90/],
  ["bfloat16 x int8 that takes the neighbour's scale", { channelOf: (j, n) => (j + 1) % n }, /bf16xi8_bf16 70x200x90/],
  ["one scale for all groups", { groupOf: () => 0 }, /i16xi8g128_i16 65x129x70/],
  ["group sums in bfloat16 by floor", { narrow: floorBf16 }, /i16xi8g128_bf16 130x200x70/],
  ["results of groups cut towards zero", { round: Math.trunc }, /i8g128_i8 100x256x65/],
  [
    "results of groups that wrap",
    { cut: (x, bits) => Number(BigInt.asIntN(bits, BigInt(x))) },
    /i8g128_i8: the greatest/,
  ],
])("%s fails", async (_what, mistakes, name) => {
  expect(await passes(name, mistakes)).toBe(false);
});
