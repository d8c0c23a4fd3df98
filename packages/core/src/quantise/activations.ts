import { UsageError } from "../errors.ts";
import { type Tensor, tensor } from "../tensor.ts";
import { clamp, roundHalfEven } from "./int8-weights.ts";

/** Bits of quantised activations: 8, or 16 where 8 cost too much (W8A16). */
export type ActivationBits = 8 | 16;

export interface QuantisedActivations {
  readonly values: Tensor<"i8" | "i16">;
  /** An activation is a value times this. */
  readonly scale: number;
  /** Activations beyond the range; they have its end. */
  readonly saturated: number;
}

/** The scale that puts `range` at the largest value. @throws UsageError for a range that is no positive number. */
export function activationScale(range: number, bits: ActivationBits): number {
  const scale = Math.fround(range / most(bits));
  if (scale >= 2 ** -126 && Number.isFinite(scale)) return scale;
  throw new UsageError(`activations: expected a range above 0, got ${range}`, {
    hint: "calibrate it with clips, see RangeTable",
  });
}

/** Activations as integers: to nearest, ties to even, symmetric, what is beyond the range at its end. */
export function quantiseActivations(
  activations: Tensor<"f32">,
  scale: number,
  bits: ActivationBits,
): QuantisedActivations {
  let saturated = 0;
  const integers = Float32Array.from(activations.data, (value) => {
    const rounded = roundHalfEven(value / scale);
    if (Math.abs(rounded) > most(bits)) saturated += 1;
    return clamp(rounded, most(bits));
  });
  const { shape } = activations;
  const values =
    bits === 8 ? tensor("i8", shape, Int8Array.from(integers)) : tensor("i16", shape, Int16Array.from(integers));
  return { values, scale, saturated };
}

/** −128 and −32,768 are not used. */
const most = (bits: ActivationBits): number => 2 ** (bits - 1) - 1;
