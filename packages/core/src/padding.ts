import { dtypeBytes } from "./dtype.ts";
import type { ArgSpec } from "./manifest.ts";
import { elementCount } from "./tensor.ts";

type PaddedArg = Pick<ArgSpec, "dtype" | "shape" | "padded" | "margin">;

/** Bytes that follow each other in the caller's array, from `inner` on, and in the padded buffer, from `outer` on. */
export interface ArrayRun {
  readonly inner: number;
  readonly outer: number;
  readonly sizeBytes: number;
}

/** What the host buffer of an input holds: the caller's array, and zeros around it up to the buffer's shape. No copy without padding. */
export function padded(bytes: Uint8Array, arg: PaddedArg): Uint8Array {
  if (arg.padded === undefined) return bytes;
  const buffer = new Uint8Array(elementCount(arg.padded) * dtypeBytes(arg.dtype));
  padInto(buffer, bytes, arg);
  return buffer;
}

/** What the caller gets of an output's host buffer: the array without the padding around it. No copy without padding. */
export function cropped(buffer: Uint8Array, arg: PaddedArg): Uint8Array {
  if (arg.padded === undefined) return buffer;
  const bytes = new Uint8Array(elementCount(arg.shape) * dtypeBytes(arg.dtype));
  cropInto(bytes, buffer, arg);
  return bytes;
}

/** Writes all of an input's host buffer: the caller's array, and zeros around it. */
export function padInto(buffer: Uint8Array, bytes: Uint8Array, arg: PaddedArg): void {
  let end = 0;
  for (const { inner, outer, sizeBytes } of arrayRuns(arg)) {
    buffer.fill(0, end, outer);
    buffer.set(bytes.subarray(inner, inner + sizeBytes), outer);
    end = outer + sizeBytes;
  }
  buffer.fill(0, end);
}

/** Takes the caller's array out of an output's host buffer. */
export function cropInto(bytes: Uint8Array, buffer: Uint8Array, arg: PaddedArg): void {
  for (const { inner, outer, sizeBytes } of arrayRuns(arg)) {
    bytes.set(buffer.subarray(outer, outer + sizeBytes), inner);
  }
}

/** The caller's array in its order, in pieces as long as they lie together in the buffer: one where only rows are added. */
export function* arrayRuns({ dtype, shape, padded: buffer = shape, margin }: PaddedArg): Generator<ArrayRun> {
  const size = dtypeBytes(dtype);
  // From this axis on a run goes through all that the array has: inner axes are as long as those of the buffer.
  let axis = shape.length - 1;
  while (axis > 0 && shape[axis] === buffer[axis]) axis--;
  const length = elementCount(shape.slice(Math.max(axis, 0)));
  const runs = elementCount(shape.slice(0, Math.max(axis, 0)));
  const lead = (margin?.before ?? 0) * elementCount(buffer.slice(1));
  for (let r = 0; r < runs && length > 0; r++) {
    let [rest, outer, pitch] = [r, 0, elementCount(buffer.slice(axis))];
    for (let i = axis - 1; i >= 0; i--) {
      outer += (rest % shape[i]!) * pitch;
      rest = Math.floor(rest / shape[i]!);
      pitch *= buffer[i]!;
    }
    yield { inner: r * length * size, outer: (lead + outer) * size, sizeBytes: length * size };
  }
}
