import { allocate, type DType, type DTypeArray } from "./dtype.ts";
import { ShapeError } from "./errors.ts";

/** A dense array: row-major, innermost dimension last. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DTypeArray<D>;
}

/** Number of elements of a shape; 1 for a scalar (empty shape). */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

/**
 * A tensor over `data` (kept, not copied), or zeros when `data` is left out.
 * @throws ShapeError when the data does not have as many elements as the shape.
 */
export function tensor<D extends DType>(dtype: D, shape: readonly number[], data?: DTypeArray<D>): Tensor<D> {
  const count = elementCount(shape);
  const elements = data ?? allocate(dtype, count);
  if (elements.length !== count) {
    throw new ShapeError(`tensor ${dtype}[${shape.join(", ")}]: expected ${count} elements, got ${elements.length}`);
  }
  return { dtype, shape, data: elements };
}

/** The bytes of a tensor, without a copy. */
export function tensorBytes(t: Tensor): Uint8Array {
  return new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength);
}

/** `i16[frames, 400]` in words, for messages. */
export function describeShape(dtype: DType, shape: readonly (number | string)[]): string {
  return `${dtype}[${shape.join(", ")}]`;
}
