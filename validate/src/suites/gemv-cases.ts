import { floatToBf16, type Tensor, tensor } from "@aiekit/core";
import fc from "fast-check";
import { drawn } from "../signals/bf16-arrays.ts";
import { createRandom, type Random } from "../signals/random.ts";

const gemvDTypes = ["i8_bf16", "i8_f32", "bf16_bf16", "bf16_f32"] as const;
type GemvDType = (typeof gemvDTypes)[number];

/** One product x[m, k] w[n, k]ᵀ and what follows it. */
export interface GemvCase {
  readonly name: string;
  readonly group: "shapes" | "values" | "drawn";
  readonly dtype: GemvDType;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly bias: boolean;
  readonly gelu: boolean;
  readonly residual: boolean;
  /** Values without a pattern: correlation and bias of the errors say something. */
  readonly isNoise: boolean;
  /** Element `index` of an array; int8 weights are this times 128, everything else is rounded to its type. */
  readonly value: (array: "x" | "w" | "residual", index: number, random: Random) => number;
  /** Scale of row `index` of int8 weights; about 1 / sqrt(k) for results of the size of x when absent. */
  readonly scale?: (index: number) => number;
}

export interface GemvInputs {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly channels?: Tensor;
  readonly residual?: Tensor;
}

/** Parameter `shapes` of the kernel: `1x384x384_bias`. */
export function gemvShapeName({ m, k, n, bias, gelu, residual }: GemvCase): string {
  return [`${m}x${k}x${n}`, bias && "bias", gelu && "gelu", residual && "residual"].filter(Boolean).join("_");
}

const noise: GemvCase["value"] = (array, _, random) =>
  array === "w" ? random.between(-1, 1) : Math.max(-30, Math.min(30, random.normal()));
const plain = { m: 1, bias: false, gelu: false, residual: false, isNoise: true, value: noise } as const;

/** Whisper's vocabulary in the widths of its base model. */
const head = { k: 512, n: 51_865 } as const;

/** Built-in cases; the last is the language-model head, which takes longer than all others together. */
export function gemvCases({ seed, drawn: count = 8 }: { readonly seed: number; readonly drawn?: number }): GemvCase[] {
  const shape = (dtype: GemvDType, k: number, n: number, more: Partial<GemvCase> = {}): GemvCase => {
    const item: GemvCase = { ...plain, group: "shapes", dtype, k, n, name: "", ...more };
    return { ...item, name: item.name || `${dtype} ${gemvShapeName(item)}` };
  };
  const values = (name: string, dtype: GemvDType, value: GemvCase["value"], more: Partial<GemvCase> = {}) =>
    shape(dtype, 200, 70, { group: "values", name: `${dtype}: ${name}`, value, isNoise: false, ...more });
  const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return [
    shape("i8_bf16", 100, 1200, { residual: true }),
    shape("bf16_bf16", 96, 1100, { bias: true, gelu: true }),
    shape("i8_f32", 1, 1),
    shape("bf16_bf16", 1, 1),
    shape("i8_bf16", 384, 384),
    shape("i8_bf16", 384, 1536, { gelu: true }),
    shape("bf16_bf16", 1536, 384, { bias: true, residual: true }),
    shape("bf16_f32", 384, 1152, { bias: true }),
    shape("bf16_bf16", 5120, 50),
    shape("i8_f32", 33, 9000, { m: 2, residual: true }),
    shape("i8_bf16", 130, 300, { m: 5, residual: true }),
    shape("bf16_f32", 64, 77, { m: 8, bias: true }),
    shape("bf16_bf16", 513, 203, { m: 2, gelu: true }),
    values("all equal", "i8_f32", () => 0.5),
    values("the least of the range everywhere", "i8_f32", () => -1),
    values("one hot", "i8_bf16", (array, i) => (array === "x" ? (i === 163 ? 1 : 0) : ((i * 37) % 255) / 128 - 1)),
    values("one hot", "bf16_f32", (array, i) => (array === "x" ? (i === 199 ? 1 : 0) : (i % 211) / 211 - 0.5)),
    values("scales from 2^-60 to 2^60", "i8_f32", noise, { scale: (row) => 2 ** (((row * 29) % 121) - 60) * 1.3 }),
    values(
      "magnitudes from 1e-30 to 1e15",
      "bf16_f32",
      (_, i, random) => random.between(-1, 1) * 10 ** (((i * 7) % 46) - 30),
    ),
    values("sums that cancel", "bf16_bf16", (array, i, random) =>
      array === "x" ? (i % 2 === 0 ? 1 : -1) : 1000 + random.uniform(),
    ),
    values("denormal numbers", "bf16_f32", (array, i) => (array === "x" ? ((i % 128) + 1) * 2 ** -133 : (i % 5) - 2)),
    values(
      "NaN and infinities in rows of x: as IEEE says",
      "bf16_f32",
      (array, i, random) =>
        array === "x" && i % 200 === 7 && i >= 200 ? special[Math.floor(i / 200) - 1]! : random.between(-1, 1),
      { m: 4 },
    ),
    values(
      "NaN and infinities in rows of x: NaN",
      "i8_bf16",
      (array, i, random) =>
        array === "x" && i % 200 === 7 && i >= 200 ? special[Math.floor(i / 200) - 1]! : random.between(-1, 1),
      { m: 4 },
    ),
    values("NaN and infinities in rows of w: nowhere else", "bf16_bf16", (array, i, random) =>
      array === "w" && i % 200 === 9 && i < 600 ? special[Math.floor(i / 200)]! : random.between(-1, 1),
    ),
    values(
      "GELU around 0 and far out",
      "bf16_bf16",
      (array, i) => (array === "x" ? (i === 0 ? 1 : 0) : Math.floor(i / 200) / 4 - 8),
      { gelu: true },
    ),
    ...drawnCases(seed, count),
    shape("i8_f32", head.k, head.n, { name: "i8_f32: the language-model head, 51,865 rows of 512" }),
  ];
}

/** Shapes and endings that fast-check draws. */
function drawnCases(seed: number, count: number): GemvCase[] {
  const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 700 }));
  const arbitrary = fc.record({
    dtype: fc.constantFrom(...gemvDTypes),
    m: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 8 })),
    k: size,
    n: size,
    bias: fc.boolean(),
    gelu: fc.boolean(),
    residual: fc.boolean(),
  });
  return drawn(arbitrary, count, seed).map((made, i) => {
    // int8 weights have a bias in any case.
    const item: GemvCase = {
      ...plain,
      ...made,
      name: "",
      group: "drawn",
      bias: made.bias && made.dtype.startsWith("bf16"),
    };
    return { ...item, name: `drawn ${i}: ${item.dtype} ${gemvShapeName(item)}` };
  });
}

/** Arrays of a case. */
export function gemvInputs(item: GemvCase, seed: number): GemvInputs {
  const random = createRandom(seed);
  const { m, k, n, dtype, value } = item;
  const isInt8 = dtype.startsWith("i8");
  const numbers = (name: "x" | "w" | "residual", count: number): Float64Array => {
    const made = new Float64Array(count);
    for (let i = 0; i < count; i++) made[i] = value(name, i, random);
    return made;
  };
  const bf16 = (name: "x" | "w" | "residual", shape: readonly [number, number]): Tensor =>
    tensor("bf16", shape, Uint16Array.from(numbers(name, shape[0] * shape[1]), floatToBf16));
  const int8 = (): Tensor => {
    const from = numbers("w", n * k);
    return tensor(
      "i8",
      [n, k],
      Int8Array.from(from, (v) => Math.max(-128, Math.min(127, Math.floor(v * 128)))),
    );
  };
  const channels = (): Tensor => {
    const words = new Float32Array((isInt8 ? 2 : 1) * n);
    for (let i = 0; i < n; i++) {
      words[i] = random.between(-1, 1);
      if (isInt8) words[n + i] = item.scale?.(i) ?? random.between(0.5, 2) / (74 * Math.sqrt(k));
    }
    return tensor("f32", [isInt8 ? 2 : 1, n], words);
  };
  return {
    x: bf16("x", [m, k]),
    w: isInt8 ? int8() : bf16("w", [n, k]),
    ...((isInt8 || item.bias) && { channels: channels() }),
    ...(item.residual && { residual: bf16("residual", [m, n]) }),
  };
}
