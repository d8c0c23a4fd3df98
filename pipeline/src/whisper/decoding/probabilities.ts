import { AiekitError } from "@aiekit/core";

/** log of the softmax; -Infinity stays. @throws AiekitError when a logit is NaN or none is finite. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  const total = logTotal(logits);
  const logProbs = new Float64Array(logits.length);
  for (let i = 0; i < logProbs.length; i++) logProbs[i] = logits[i]! - total;
  return logProbs;
}

/** `logSoftmax` of one token, without an array of all. @throws AiekitError as `logSoftmax` does. */
export function logProbability(logits: ArrayLike<number>, token: number): number {
  return logits[token]! - logTotal(logits);
}

function logTotal(logits: ArrayLike<number>): number {
  const total = logSumExp(logits, 0, logits.length);
  if (Number.isFinite(total)) return total;
  throw new AiekitError(
    "validation",
    `decoding: logits: expected numbers and at least one token allowed, got ${total}`,
  );
}

/** log of the sum of exp over [from, to); -Infinity for none. */
export function logSumExp(values: ArrayLike<number>, from: number, to: number): number {
  const max = largest(values, from, to);
  if (max === Number.NEGATIVE_INFINITY) return max;
  let total = 0;
  for (let i = from; i < to; i++) total += Math.exp(values[i]! - max);
  return max + Math.log(total);
}

export function largest(values: ArrayLike<number>, from: number, to: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) if (values[i]! > max || Number.isNaN(values[i]!)) max = values[i]!;
  return max;
}

/** Index of the largest; the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Indices of the `count` largest, largest first, -Infinity left out; the first of equals first. */
export function largestIndices(values: ArrayLike<number>, count: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value === Number.NEGATIVE_INFINITY) continue;
    if (best.length === count && value <= values[best[count - 1]!]!) continue;
    let at = best.length;
    while (at > 0 && values[best[at - 1]!]! < value) at--;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
  }
  return best;
}
