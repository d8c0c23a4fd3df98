import type { DType } from "@aiekit/core";
import { bf16, f32, i8, i16, i32, type Type } from "../../ir/types.ts";

/** What is multiplied, what sums are kept in, and what comes out. */
export interface MatmulType {
  readonly input: Operand;
  readonly output: OutputType;
  /** True: every column needs a scale, so the sequence takes `channels`. */
  readonly requantised: boolean;
  /** Sums pass through binary32 on the way out, and the result is a number: GELU can follow. */
  readonly floats: boolean;
}

/** Elements of an array. */
interface Element {
  readonly dtype: DType;
  readonly type: Type;
  readonly bytes: number;
}

/** Values in a core's memory: `each` elements of `type` hold one, `bytes` in all. */
interface Held {
  readonly type: Type;
  readonly each: 1 | 2;
  readonly bytes: number;
}

/** Operands of a product. Elements of a are its own fields. */
export interface Operand extends Element {
  /** Names the kernel's source and its functions. */
  readonly name: "i8" | "bf16" | "bf16xi8" | "i16" | "i16xi8" | "i8g128" | "i16xi8g128";
  /** Elements of b. */
  readonly b: Element;
  readonly sums: Held;
  /** Weights along K that share a scale; a step of a core is one group. Undefined: one scale for each column. */
  readonly group?: number;
  /** Multiplications of one core in a cycle. Source: AM020 (AIE2), AM027 (AIE2P). */
  readonly macsPerCycle: Readonly<Record<Generation, number>>;
  /** Blocks that the multiplier takes, and how many of c are held in registers. The same in kernels/matmul/mmul_tile.h. */
  readonly native: Readonly<Record<Generation, Native>>;
}

interface OutputType extends Held {
  readonly dtype: DType;
  /** Name of the element type in C++. */
  readonly cName: string;
}

export type Generation = "aie2" | "aie2p";

interface Native {
  readonly r: number;
  readonly s: number;
  readonly t: number;
  readonly blocksDown: number;
  readonly blocksAcross: number;
}

const elements = {
  i8: { dtype: "i8", type: i8, bytes: 1 },
  i16: { dtype: "i16", type: i16, bytes: 2 },
  bf16: { dtype: "bf16", type: bf16, bytes: 2 },
} as const satisfies Record<string, Element>;

/** DMA moves elements of up to 32 bits: wider values are pairs of words. */
const held = {
  i32: { type: i32, each: 1, bytes: 4 },
  i64: { type: i32, each: 2, bytes: 8 },
  f32: { type: f32, each: 1, bytes: 4 },
} as const satisfies Record<string, Held>;

const int8: Operand = {
  name: "i8",
  ...elements.i8,
  b: elements.i8,
  sums: held.i32,
  macsPerCycle: { aie2: 256, aie2p: 512 },
  native: {
    aie2: { r: 4, s: 8, t: 8, blocksDown: 4, blocksAcross: 2 },
    aie2p: { r: 8, s: 8, t: 8, blocksDown: 2, blocksAcross: 2 },
  },
};

const int16: Operand = {
  name: "i16",
  ...elements.i16,
  b: elements.i16,
  sums: held.i64,
  macsPerCycle: { aie2: 64, aie2p: 128 },
  native: {
    aie2: { r: 4, s: 4, t: 4, blocksDown: 4, blocksAcross: 2 },
    aie2p: { r: 4, s: 4, t: 8, blocksDown: 2, blocksAcross: 2 },
  },
};

/** int16 activations, int8 weights. */
const int16ByInt8: Operand = {
  name: "i16xi8",
  ...elements.i16,
  b: elements.i8,
  sums: held.i64,
  macsPerCycle: { aie2: 128, aie2p: 256 },
  native: {
    aie2: { r: 4, s: 8, t: 4, blocksDown: 4, blocksAcross: 2 },
    aie2p: { r: 4, s: 8, t: 8, blocksDown: 2, blocksAcross: 2 },
  },
};

const int8Groups: Operand = { ...int8, name: "i8g128", sums: held.f32, group: 128 };
const int16ByInt8Groups: Operand = { ...int16ByInt8, name: "i16xi8g128", sums: held.f32, group: 128 };

const bfloat16: Operand = {
  name: "bf16",
  ...elements.bf16,
  b: elements.bf16,
  sums: held.f32,
  macsPerCycle: { aie2: 128, aie2p: 256 },
  native: {
    aie2: { r: 4, s: 8, t: 4, blocksDown: 4, blocksAcross: 4 },
    aie2p: { r: 8, s: 8, t: 4, blocksDown: 2, blocksAcross: 4 },
  },
};

/** bfloat16 activations, int8 weights that become bfloat16 in the cores. */
const bfloat16ByInt8: Operand = { ...bfloat16, name: "bf16xi8", b: elements.i8 };

const outputs = {
  i8: { ...elements.i8, each: 1, cName: "int8" },
  i16: { ...elements.i16, each: 1, cName: "int16" },
  i32: { dtype: "i32", ...held.i32, cName: "int32" },
  i64: { dtype: "i64", ...held.i64, cName: "int64_t" },
  bf16: { ...elements.bf16, each: 1, cName: "bfloat16" },
  f32: { dtype: "f32", ...held.f32, cName: "float" },
} as const satisfies Record<string, OutputType>;

const requantised = { requantised: true, floats: false } as const;
const exact = { requantised: false, floats: false } as const;
const scaled = { requantised: true, floats: true } as const;
const float = { requantised: false, floats: true } as const;

/** Types of the operands and of the result, by the name of the design's parameter. */
export const matmulTypes = {
  i8_i8: { input: int8, output: outputs.i8, ...requantised },
  i8_i16: { input: int8, output: outputs.i16, ...requantised },
  i8_i32: { input: int8, output: outputs.i32, ...exact },
  i8_bf16: { input: int8, output: outputs.bf16, ...scaled },
  i16_i16: { input: int16, output: outputs.i16, ...requantised },
  i16_i32: { input: int16, output: outputs.i32, ...exact },
  i16_i64: { input: int16, output: outputs.i64, ...exact },
  i16_bf16: { input: int16, output: outputs.bf16, ...scaled },
  i16xi8_i16: { input: int16ByInt8, output: outputs.i16, ...requantised },
  i16xi8_i32: { input: int16ByInt8, output: outputs.i32, ...exact },
  i16xi8_bf16: { input: int16ByInt8, output: outputs.bf16, ...scaled },
  i8g128_i8: { input: int8Groups, output: outputs.i8, ...requantised },
  i8g128_bf16: { input: int8Groups, output: outputs.bf16, ...scaled },
  i16xi8g128_i16: { input: int16ByInt8Groups, output: outputs.i16, ...requantised },
  i16xi8g128_bf16: { input: int16ByInt8Groups, output: outputs.bf16, ...scaled },
  bf16_bf16: { input: bfloat16, output: outputs.bf16, ...float },
  bf16_f32: { input: bfloat16, output: outputs.f32, ...float },
  bf16xi8_bf16: { input: bfloat16ByInt8, output: outputs.bf16, ...scaled },
} as const satisfies Record<string, MatmulType>;

export type MatmulTypeName = keyof typeof matmulTypes;

export const matmulTypeNames = Object.keys(matmulTypes) as readonly MatmulTypeName[];

/** A residual comes as objects of b, so it is what b is. Weights are no results. */
export function takesResidual({ input, output }: MatmulType): boolean {
  return input.b.dtype === output.dtype && input.dtype === input.b.dtype && input.group === undefined;
}

/** Rows of the `channels` matrix: bias, multiplier, shift, nothing; with groups: bias, and a scale for each. Source: kernels/matmul. */
export function channelRows({ group }: Operand, k: number): number {
  return group === undefined ? 4 : 1 + Math.ceil(k / group);
}

export function channelsType({ group }: Operand): "i32" | "f32" {
  return group === undefined ? "i32" : "f32";
}

/** What the rows of `channels` are. Source: the kernels' header comments. */
export function channelsMeaning({ requantised, floats, input, output }: MatmulType): string {
  if (input.name === "bf16xi8") return "rows: bits of bias and of scale as f32, 0, 0";
  if (input.dtype === "bf16") return "rows: bits of bias as f32, 0, 0, 0";
  if (input.group !== undefined) {
    const unit = floats ? "" : `, in steps of the ${output.dtype} result`;
    return `rows: bias, scale of each group of ${input.group}${unit}`;
  }
  const isWide = input.sums.bytes === 8;
  if (floats) return `rows: bias, bits of scale as f32, ${isWide ? "shift of the sum before it" : "0"}, 0`;
  if (isWide && output.dtype === "i32") return "rows: bias, 0, shift (one value in all columns), 0";
  return requantised ? "rows: bias, multiplier, shift (one value in all columns), 0" : "rows: bias, 0, 0, 0";
}

/** Rows that a core keeps: those of the shape with the most. */
export function mostChannelRows(input: Operand, shapes: readonly { readonly k: number }[]): number {
  return Math.max(...shapes.map(({ k }) => channelRows(input, k)));
}

/** Objects of b that bring the rows: a row is a word for each column. */
export function channelObjects({ b }: Operand, tileK: number, rows: number): number {
  return Math.ceil((4 * rows) / (tileK * b.bytes));
}

/** The same for one product; 0 where nothing comes for the columns. */
export function channelObjectsOf(
  { input, requantised }: MatmulType,
  tile: { readonly k: number },
  shape: { readonly k: number; readonly bias: boolean },
): number {
  return requantised || shape.bias ? channelObjects(input, tile.k, channelRows(input, shape.k)) : 0;
}

/** GELU comes before a residual: where sums are float already, in a kernel of its own. */
export function activatesFirst(
  { input }: MatmulType,
  shapes: readonly { readonly residual: boolean; readonly gelu: boolean }[],
): boolean {
  return input.name === "bf16" && shapes.some((shape) => shape.residual && shape.gelu);
}
