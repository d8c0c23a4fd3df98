import type { DType } from "@aiekit/core";
import { bf16, f32, i8, i16, i32, type Type } from "../../ir/types.ts";

/** What is multiplied, what sums are kept in, and what comes out. */
export interface MatmulType {
  readonly input: Operand;
  readonly output: OutputType;
  /** True: every column needs a multiplier and a shift, so the sequence takes `channels`. */
  readonly requantised: boolean;
  /** Sums pass through binary32 on the way out, so that GELU can follow. */
  readonly floats: boolean;
}

export interface Operand {
  readonly name: "i8" | "bf16";
  readonly dtype: DType;
  readonly type: Type;
  readonly bytes: number;
  readonly sums: { readonly type: Type; readonly bytes: number };
  /** Multiplications of one core in a cycle. Source: AM020 (AIE2), AM027 (AIE2P). */
  readonly macsPerCycle: Readonly<Record<Generation, number>>;
  /** Blocks that the multiplier takes, and how many of c are held in registers. The same in kernels/matmul/mmul_tile.h. */
  readonly native: Readonly<Record<Generation, Native>>;
}

export interface OutputType {
  readonly dtype: DType;
  readonly type: Type;
  readonly bytes: number;
  /** Name of the element type in C++. */
  readonly cName: string;
}

export type Generation = "aie2" | "aie2p";

export interface Native {
  readonly r: number;
  readonly s: number;
  readonly t: number;
  readonly blocksDown: number;
  readonly blocksAcross: number;
}

const int8: Operand = {
  name: "i8",
  dtype: "i8",
  type: i8,
  bytes: 1,
  sums: { type: i32, bytes: 4 },
  macsPerCycle: { aie2: 256, aie2p: 512 },
  native: {
    aie2: { r: 4, s: 8, t: 8, blocksDown: 4, blocksAcross: 2 },
    aie2p: { r: 8, s: 8, t: 8, blocksDown: 2, blocksAcross: 2 },
  },
};

const bfloat16: Operand = {
  name: "bf16",
  dtype: "bf16",
  type: bf16,
  bytes: 2,
  sums: { type: f32, bytes: 4 },
  macsPerCycle: { aie2: 128, aie2p: 256 },
  native: {
    aie2: { r: 4, s: 8, t: 4, blocksDown: 4, blocksAcross: 4 },
    aie2p: { r: 8, s: 8, t: 4, blocksDown: 2, blocksAcross: 4 },
  },
};

const outputs = {
  i8: { dtype: "i8", type: i8, bytes: 1, cName: "int8" },
  i16: { dtype: "i16", type: i16, bytes: 2, cName: "int16" },
  i32: { dtype: "i32", type: i32, bytes: 4, cName: "int32" },
  bf16: { dtype: "bf16", type: bf16, bytes: 2, cName: "bfloat16" },
  f32: { dtype: "f32", type: f32, bytes: 4, cName: "float" },
} as const satisfies Record<string, OutputType>;

/** Types of the operands and of the result, by the name of the design's parameter. */
export const matmulTypes = {
  i8_i8: { input: int8, output: outputs.i8, requantised: true, floats: false },
  i8_i16: { input: int8, output: outputs.i16, requantised: true, floats: false },
  i8_i32: { input: int8, output: outputs.i32, requantised: false, floats: false },
  i8_bf16: { input: int8, output: outputs.bf16, requantised: true, floats: true },
  bf16_bf16: { input: bfloat16, output: outputs.bf16, requantised: false, floats: true },
  bf16_f32: { input: bfloat16, output: outputs.f32, requantised: false, floats: true },
} as const satisfies Record<string, MatmulType>;

export type MatmulTypeName = keyof typeof matmulTypes;

export const matmulTypeNames = Object.keys(matmulTypes) as readonly MatmulTypeName[];

/** A residual comes as objects of b, so it is as wide as the operands. */
export function takesResidual({ input, output }: MatmulType): boolean {
  return input.bytes === output.bytes;
}
