import { bf16ToFloat, floatToBf16, type Tensor, tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import type { ArraySubject } from "./array-subject.ts";
import { matmulCases, matmulInputs, shapeName } from "./matmul-cases.ts";
import { judgeMatmul } from "./matmul-judge.ts";
import { matmulSuite } from "./matmul-suite.ts";

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
// x Phi(x), the integral by Simpson's rule over 12 standard deviations: another way than the reference's.
function integralGelu(x: number): number {
  const [steps, width] = [200, 12 / 200];
  let tail = 0;
  for (let i = 0; i <= steps; i++) {
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    tail += weight * Math.exp(-0.5 * (Math.abs(x) + i * width) ** 2);
  }
  tail *= width / 3 / Math.sqrt(2 * Math.PI);
  return x * (x < 0 ? tail : 1 - tail);
}
const tanhGelu = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

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
  const words = inputs.channels?.data as Int32Array | undefined;
  const residual = inputs.residual && !mistakes.ignoresResidual ? numbers(inputs.residual) : undefined;
  const isInteger = dtype.startsWith("i8");
  const round = isInteger ? (x: number) => x : Math.fround;
  const stride = mistakes.stride?.(k) ?? k;
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let x = 0; x < k; x++) {
        const left = mistakes.swapped ? b[(x * n + i) % b.length]! : a[(i * stride + x) % a.length]!;
        const right = mistakes.swapped ? a[(j * k + x) % a.length]! : b[x * n + j]!;
        sum = round(sum + left * right);
        if (mistakes.narrowEvery && x % mistakes.narrowEvery === 0) sum = bf16ToFloat(floatToBf16(sum));
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
  if (dtype === "i8_i32") return sum + (words?.bias ?? 0);
  if (dtype === "i8_i8" || dtype === "i8_i16") {
    // Products of 31 and 31 bits do not fit a double; those of the cases are below 2^53 in all but the last bits.
    const exact = BigInt(sum + words!.bias) * BigInt(words!.by);
    const whole = exact >> BigInt(words!.shift);
    const rest = Number(exact - (whole << BigInt(words!.shift))) / 2 ** words!.shift;
    const rounded = (mistakes.round ?? nearestEven)(Number(whole) + rest);
    return (mistakes.cut ?? saturate)(rounded + residual, dtype === "i8_i8" ? 8 : 16);
  }
  const x =
    dtype === "i8_bf16"
      ? (sum + words!.bias) * floatOf(words!.by)
      : Math.fround(sum + (words ? floatOf(words.bias) : 0));
  return (mistakes.gelu ?? ((v: number) => v))(x) + residual;
}

function result(dtype: string, shape: readonly number[], c: Float64Array, { narrow = floatToBf16 }: Mistakes): Tensor {
  const arrays = { i8: Int8Array, i16: Int16Array, i32: Int32Array, f32: Float32Array } as const;
  if (c.length !== shape[0]! * shape[1]!) return tensor("f32", [c.length], Float32Array.from(c));
  const out = dtype.slice(dtype.indexOf("_") + 1);
  if (out === "bf16") return tensor("bf16", shape, Uint16Array.from(c, narrow));
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
])("%s fails", async (_what, mistakes, name) => {
  expect(await passes(name, mistakes)).toBe(false);
});
