/**
 * Sum of exp(value - max) over [from, to), for values of at most `max`. Each term to (4 + max - value) 2^-52 of itself; those
 * below e^-700 are left out. Math.exp takes three times as long, and this runs over the vocabulary for every row and token.
 */
export function expSum(values: Float64Array, from: number, to: number, max: number): number {
  let total = 0;
  for (let i = from; i < to; i++) {
    const x = values[i]! - max;
    if (x < -700) continue;
    // x = (256 n + j) ln 2 / 256 + rest: exp(x) = 2^n 2^(j / 256) exp(rest), and a rest below 0.0028 needs five terms.
    const steps = Math.floor(x * stepsPerUnit);
    const rest = x - steps * unitsPerStep;
    const tail = 1 + rest * (1 + rest * (1 / 2 + rest * (1 / 6 + rest * (1 / 24 + rest / 120))));
    total += fractions[steps & 255]! * powers[(steps >> 8) + lowest]! * tail;
  }
  return total;
}

const stepsPerUnit = 256 / Math.LN2;
const unitsPerStep = Math.LN2 / 256;
const lowest = 1022;
const fractions = Float64Array.from({ length: 256 }, (_, j) => 2 ** (j / 256));
const powers = Float64Array.from({ length: lowest + 1 }, (_, n) => 2 ** (n - lowest));
