import { type DType, UsageError } from "@aiekit/core";

/** What weights are, and what comes out. x is bfloat16, sums are float. */
export interface GemvType {
  readonly weights: GemvElement & { readonly name: "i8" | "bf16" };
  readonly output: GemvElement;
  /** Rows of `channels` where there is a bias: bias; and scale, which int8 weights cannot do without. */
  readonly channelRows: number;
}

interface GemvElement {
  readonly dtype: DType;
  readonly bytes: number;
  /** Name of the element type in C++. */
  readonly cName: string;
}

const i8 = { name: "i8", dtype: "i8", bytes: 1, cName: "int8" } as const;
const bf16 = { name: "bf16", dtype: "bf16", bytes: 2, cName: "bfloat16" } as const;
const f32 = { dtype: "f32", bytes: 4, cName: "float" } as const;

/** By the name of the design's parameter: type of the weights, type of the result. */
export const gemvTypes = {
  i8_bf16: { weights: i8, output: bf16, channelRows: 2 },
  i8_f32: { weights: i8, output: f32, channelRows: 2 },
  bf16_bf16: { weights: bf16, output: bf16, channelRows: 1 },
  bf16_f32: { weights: bf16, output: f32, channelRows: 1 },
} as const satisfies Record<string, GemvType>;

type GemvTypeName = keyof typeof gemvTypes;

export const gemvTypeNames = Object.keys(gemvTypes) as readonly GemvTypeName[];

/** @throws UsageError for a name that is none, with the nearest one. */
export function gemvTypeName(dtype: unknown): GemvTypeName {
  const found = gemvTypeNames.find((name) => name === dtype);
  if (found !== undefined) return found;
  const weights = String(dtype).startsWith("i") ? "i8" : "bf16";
  throw new UsageError(`gemv: dtype ${dtype}: expected one of ${gemvTypeNames.join(", ")}`, {
    hint: `weights are int8 or bfloat16, x is bfloat16: --param dtype=${weights}_${String(dtype).endsWith("f32") ? "f32" : "bf16"}`,
  });
}
