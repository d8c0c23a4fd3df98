import fc from "fast-check";
import type { Random } from "../signals/random.ts";
import { dtypeFacts, type MatmulDType, matmulDTypes } from "./matmul-dtypes.ts";

/** One product and what follows it. */
export interface MatmulCase {
  readonly name: string;
  readonly group: "shapes" | "values" | "drawn";
  readonly dtype: MatmulDType;
  readonly array: "tile" | "column" | "whole";
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly bias: boolean;
  readonly gelu: boolean;
  readonly residual: boolean;
  /** What stays in the cores; the planner's choice when undefined. */
  readonly plan?: "outputs" | "weights";
  /** Every column is halved, so that odd sums are ties. */
  readonly halved?: boolean;
  /** Scales of groups lie this many powers of two apart; 3 when left out. */
  readonly scaleSpread?: number;
  /** Element `index` of an operand or of the residual; bf16 values are rounded. */
  readonly value: (operand: "a" | "b" | "residual", index: number, random: Random) => number;
}

/** Parameter `shapes` of the kernel: `64x32x16_bias`. */
export function shapeName({ m, k, n, bias, gelu, residual }: MatmulCase): string {
  return [`${m}x${k}x${n}`, bias && "bias", gelu && "gelu", residual && "residual"].filter(Boolean).join("_");
}

const anywhere: MatmulCase["value"] = (_operand, _index, random) => random.between(-1, 1);
/** Sums of int16 products that fit 32 bits for K below some thousand. */
const quarter: MatmulCase["value"] = (_operand, _index, random) => random.between(-0.25, 0.25);
/** Sums of int16 products that fit 16 bits when they are halved. */
const small: MatmulCase["value"] = (_operand, _index, random) => random.between(-1, 1) / 512;
const plain = { array: "whole", bias: false, gelu: false, residual: false, value: anywhere } as const;

/** Built-in cases: sizes of all kinds, values that break careless kernels, and `drawn` shapes of fast-check. */
export function matmulCases({ seed, drawn = 12 }: { readonly seed: number; readonly drawn?: number }): MatmulCase[] {
  const shape = (dtype: MatmulDType, m: number, k: number, n: number, more: Partial<MatmulCase> = {}): MatmulCase => {
    const value = dtype.startsWith("i16_") ? quarter : anywhere;
    const item: MatmulCase = { ...plain, value, group: "shapes", dtype, m, k, n, name: "", ...more };
    return {
      ...item,
      name:
        item.name ||
        [dtype, shapeName(item), item.array !== "whole" && item.array, item.plan].filter(Boolean).join(" "),
    };
  };
  const values = (name: string, dtype: MatmulDType, value: MatmulCase["value"], more: Partial<MatmulCase> = {}) =>
    shape(dtype, 33, 96, 65, { group: "values", name: `${dtype}: ${name}`, value, ...more });
  return [
    shape("i8_i8", 130, 200, 70),
    shape("bf16_bf16", 65, 100, 130, { bias: true, gelu: true }),
    shape("i8_i8", 1, 1, 1),
    shape("bf16_bf16", 1, 1, 1),
    shape("bf16_bf16", 270, 130, 70, { bias: true, residual: true }),
    shape("i8_i8", 270, 64, 70, { residual: true }),
    shape("i8_i8", 70, 40, 300),
    shape("i8_i16", 100, 77, 65),
    shape("i8_i32", 300, 64, 40, { bias: true }),
    shape("i8_i32", 40, 300, 64),
    shape("i8_i32", 1, 8, 33_000),
    shape("i8_i8", 2, 17_000, 3),
    shape("i8_i8", 300, 100, 130, { plan: "weights" }),
    shape("bf16_bf16", 130, 72, 140, { bias: true, gelu: true, plan: "weights" }),
    shape("bf16_bf16", 270, 90, 70, { array: "column", plan: "weights" }),
    shape("i8_bf16", 70, 200, 90, { gelu: true }),
    shape("bf16_f32", 70, 200, 90, { bias: true }),
    shape("i8_i8", 70, 90, 70, { array: "tile" }),
    shape("i8_i8", 270, 90, 70, { array: "column", residual: true }),
    shape("bf16_bf16", 270, 90, 70, { array: "column" }),
    values("all equal", "i8_i8", () => 0.5),
    values("the least of the range everywhere", "i8_i32", () => -1),
    values("the greatest of the range everywhere", "i8_i16", () => 1),
    values("odd sums, halved: ties", "i8_i16", anywhere, { halved: true }),
    values("one hot", "i8_i32", (operand, i) =>
      operand === "a" ? (i % 97 === 0 ? 1 : 0) : ((i * 37) % 255) / 127 - 1,
    ),
    values("all equal", "bf16_bf16", () => 0.3),
    values("one hot", "bf16_f32", (operand, i) => (operand === "a" ? (i % 97 === 0 ? 1 : 0) : (i % 211) / 211 - 0.5)),
    values("magnitudes from 1e-30 to 1e15", "bf16_f32", (_, i, random) => {
      return random.between(-1, 1) * 10 ** (operandExponent(i) - 30);
    }),
    values("sums that cancel", "bf16_bf16", (operand, i, random) => {
      return operand === "a" ? (i % 2 === 0 ? 1 : -1) : 1000 + random.uniform();
    }),
    values("denormal operands", "bf16_f32", (operand, i) => (operand === "a" ? (i % 128) * 2 ** -133 : (i % 5) - 2)),
    values("NaN and infinities in some rows of a", "bf16_bf16", (operand, i, random) => {
      const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][
        i % 96 === 7 ? Math.floor(i / 96) : 3
      ];
      return operand === "a" && special !== undefined ? special : random.between(-1, 1);
    }),
    values(
      "GELU around 0 and far out",
      "bf16_bf16",
      (operand, i) => (operand === "a" ? (i % 96 === 0 ? 1 : 0) : (i % 65) / 4 - 8),
      {
        gelu: true,
      },
    ),
    shape("i16_i64", 70, 200, 65, { value: anywhere }),
    shape("i16_i64", 1, 1, 1, { value: () => -1 }),
    shape("i16_i64", 270, 90, 70, { array: "column", bias: true }),
    shape("i16_i32", 130, 100, 70, { bias: true }),
    shape("i16_i16", 270, 64, 70, { residual: true }),
    shape("i16_bf16", 70, 200, 90, { gelu: true }),
    shape("i16xi8_i16", 100, 77, 65),
    shape("i16xi8_i32", 300, 64, 40, { bias: true }),
    shape("i16xi8_i32", 40, 300, 64, { array: "tile" }),
    shape("i16xi8_bf16", 70, 700, 90),
    shape("i16xi8_bf16", 40, 64, 40, { gelu: true }),
    shape("i8g128_i8", 100, 256, 65),
    shape("i8g128_bf16", 70, 300, 90, { gelu: true }),
    shape("i8g128_bf16", 5, 4100, 16, { array: "tile" }),
    shape("i16xi8g128_i16", 65, 129, 70),
    shape("i16xi8g128_bf16", 130, 200, 70, { array: "column" }),
    shape("i8g128_bf16", 300, 100, 70, { plan: "weights" }),
    shape("i16xi8_bf16", 300, 72, 70, { plan: "weights" }),
    shape("bf16xi8_bf16", 70, 200, 90),
    shape("bf16xi8_bf16", 130, 72, 140, { gelu: true }),
    shape("bf16xi8_bf16", 270, 90, 70, { array: "column", plan: "weights" }),
    values("the least of the range everywhere", "i16_i64", () => -1),
    values("the least of the range everywhere: saturates", "i16_i32", () => -1),
    values("both ends of the range: saturates below", "i16_i32", (operand) => (operand === "a" ? 1 : -1)),
    values("any of the range: sums beyond 32 bits", "i16_i16", anywhere),
    values("odd sums, halved: ties", "i16_i16", small, { halved: true }),
    values("odd sums, halved: ties", "i16_i32", quarter, { halved: true, bias: true }),
    values("one hot", "i16_i64", (operand, i) =>
      operand === "a" ? (i % 97 === 0 ? -1 : 0) : ((i * 37) % 255) / 127 - 1,
    ),
    values("sums that cancel", "i16_i64", (operand, i) =>
      operand === "a" ? (i % 2 === 0 ? 1 : -1) : 1 - (i % 7) / 32_768,
    ),
    values("the least of the range everywhere", "i16xi8_i32", () => -1),
    values("sums beyond 32 bits, shifted", "i16xi8_bf16", () => -1, { k: 1000 }),
    values("all equal", "i16xi8_bf16", () => 0.5),
    values("the least of the range everywhere", "i16xi8g128_bf16", () => -1),
    values("the least of the range everywhere", "bf16xi8_bf16", () => -1),
    values("scales of groups 2^40 apart", "i8g128_bf16", anywhere, { k: 384, scaleSpread: 40 }),
    values("the greatest of the range everywhere", "i8g128_i8", () => 1),
    ...drawnCases(seed, drawn),
  ];
}

/** 0 to 45: what a and b have of it adds up to as much. */
function operandExponent(index: number): number {
  return (index * 7) % 46;
}

/** Shapes and endings that fast-check draws, small ones first as it does. */
function drawnCases(seed: number, count: number): MatmulCase[] {
  const size = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 160 }));
  const arbitrary = fc.record({
    dtype: fc.constantFrom(...matmulDTypes),
    m: size,
    k: size,
    n: size,
    bias: fc.boolean(),
    gelu: fc.boolean(),
    residual: fc.boolean(),
  });
  return fc.sample(arbitrary, { seed, numRuns: count }).map((drawn, i) => {
    const { isScaled, takesGelu, takesResidual } = dtypeFacts(drawn.dtype);
    const item: MatmulCase = {
      ...plain,
      ...drawn,
      value: drawn.dtype.startsWith("i16_") ? quarter : anywhere,
      name: "",
      group: "drawn",
      bias: drawn.bias && !isScaled,
      gelu: drawn.gelu && takesGelu,
      residual: drawn.residual && takesResidual,
    };
    return { ...item, name: `drawn ${i}: ${item.dtype} ${shapeName(item)}` };
  });
}
