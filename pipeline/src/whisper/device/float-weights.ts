import type { Weights } from "@aiekit/core";

/** Weights of a checkpoint, which are in memory of their own, as an array of this shape. */
export function floatWeights(shape: readonly number[], data: Float32Array): Weights {
  return { dtype: "f32", shape, data: data as Float32Array<ArrayBuffer> };
}
