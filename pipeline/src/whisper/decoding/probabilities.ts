import { AiekitError } from "@aiekit/core";
import { expSum } from "./exp-sum.ts";

// These run over the whole vocabulary for every row and token: typed arrays and plain loops, no callbacks and iterators.

/** log of the softmax; -Infinity stays. @throws AiekitError when a logit is NaN or none is finite. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  const copy = new Float64Array(logits.length);
  for (let i = 0; i < copy.length; i++) copy[i] = logits[i]!;
  return toLogSoftmax(copy);
}

/** The same in place; returns its argument. */
export function toLogSoftmax(logits: Float64Array): Float64Array {
  const total = logTotal(logits);
  for (let i = 0; i < logits.length; i++) logits[i]! -= total;
  return logits;
}

/** One token's element of `logSoftmax`. @throws AiekitError as it does. */
export function logProbability(logits: Float64Array, token: number): number {
  return logits[token]! - logTotal(logits);
}

function logTotal(logits: Float64Array): number {
  const total = logSumExp(logits, 0, logits.length);
  if (Number.isFinite(total)) return total;
  throw new AiekitError(
    "validation",
    `decoding: logits: expected numbers and at least one token allowed, got ${total}`,
  );
}

/** log of the sum of exp over [from, to); -Infinity for none. */
export function logSumExp(values: Float64Array, from: number, to: number): number {
  const max = largest(values, from, to);
  if (max === Number.NEGATIVE_INFINITY) return max;
  return max + Math.log(expSum(values, from, to, max));
}

/** NaN is never the largest; sums show it. */
export function largest(values: Float64Array, from: number, to: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) if (values[i]! > max) max = values[i]!;
  return max;
}

/** Index of the largest; the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Indices of the `count` largest, largest first, -Infinity left out; the first of equals first. */
export function largestIndices(values: Float64Array, count: number): number[] {
  const best: number[] = [];
  // What a value must exceed.
  let bound = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value > bound)) continue;
    let at = best.length;
    while (at > 0 && values[best[at - 1]!]! < value) at--;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
    if (best.length === count) bound = values[best[count - 1]!]!;
  }
  return best;
}
