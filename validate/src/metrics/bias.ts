import { expectSameLength } from "./same-length.ts";

/** How one-sided the errors of an output are. Elements where either side is not finite are left out. */
export interface Bias {
  /** Σ(actual − reference) / Σ|reference|: below 0 where results are too low, as flooring makes them. */
  readonly towardsInfinity: number;
  /** Σ(|actual| − |reference|) / Σ|reference|: below 0 where magnitudes are too small, as truncation makes them. */
  readonly magnitude: number;
  /** Root mean square of the error over that of the reference. */
  readonly rms: number;
  /** Share of the errors that are below 0, of those that are not 0; ½ where nothing is one-sided, NaN where nothing errs. */
  readonly belowZero: number;
  readonly compared: number;
}

/** @throws ShapeError when the lengths differ. */
export function bias(reference: ArrayLike<number>, actual: ArrayLike<number>): Bias {
  expectSameLength("bias", reference, actual);
  let [signed, magnitude, sum, squares, referenceSquares, below, wrong, compared] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < reference.length; i++) {
    const [expected, got] = [reference[i]!, actual[i]!];
    if (!Number.isFinite(expected) || !Number.isFinite(got)) continue;
    const error = got - expected;
    compared++;
    signed += error;
    magnitude += Math.abs(got) - Math.abs(expected);
    sum += Math.abs(expected);
    squares += error * error;
    referenceSquares += expected * expected;
    if (error !== 0) wrong++;
    if (error < 0) below++;
  }
  return {
    towardsInfinity: signed / sum,
    magnitude: magnitude / sum,
    rms: Math.sqrt(squares / referenceSquares),
    belowZero: below / wrong,
    compared,
  };
}
