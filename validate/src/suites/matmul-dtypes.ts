export const matmulDTypes = [
  "i8_i8",
  "i8_i16",
  "i8_i32",
  "i8_bf16",
  "bf16_bf16",
  "bf16_f32",
  "bf16xi8_bf16",
  "i16_i16",
  "i16_i32",
  "i16_i64",
  "i16_bf16",
  "i16xi8_i16",
  "i16xi8_i32",
  "i16xi8_bf16",
  "i8g128_i8",
  "i8g128_bf16",
  "i16xi8g128_i16",
  "i16xi8g128_bf16",
] as const;
export type MatmulDType = (typeof matmulDTypes)[number];

type Operand = "i8" | "i16" | "bf16";
type Output = "i8" | "i16" | "i32" | "i64" | "bf16" | "f32";

/** What a dtype says about a product. */
interface MatmulDTypeFacts {
  readonly a: Operand;
  readonly b: Operand;
  readonly out: Output;
  /** Weights along K that share a scale. */
  readonly group: number | undefined;
  readonly isInteger: boolean;
  /** Columns have a scale each, or one for each group. */
  readonly isScaled: boolean;
  readonly takesGelu: boolean;
  readonly takesResidual: boolean;
}

/** `i16xi8g128_bf16`: operands, weights in groups, and the result. */
export function dtypeFacts(dtype: MatmulDType): MatmulDTypeFacts {
  const [operands = "", out] = dtype.split("_") as [string, Output];
  const [types = "", groups] = operands.split("g");
  const [a, b = a] = types.split("x") as [Operand, Operand?];
  const isInteger = a !== "bf16";
  const isScaled = isInteger ? out !== "i32" && out !== "i64" : b === "i8";
  return {
    a,
    b,
    out,
    group: groups === undefined ? undefined : Number(groups),
    isInteger,
    isScaled,
    takesGelu: out === "bf16" || out === "f32",
    takesResidual: groups === undefined && a === b && out === b,
  };
}
