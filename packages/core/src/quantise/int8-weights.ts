import { FormatError, ShapeError } from "../errors.ts";
import { type Tensor, tensor } from "../tensor.ts";
import { checkFinite, matrixSizes, type Weights } from "./finite-weights.ts";

/** A matrix [inputs, outputs] as int8: weight[i, o] is about values[i, o] * scales[floor(i / groupSize), o]. */
export interface Int8Weights {
  readonly values: Tensor<"i8">;
  /** [groups, outputs], normal float32 numbers. */
  readonly scales: Tensor<"f32">;
  /** Inputs that share a scale; all of them where there is one scale for each output channel. */
  readonly groupSize: number;
}

export interface Int8Options {
  /** Inputs in a group; one group when left out. */
  readonly groupSize?: number | undefined;
}

/** Largest magnitude of a value: −128 is not used, so that the range is symmetric. */
export const int8Max = 127;

// A scale below the normal numbers of float32 has so few bits that dividing by it says nothing.
const leastScale = 2 ** -126;

/**
 * Quantises a matrix symmetrically, with a scale for each output channel or for each group of inputs in it: the largest
 * magnitude becomes 127, everything is rounded to nearest with ties to even, and errs by half a scale at most.
 * @throws FormatError for a weight that is not finite or a channel (or group) without a weight to scale by; ShapeError for
 * an array that is no matrix and a group size that does not divide the inputs.
 */
export function int8Weights(name: string, weights: Weights, options: Int8Options = {}): Int8Weights {
  const { rows: inputs, columns: outputs } = matrixSizes(name, weights);
  const groupSize = options.groupSize ?? inputs;
  checkGroupSize(name, groupSize, inputs);
  checkFinite(name, weights);
  const groups = inputs / groupSize;
  const scales = new Float32Array(groups * outputs);
  const values = new Int8Array(inputs * outputs);
  for (let i = 0; i < inputs; i++) {
    const group = Math.floor(i / groupSize) * outputs;
    for (let o = 0; o < outputs; o++) {
      scales[group + o] = Math.max(scales[group + o]!, Math.abs(weights.data[i * outputs + o]!));
    }
  }
  for (const [at, most] of scales.entries()) {
    const scale = Math.fround(most / int8Max);
    if (scale < leastScale)
      throw noScale(name, { group: Math.floor(at / outputs), channel: at % outputs, groups, most });
    scales[at] = scale;
  }
  for (let i = 0; i < inputs; i++) {
    const group = Math.floor(i / groupSize) * outputs;
    for (let o = 0; o < outputs; o++) {
      const at = i * outputs + o;
      values[at] = clamp(roundHalfEven(weights.data[at]! / scales[group + o]!), int8Max);
    }
  }
  return {
    values: tensor("i8", [inputs, outputs], values),
    scales: tensor("f32", [groups, outputs], scales),
    groupSize,
  };
}

/** What the int8 values stand for, in float32. */
export function dequantiseInt8({ values, scales, groupSize }: Int8Weights): Weights {
  const [, outputs = 1] = values.shape;
  const data = Float32Array.from(values.data, (value, at) => {
    const group = Math.floor(Math.floor(at / outputs) / groupSize);
    return value * scales.data[group * outputs + (at % outputs)]!;
  });
  return tensor("f32", values.shape, data);
}

/** The nearest integer; halves go to the even one. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** `value` within −most … most. */
export function clamp(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value));
}

function checkGroupSize(name: string, groupSize: number, inputs: number): void {
  if (Number.isSafeInteger(groupSize) && groupSize >= 1 && inputs % groupSize === 0) return;
  const divisors = Array.from({ length: inputs }, (_, i) => i + 1).filter((size) => inputs % size === 0);
  const [nearest] = divisors.sort((a, b) => Math.abs(a - groupSize) - Math.abs(b - groupSize) || a - b);
  throw new ShapeError(`${name}: groups of ${groupSize} do not divide ${inputs} inputs`, {
    hint: `nearest group size: ${nearest}`,
  });
}

function noScale(
  name: string,
  { group, channel, groups, most }: { group: number; channel: number; groups: number; most: number },
): FormatError {
  const place = groups === 1 ? `output channel ${channel}` : `group ${group} of output channel ${channel}`;
  const found = most === 0 ? "has only zeros" : `has no weight above ${most}`;
  return new FormatError(`${name}: ${place} ${found}: there is no scale for it`, {
    hint: "drop the channel, or keep this matrix in bfloat16",
  });
}
