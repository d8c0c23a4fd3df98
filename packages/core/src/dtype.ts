import { ShapeError } from "./errors.ts";

/** Element types of buffers. `bf16` values are kept as their 16 bits in a Uint16Array. */
export const dtypes = ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "bf16", "f32", "f64"] as const;
export type DType = (typeof dtypes)[number];

const arrays = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  bf16: Uint16Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

export type DTypeArray<D extends DType = DType> = InstanceType<(typeof arrays)[D]>;

/** Bytes of one element. */
export function dtypeBytes(dtype: DType): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

export function isDType(text: string): text is DType {
  return (dtypes as readonly string[]).includes(text);
}

/** A zeroed array of `length` elements. */
export function allocate<D extends DType>(dtype: D, length: number): DTypeArray<D> {
  return new arrays[dtype](length) as DTypeArray<D>;
}

/**
 * `bytes` seen as elements of `dtype`, without a copy where the alignment allows it.
 * @throws ShapeError when the size is not a whole number of elements.
 */
export function viewAs<D extends DType>(dtype: D, bytes: Uint8Array): DTypeArray<D> {
  const size = dtypeBytes(dtype);
  if (bytes.byteLength % size !== 0) {
    throw new ShapeError(`${dtype} view: expected a multiple of ${size} bytes, got ${bytes.byteLength}`);
  }
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const make = arrays[dtype] as unknown as new (b: ArrayBufferLike, o: number, n: number) => DTypeArray<D>;
  return new make(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
}
