import { expectSameLength } from "./same-length.ts";

/** The worst element. `index` is −1 and `value` NaN when nothing was compared. */
export interface WorstError {
  readonly value: number;
  readonly index: number;
  readonly reference: number;
  readonly actual: number;
  /** Elements that were compared. */
  readonly compared: number;
}

/**
 * Largest |actual − reference| and where it is. A value that is not finite on either side is the worst there is: it gives
 * Infinity at its index.
 * @throws ShapeError when the lengths differ.
 */
export function maxAbsErr(reference: ArrayLike<number>, actual: ArrayLike<number>): WorstError {
  expectSameLength("maxAbsErr", reference, actual);
  return worstWhere(reference, actual, () => true);
}

/**
 * {@link maxAbsErr} in dB over the elements whose reference lies within `rangeDb` of the reference's maximum: what is
 * loud enough to matter. Both sides in dB.
 * @throws ShapeError when the lengths differ.
 */
export function maxErrWithin(reference: ArrayLike<number>, actual: ArrayLike<number>, rangeDb: number): WorstError {
  expectSameLength("maxErrWithin", reference, actual);
  const lowest = maximum(reference) - rangeDb;
  return worstWhere(reference, actual, (value) => value >= lowest);
}

/**
 * Mean of actual − reference over the elements within `rangeDb` of the reference's maximum; Infinity covers all of them.
 * Rounding to nearest averages to 0; a bias has one cause (a gain, a truncation), however small each error is.
 * @throws ShapeError when the lengths differ.
 */
export function meanSignedErr(
  reference: ArrayLike<number>,
  actual: ArrayLike<number>,
  rangeDb = Number.POSITIVE_INFINITY,
): number {
  expectSameLength("meanSignedErr", reference, actual);
  const lowest = maximum(reference) - rangeDb;
  let [sum, compared] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    if (reference[i]! < lowest) continue;
    sum += actual[i]! - reference[i]!;
    compared += 1;
  }
  return sum / compared;
}

function worstWhere(
  reference: ArrayLike<number>,
  actual: ArrayLike<number>,
  counts: (reference: number) => boolean,
): WorstError {
  let worst: WorstError = { value: Number.NaN, index: -1, reference: Number.NaN, actual: Number.NaN, compared: 0 };
  let compared = 0;
  for (let i = 0; i < reference.length; i++) {
    const [r, a] = [reference[i]!, actual[i]!];
    if (Number.isFinite(r) && Number.isFinite(a) && !counts(r)) continue;
    compared += 1;
    const difference = Math.abs(a - r);
    const value = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    if (worst.index === -1 || value > worst.value) worst = { value, index: i, reference: r, actual: a, compared };
  }
  return { ...worst, compared };
}

function maximum(values: ArrayLike<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i]!);
  return largest;
}
