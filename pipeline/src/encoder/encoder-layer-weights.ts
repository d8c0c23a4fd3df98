import { bf16MatmulArrays, bf16Weights, describeShape, ShapeError, type Tensor, type Weights } from "@aiekit/core";
import type { EncoderLayerSizes } from "./encoder-layer-sizes.ts";

/** y = x weights + bias. `weights`: [inputs, outputs]. */
export interface Linear {
  readonly weights: Weights;
  readonly bias: Weights;
}

export interface LayerNorm {
  readonly gamma: Weights;
  readonly beta: Weights;
}

/** Weights of one layer. The columns of `qkv` are those of the queries, then keys, then values, heads side by side in each. */
export interface EncoderLayerWeights {
  readonly ln1: LayerNorm;
  readonly qkv: Linear;
  readonly out: Linear;
  readonly ln2: LayerNorm;
  readonly fc1: Linear;
  readonly fc2: Linear;
}

/**
 * The arrays that a layer's launches read, by their names: weights, gamma and beta in bfloat16, biases as float32 bits in
 * the first of the four words of each column (`channels`). @throws ShapeError for a size that is not the layer's; FormatError
 * for a weight that is not finite.
 */
export function encoderLayerArrays(
  weights: EncoderLayerWeights,
  { width, ffn }: EncoderLayerSizes,
  prefix = "",
): ReadonlyMap<string, Tensor> {
  const arrays = new Map<string, Tensor>();
  const put = (name: string, array: Tensor) => arrays.set(`${prefix}${name}`, array);
  for (const name of ["ln1", "ln2"] as const) {
    for (const factor of ["gamma", "beta"] as const) {
      const values = weights[name][factor];
      checkShape(`${name}.${factor}`, values, [width]);
      put(`${name}.${factor}`, bf16Weights(`${prefix}${name}.${factor}`, values));
    }
  }
  const sizes = { qkv: [width, 3 * width], out: [width, width], fc1: [width, ffn], fc2: [ffn, width] } as const;
  for (const name of ["qkv", "out", "fc1", "fc2"] as const) {
    const linear = weights[name];
    checkShape(`${name}.weights`, linear.weights, sizes[name]);
    checkShape(`${name}.bias`, linear.bias, [sizes[name][1]]);
    const { b, channels } = bf16MatmulArrays(`${prefix}${name}`, linear);
    put(`${name}.weights`, b);
    put(`${name}.channels`, channels);
  }
  return arrays;
}

function checkShape(name: string, array: Weights, shape: readonly number[]): void {
  const [expected, got] = [describeShape("f32", shape), describeShape(array.dtype, array.shape)];
  if (expected !== got) throw new ShapeError(`encoder layer: ${name}: expected ${expected}, got ${got}`);
}
