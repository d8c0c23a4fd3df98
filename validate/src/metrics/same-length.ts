import { ShapeError } from "@aiekit/core";

/** @throws ShapeError when two arrays that a metric compares differ in length. */
export function expectSameLength(metric: string, reference: ArrayLike<number>, actual: ArrayLike<number>): void {
  if (reference.length !== actual.length) {
    throw new ShapeError(`${metric}: expected ${reference.length} values as in the reference, got ${actual.length}`);
  }
}
