import { ShapeError } from "../errors.ts";
import { describeShape, type Tensor, tensor } from "../tensor.ts";
import { type ActivationBits, activationScale, quantiseActivations } from "./activations.ts";
import { matrixSizes, type Weights } from "./finite-weights.ts";
import { dequantiseInt8, type Int8Weights } from "./int8-weights.ts";
import { type QuantisationError, quantisationError } from "./quantisation-error.ts";

export interface ProductErrorOptions {
  /** [rows, inputs] */
  readonly activations: Tensor<"f32">;
  readonly weights: Weights;
  readonly quantised: Int8Weights;
  /** 8 for W8A8, 16 for W8A16. */
  readonly bits: ActivationBits;
  /** Magnitude that the largest integer stands for, from a RangeObserver. */
  readonly range: number;
}

export interface ProductError extends QuantisationError {
  /** Activations beyond the range. */
  readonly saturated: number;
}

/** What a layer's result loses when weights and activations are integers; sums in float64 on both sides, no rounding of the result. */
export function productError(name: string, options: ProductErrorOptions): ProductError {
  const { activations, weights, quantised, bits, range } = options;
  const { rows, columns: inputs } = matrixSizes(`${name}: activations`, activations);
  const sizes = { rows, inputs, outputs: matrixSizes(name, weights).columns };
  const [expected, got] = [[inputs, sizes.outputs], weights.shape].map((shape) => describeShape("f32", shape));
  if (expected !== got)
    throw new ShapeError(`${name}: activations of ${inputs} inputs: expected weights ${expected}, got ${got}`);
  const { values, scale, saturated } = quantiseActivations(activations, activationScale(range, bits), bits);
  const rounded = Float64Array.from(values.data, (value) => value * scale);
  const reference = product(activations.data, weights.data, sizes);
  const actual = product(rounded, dequantiseInt8(quantised).data, sizes);
  const shape = [rows, sizes.outputs];
  return { ...quantisationError(tensor("f32", shape, Float32Array.from(reference)), actual), saturated };
}

function product(
  x: ArrayLike<number>,
  weights: ArrayLike<number>,
  { rows, inputs, outputs }: { readonly rows: number; readonly inputs: number; readonly outputs: number },
): Float64Array {
  const sums = new Float64Array(rows * outputs);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < inputs; i++) {
      const factor = x[row * inputs + i]!;
      for (let o = 0; o < outputs; o++) sums[row * outputs + o]! += factor * weights[i * outputs + o]!;
    }
  }
  return sums;
}
