import { floatToBf16, type Tensor, tensor } from "@aiekit/core";
import fc from "fast-check";
import { createRandom, type Random } from "../signals/random.ts";

export const matmulDTypes = ["i8_i8", "i8_i16", "i8_i32", "i8_bf16", "bf16_bf16", "bf16_f32"] as const;
export type MatmulDType = (typeof matmulDTypes)[number];

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
  /** Element `index` of an operand or of the residual; bf16 values are rounded. */
  readonly value: (operand: "a" | "b" | "residual", index: number, random: Random) => number;
}

export interface MatmulInputs {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly channels?: Tensor;
  readonly residual?: Tensor;
}

/** Words of each column, as floats where they are bits of floats. */
export interface Channels {
  readonly bias: Float64Array;
  readonly multiplier: Float64Array;
  readonly shift: number;
}

/** Parameter `shapes` of the kernel: `64x32x16_bias`. */
export function shapeName({ m, k, n, bias, gelu, residual }: MatmulCase): string {
  return [`${m}x${k}x${n}`, bias && "bias", gelu && "gelu", residual && "residual"].filter(Boolean).join("_");
}

const anywhere: MatmulCase["value"] = (_operand, _index, random) => random.between(-1, 1);
const plain = { array: "whole", bias: false, gelu: false, residual: false, value: anywhere } as const;

/** Built-in cases: sizes of all kinds, values that break careless kernels, and `drawn` shapes of fast-check. */
export function matmulCases({ seed, drawn = 12 }: { readonly seed: number; readonly drawn?: number }): MatmulCase[] {
  const shape = (dtype: MatmulDType, m: number, k: number, n: number, more: Partial<MatmulCase> = {}): MatmulCase => {
    const item: MatmulCase = { ...plain, group: "shapes", dtype, m, k, n, name: "", ...more };
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
    const requantised = drawn.dtype === "i8_i8" || drawn.dtype === "i8_i16" || drawn.dtype === "i8_bf16";
    const item: MatmulCase = {
      ...plain,
      ...drawn,
      name: "",
      group: "drawn",
      bias: drawn.bias && !requantised,
      gelu: drawn.gelu && (drawn.dtype.startsWith("bf16") || drawn.dtype === "i8_bf16"),
      residual: drawn.residual && (drawn.dtype === "i8_i8" || drawn.dtype === "bf16_bf16"),
    };
    return { ...item, name: `drawn ${i}: ${item.dtype} ${shapeName(item)}` };
  });
}

/** Operands of a case: integers fill their range, and scales bring results into theirs. */
export function matmulInputs(item: MatmulCase, seed: number): { inputs: MatmulInputs; channels: Channels } {
  const random = createRandom(seed);
  const { m, k, n, dtype } = item;
  const isInteger = dtype.startsWith("i8");
  const operand = (name: "a" | "b" | "residual", shape: readonly number[]): Tensor => {
    const length = shape.reduce((size, d) => size * d, 1);
    const values = Array.from({ length }, (_, i) => item.value(name, i, random));
    if (isInteger)
      return tensor(
        "i8",
        shape,
        Int8Array.from(values, (v) => Math.max(-128, Math.min(127, Math.floor(v * 128)))),
      );
    return tensor("bf16", shape, Uint16Array.from(values, floatToBf16));
  };
  const channels = makeChannels(item, random);
  const inputs: MatmulInputs = {
    a: operand("a", [m, k]),
    b: operand("b", [k, n]),
    ...(channels && { channels: tensor("i32", [4, n], channels.words) }),
    ...(item.residual && { residual: operand("residual", [m, n]) }),
  };
  const none = { bias: new Float64Array(n), multiplier: new Float64Array(n).fill(1), shift: 0 };
  return { inputs, channels: channels ?? none };
}

function makeChannels({ dtype, n, k, bias: hasBias, halved = false }: MatmulCase, random: Random) {
  const requantised = dtype === "i8_i8" || dtype === "i8_i16" || dtype === "i8_bf16";
  if (!requantised && !hasBias) return undefined;
  const words = new Int32Array(new ArrayBuffer(16 * n));
  const floats = new Float32Array(words.buffer);
  const bias = new Float64Array(n);
  const multiplier = new Float64Array(n).fill(1);
  const shift = halved ? 1 : dtype === "i8_i8" ? 36 : dtype === "i8_i16" ? 28 : 0;
  for (let j = 0; j < n; j++) {
    if (dtype.startsWith("bf16")) {
      floats[j] = random.between(-2, 2);
      bias[j] = floats[j]!;
      continue;
    }
    bias[j] = Math.floor(random.between(-20_000, 20_000));
    words[j] = bias[j]!;
    if (dtype === "i8_bf16") {
      floats[n + j] = random.between(0.5, 2) / (4096 * Math.sqrt(k));
      multiplier[j] = floats[n + j]!;
    } else if (requantised) {
      // The standard deviation of the sums comes to about a third of the range, so that some results are cut.
      const scale = (dtype === "i8_i8" ? 42 : 10_900) / (5461 * Math.sqrt(k));
      multiplier[j] = halved ? 1 : Math.floor(random.between(0.5, 2) * scale * 2 ** shift);
      words[n + j] = multiplier[j]!;
      words[2 * n + j] = shift;
    }
  }
  return { words, bias, multiplier, shift };
}
