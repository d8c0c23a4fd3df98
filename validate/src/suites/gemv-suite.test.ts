import { bf16ToFloat, floatToBf16, type Tensor, tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject } from "./array-subject.ts";
import { gemvCases, gemvInputs, gemvShapeName } from "./gemv-cases.ts";
import { gemvSuite, judgeGemv } from "./gemv-suite.ts";
import { integralGelu, tanhGelu } from "./plain-gelu.test-support.ts";

const seed = 1;
/** The head takes longer than everything else together, and plain loops say nothing new with it. */
const cases = gemvCases({ seed }).length - 1;

interface Mistakes {
  /** Elements from one row of w to the next. */
  readonly stride?: (k: number) => number;
  /** w is taken for [K, N]. */
  readonly swapped?: boolean;
  /** Elements of a row that are summed. */
  readonly depth?: (k: number) => number;
  readonly weight?: (w: number) => number;
  readonly narrow?: (x: number) => number;
  /** After every addition. */
  readonly sum?: (x: number) => number;
  readonly channelOf?: (row: number, n: number) => number;
  readonly ignoresResidual?: boolean;
  readonly ignoresBias?: boolean;
  readonly gelu?: (x: number) => number;
  readonly change?: (y: Float64Array) => Float64Array;
}

const toBf16 = (x: number): number => bf16ToFloat(floatToBf16(x));
const floorBf16 = (x: number): number => {
  const nearest = floatToBf16(x);
  return bf16ToFloat(nearest) > x ? (nearest === 0 ? 0x8001 : nearest + (x >= 0 ? -1 : 1)) : nearest;
};
/** The bits above the 16 lowest ones, whatever those are. */
const truncatedBf16 = (x: number): number => {
  const [bits = 0] = new Uint32Array(Float32Array.of(x).buffer);
  return bits >>> 16;
};

/** A device of plain loops: binary32 sums in 32 lanes, one rounding; with mistakes. */
function subject(mistakes: Mistakes = {}): ArraySubject {
  return {
    kernel: "gemv",
    device: "plain loops",
    origin: "simulated",
    run: async ({ dtype, shapes }, inputs) => {
      const y = product(String(dtype), String(shapes), inputs as Readonly<Record<string, Tensor>>, mistakes);
      return { y };
    },
  };
}

function product(dtype: string, shapes: string, inputs: Readonly<Record<string, Tensor>>, mistakes: Mistakes): Tensor {
  const [m, k] = inputs.x!.shape as [number, number];
  const n = inputs.w!.shape[0]!;
  const [x, w] = [numbersOf(inputs.x!), numbersOf(inputs.w!)];
  const channels = inputs.channels && numbersOf(inputs.channels);
  const residual = inputs.residual && numbersOf(inputs.residual);
  const [stride, depth] = [mistakes.stride?.(k) ?? k, mistakes.depth?.(k) ?? k];
  const rounded = mistakes.sum ?? ((value: number) => value);
  const y = new Float64Array(m * n);
  const lanes = new Float32Array(32);
  for (let i = 0; i < m * n; i++) {
    const [row, output] = [Math.floor(i / n), i % n];
    lanes.fill(0);
    for (let at = 0; at < depth; at++) {
      const weight = mistakes.swapped ? w[at * n + output]! : w[(output * stride + at) % w.length]!;
      const value = mistakes.weight?.(weight) ?? weight;
      lanes[at % 32] = rounded(lanes[at % 32]! + x[row * k + at]! * value);
    }
    let sum = 0;
    for (const lane of lanes) sum = Math.fround(sum + lane);
    y[i] = finished(dtype, sum, {
      channels: channels && {
        bias: channels[output]!,
        scale: channels[n + (mistakes.channelOf?.(output, n) ?? output)],
      },
      residual: mistakes.ignoresResidual ? 0 : (residual?.[i] ?? 0),
      isGelu: shapes.includes("gelu"),
      mistakes,
    });
  }
  const changed = mistakes.change?.(y) ?? y;
  const shape = changed.length === m * n ? [m, n] : [1, changed.length];
  if (dtype.endsWith("f32")) return tensor("f32", shape, Float32Array.from(changed));
  return tensor("bf16", shape, Uint16Array.from(changed, mistakes.narrow ?? floatToBf16));
}

interface Finish {
  readonly channels: { readonly bias: number; readonly scale: number | undefined } | undefined;
  readonly residual: number;
  readonly isGelu: boolean;
  readonly mistakes: Mistakes;
}

function finished(dtype: string, sum: number, { channels, residual, isGelu, mistakes }: Finish): number {
  let value = sum;
  if (dtype.startsWith("i8")) value = Number.isFinite(sum) ? Math.fround(sum * channels!.scale!) : Number.NaN;
  if (channels !== undefined && !mistakes.ignoresBias) value = Math.fround(value + channels.bias);
  if (isGelu) value = (mistakes.gelu ?? integralGelu)(value);
  return value + residual;
}

/** Whether the case of this name passes. */
async function passes(name: RegExp, mistakes: Mistakes): Promise<boolean> {
  const item = gemvCases({ seed }).find((c) => name.test(c.name));
  if (item === undefined) throw new Error(`no case is called ${name}`);
  const inputs = gemvInputs(item, seed);
  const outputs = await subject(mistakes).run({ dtype: item.dtype, shapes: gemvShapeName(item) }, { ...inputs });
  return judgeGemv(item, inputs, outputs).result.pass;
}

test("plain loops with one rounding pass every case", async () => {
  const { result } = await gemvSuite(subject(), { seed, cases });

  expect(result.cases.filter((c) => !c.pass).map((c) => c.name)).toEqual([]);
  expect(result.cases.length).toBeGreaterThan(30);
});

test.each<[string, Mistakes, RegExp]>([
  ["rows of w one element too far apart", { stride: (k) => k + 1 }, /i8_bf16 1x100x1200/],
  ["rows of w one element too far apart, bfloat16", { stride: (k) => k + 1 }, /bf16_f32 1x384x1152/],
  ["w taken for a matrix of [K, N]", { swapped: true }, /i8_bf16 1x100x1200/],
  ["the last element of K left out", { depth: (k) => k - 1 }, /bf16_bf16 2x513x203/],
  ["bytes without a sign", { weight: (w) => (w < 0 ? w + 256 : w) }, /i8_bf16 1x384x384/],
  ["bfloat16 by floor", { narrow: floorBf16 }, /i8_bf16 1x100x1200/],
  ["bfloat16 by truncation", { narrow: truncatedBf16 }, /bf16_bf16 1x96x1100/],
  ["sums kept in bfloat16", { sum: toBf16 }, /i8_bf16 1x384x384/],
  ["the neighbour's scale", { channelOf: (row, n) => (row + 1) % n }, /i8_bf16 1x100x1200/],
  ["no bias", { ignoresBias: true }, /bf16_f32 1x384x1152/],
  ["no residual", { ignoresResidual: true }, /bf16_bf16 1x1536x384/],
  ["GELU in the form with tanh", { gelu: tanhGelu }, /GELU around 0/],
  ["halves of eight rows exchanged", { change: (y) => y.map((_, i) => y[i ^ 4] ?? 0) }, /i8_bf16 1x100x1200/],
  ["results shifted by one", { change: (y) => y.map((_, i) => y[i + 1] ?? 0) }, /i8_f32 2x33x9000/],
  [
    "the last result wrong in its last place but one",
    {
      change: (y) => y.map((v, i) => (i === y.length - 1 ? v * (1 + 2 ** -6) : v)),
    },
    /i8_bf16 1x100x1200/,
  ],
  ["NaN taken for 0", { change: (y) => y.map((v) => (Number.isNaN(v) ? 0 : v)) }, /rows of w: nowhere else/],
  ["zeros", { change: (y) => y.fill(0) }, /bf16_f32 8x64x77/],
  ["a result missing", { change: (y) => y.subarray(1) }, /i8_bf16 1x384x384/],
])("%s fails", async (_what, mistakes, name) => {
  expect(await passes(name, mistakes)).toBe(false);
});
