// Normal distribution in float64, independent of the kernels: erfc by Maclaurin's series of erf where it does not cancel,
// and by Laplace's continued fraction beyond. Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.5, 7.1.14.

const sqrtPi = Math.sqrt(Math.PI);

export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  return x < 1 ? 1 - erfSeries(x) : erfcFraction(x);
}

/** Upper tail of the normal distribution: relative error 1e-14 as far as float64 reaches. */
const upperTail = (a: number): number => erfc(a / Math.SQRT2) / 2;

/** x Phi(x). */
export const gelu = (x: number): number => (x === -Infinity ? 0 : x * upperTail(-x));

function erfSeries(x: number): number {
  let [sum, term] = [0, x];
  for (let n = 0; Math.abs(term) > 1e-20; n++) {
    sum += term / (2 * n + 1);
    term *= -(x * x) / (n + 1);
  }
  return (2 / sqrtPi) * sum;
}

function erfcFraction(x: number): number {
  let tail = 0;
  for (let k = 400; k >= 1; k--) tail = k / 2 / (x + tail);
  return Math.exp(-x * x) / (sqrtPi * (x + tail));
}
