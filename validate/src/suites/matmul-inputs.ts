import { floatToBf16, type Tensor, tensor } from "@aiekit/core";
import { createRandom, type Random } from "../signals/random.ts";
import type { MatmulCase } from "./matmul-cases.ts";
import { dtypeFacts } from "./matmul-dtypes.ts";

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
  /** [groups, columns], where weights have a scale for each group. */
  readonly scales?: Float64Array;
}

/** Operands of a case: integers fill their range, and scales bring results into theirs. */
export function matmulInputs(item: MatmulCase, seed: number): { inputs: MatmulInputs; channels: Channels } {
  const random = createRandom(seed);
  const { m, k, n } = item;
  const { a, b } = dtypeFacts(item.dtype);
  const operand = (name: "a" | "b" | "residual", dtype: typeof a, shape: readonly number[]): Tensor => {
    const length = shape.reduce((size, d) => size * d, 1);
    const values = Array.from({ length }, (_, i) => item.value(name, i, random));
    const integer = (range: number) => (v: number) => Math.max(-range, Math.min(range - 1, Math.floor(v * range)));
    if (dtype === "i8") return tensor("i8", shape, Int8Array.from(values, integer(128)));
    if (dtype === "i16") return tensor("i16", shape, Int16Array.from(values, integer(32_768)));
    return tensor("bf16", shape, Uint16Array.from(values, floatToBf16));
  };
  const channels = makeChannels(item, random);
  const inputs: MatmulInputs = {
    a: operand("a", a, [m, k]),
    b: operand("b", b, [k, n]),
    ...(channels && { channels: channels.tensor }),
    ...(item.residual && { residual: operand("residual", b, [m, n]) }),
  };
  const none = { bias: new Float64Array(n), multiplier: new Float64Array(n).fill(1), shift: 0 };
  return { inputs, channels: channels ?? none };
}

/** Standard deviation of a product of operands as the cases draw them: a third of the product of their ranges, int16 a quarter of it. */
function productDeviation({ a, b }: { readonly a: string; readonly b: string }): number {
  if (a === "bf16") return 2 ** 7 / 3;
  if (a === "i8") return 2 ** 14 / 3;
  return b === "i8" ? 2 ** 22 / 3 : 2 ** 26 / 3;
}

function makeChannels(item: MatmulCase, random: Random): (Channels & { readonly tensor: Tensor }) | undefined {
  const { dtype, n, k, bias: hasBias, halved = false } = item;
  const facts = dtypeFacts(dtype);
  const { isInteger, isScaled, out } = facts;
  if (!isScaled && !hasBias) return undefined;
  if (facts.group !== undefined) return makeGroups(item, random);
  const words = new Int32Array(new ArrayBuffer(16 * n));
  const floats = new Float32Array(words.buffer);
  const bias = new Float64Array(n);
  const multiplier = new Float64Array(n).fill(1);
  const shift = halved ? 1 : shiftOf(dtype);
  const deviation = productDeviation(facts) * Math.sqrt(k);
  for (let j = 0; j < n; j++) {
    if (!isInteger) {
      floats[j] = random.between(-2, 2);
      bias[j] = floats[j]!;
      if (!isScaled) continue;
      floats[n + j] = (1.33 * random.between(0.5, 2)) / deviation;
      multiplier[j] = floats[n + j]!;
      continue;
    }
    bias[j] = Math.floor(random.between(-20_000, 20_000));
    words[j] = bias[j]!;
    words[2 * n + j] = shift;
    if (out === "bf16") {
      floats[n + j] = (1.33 * 2 ** shift * random.between(0.5, 2)) / deviation;
      multiplier[j] = floats[n + j]!;
    } else if (isScaled) {
      // The standard deviation of the sums comes to about a third of the range, so that some results are cut.
      const scale = (out === "i8" ? 42 : 10_900) / deviation;
      multiplier[j] = halved ? 1 : Math.floor(random.between(0.5, 2) * scale * 2 ** shift);
      words[n + j] = multiplier[j]!;
    }
  }
  return { tensor: tensor("i32", [4, n], words), bias, multiplier, shift };
}

/** Fits multipliers into 31 bits; where the sum is shifted before its scale or its result, some bits of it. */
function shiftOf(dtype: MatmulCase["dtype"]): number {
  const shifts: Partial<Record<MatmulCase["dtype"], number>> = {
    i8_i8: 36,
    i8_i16: 28,
    i16_i16: 40,
    i16xi8_i16: 36,
    i16_i32: 5,
    i16xi8_i32: 5,
    i16_bf16: 3,
    i16xi8_bf16: 2,
  };
  return shifts[dtype] ?? 0;
}

/** Bias, and a scale for each group, in units of the result. */
function makeGroups({ dtype, n, k, scaleSpread = 3 }: MatmulCase, random: Random) {
  const facts = dtypeFacts(dtype);
  const groups = Math.ceil(k / (facts.group ?? k));
  const range = { i8: 42, i16: 10_900 }[facts.out as string] ?? 1;
  const scale = range / (productDeviation(facts) * Math.sqrt(k));
  const data = Float32Array.from({ length: (1 + groups) * n }, (_, i) =>
    i < n
      ? random.between(-1, 1) * range
      : random.between(0.5, 2) * scale * 2 ** -Math.floor(random.between(0, scaleSpread)),
  );
  return {
    tensor: tensor("f32", [1 + groups, n], data),
    bias: Float64Array.from(data.subarray(0, n)),
    multiplier: new Float64Array(n).fill(1),
    shift: 0,
    scales: Float64Array.from(data.subarray(n)),
  };
}
