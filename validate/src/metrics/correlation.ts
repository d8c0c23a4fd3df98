import { expectSameLength } from "./same-length.ts";

/**
 * Pearson's correlation, −1…1: shape, whatever the gain and offset. NaN when either side is constant, empty or holds a
 * value that is not finite, so that a comparison with a threshold fails.
 * @throws ShapeError when the lengths differ.
 */
export function pearson(reference: ArrayLike<number>, actual: ArrayLike<number>): number {
  expectSameLength("pearson", reference, actual);
  const meanReference = mean(reference);
  const meanActual = mean(actual);
  let [cross, squareReference, squareActual] = [0, 0, 0];
  for (let i = 0; i < reference.length; i++) {
    const r = reference[i]! - meanReference;
    const a = actual[i]! - meanActual;
    cross += r * a;
    squareReference += r * r;
    squareActual += a * a;
  }
  return ratio(cross, squareReference, squareActual);
}

/**
 * Cosine of the angle between two vectors, −1…1: as {@link pearson} without removing the means, so it also sees an offset.
 * NaN when either side is all zeros, empty or not finite.
 * @throws ShapeError when the lengths differ.
 */
export function cosine(reference: ArrayLike<number>, actual: ArrayLike<number>): number {
  expectSameLength("cosine", reference, actual);
  let [cross, squareReference, squareActual] = [0, 0, 0];
  for (let i = 0; i < reference.length; i++) {
    cross += reference[i]! * actual[i]!;
    squareReference += reference[i]! ** 2;
    squareActual += actual[i]! ** 2;
  }
  return ratio(cross, squareReference, squareActual);
}

/**
 * The factor g that makes |g·reference − actual|² smallest: 1 when the gain is right, whatever the noise.
 * NaN when the reference is all zeros or either side is not finite.
 * @throws ShapeError when the lengths differ.
 */
export function gain(reference: ArrayLike<number>, actual: ArrayLike<number>): number {
  expectSameLength("gain", reference, actual);
  let [cross, squareReference] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    cross += reference[i]! * actual[i]!;
    squareReference += reference[i]! ** 2;
  }
  return squareReference > 0 ? cross / squareReference : Number.NaN;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

// Rounding can leave the quotient a little outside −1…1.
function ratio(cross: number, squareReference: number, squareActual: number): number {
  const scale = Math.sqrt(squareReference) * Math.sqrt(squareActual);
  return scale > 0 ? Math.max(-1, Math.min(1, cross / scale)) : Number.NaN;
}
