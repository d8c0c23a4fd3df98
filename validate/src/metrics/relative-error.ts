import { expectSameLength } from "./same-length.ts";

/**
 * Euclidean length of actual − reference over that of the reference: 0 when equal, 1 when the error is as large as the
 * signal. NaN when the reference is all zeros, Infinity or NaN when a side is not finite.
 * @throws ShapeError when the lengths differ.
 */
export function relativeL2(reference: ArrayLike<number>, actual: ArrayLike<number>): number {
  expectSameLength("relativeL2", reference, actual);
  let [error, signal] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    error += (actual[i]! - reference[i]!) ** 2;
    signal += reference[i]! ** 2;
  }
  return signal > 0 ? Math.sqrt(error / signal) : Number.NaN;
}
