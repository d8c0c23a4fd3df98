import { describeShape, FormatError, ShapeError } from "@aiekit/core";
import type { WeightSource } from "../encoder/encoder-weights.ts";

/** An array by its name. @throws FormatError where it is missing or no float32, ShapeError for another shape. */
export async function readArray(source: WeightSource, name: string, shape: readonly number[]): Promise<Float32Array> {
  const array = await source(name);
  if (array === undefined) throw new FormatError(`weights: ${name} is missing`);
  if (array.dtype !== "f32") throw new FormatError(`weights: ${name}: expected float32, got ${array.dtype}`);
  if (array.shape.length !== shape.length || shape.some((size, i) => size !== array.shape[i])) {
    const wanted = describeShape("f32", shape);
    throw new ShapeError(`weights: ${name}: expected ${wanted}, got ${describeShape(array.dtype, array.shape)}`);
  }
  return array.data as Float32Array;
}
