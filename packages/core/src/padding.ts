import { dtypeBytes } from "./dtype.ts";
import type { ArgSpec } from "./manifest.ts";
import { elementCount } from "./tensor.ts";

type PaddedArg = Pick<ArgSpec, "dtype" | "shape" | "padded" | "margin">;

/** What the host buffer of an input holds: the caller's array, and zeros around it up to the buffer's shape. No copy without padding. */
export function padded(bytes: Uint8Array, arg: PaddedArg): Uint8Array {
  if (arg.padded === undefined) return bytes;
  const buffer = new Uint8Array(elementCount(arg.padded) * dtypeBytes(arg.dtype));
  for (const { inner, outer, sizeBytes } of rowsOf(arg, arg.padded)) {
    buffer.set(bytes.subarray(inner, inner + sizeBytes), outer);
  }
  return buffer;
}

/** What the caller gets of an output's host buffer: the array without the padding around it. No copy without padding. */
export function cropped(buffer: Uint8Array, arg: PaddedArg): Uint8Array {
  if (arg.padded === undefined) return buffer;
  const bytes = new Uint8Array(elementCount(arg.shape) * dtypeBytes(arg.dtype));
  for (const { inner, outer, sizeBytes } of rowsOf(arg, arg.padded)) {
    bytes.set(buffer.subarray(outer, outer + sizeBytes), inner);
  }
  return bytes;
}

/** Where each innermost row of the caller's array lies there (`inner`) and in the padded buffer (`outer`), in bytes. */
function* rowsOf(
  { dtype, shape, margin }: PaddedArg,
  paddedShape: readonly number[],
): Generator<{ inner: number; outer: number; sizeBytes: number }> {
  const size = dtypeBytes(dtype);
  const row = shape.at(-1) ?? 1;
  const rows = elementCount(shape.slice(0, -1));
  const lead = (margin?.before ?? 0) * elementCount(paddedShape.slice(1));
  for (let r = 0; r < rows && row > 0; r++) {
    let [rest, outer, pitch] = [r, 0, paddedShape.at(-1) ?? 1];
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      const length = shape[axis] ?? 1;
      outer += (rest % length) * pitch;
      rest = Math.floor(rest / length);
      pitch *= paddedShape[axis] ?? 1;
    }
    yield { inner: r * row * size, outer: (lead + outer) * size, sizeBytes: row * size };
  }
}
