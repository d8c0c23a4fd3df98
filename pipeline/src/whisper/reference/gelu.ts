/** x * Phi(x), with the normal distribution's Phi and no approximation of it. Source: Hendrycks and Gimpel, 2016, section 2. */
export function gelu(x: number): number {
  return (x / 2) * (1 + erf(x / Math.SQRT2));
}

/** The error function, to about 1e-15. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x) || size > 6) return Number.isNaN(x) ? x : Math.sign(x);
  return Math.sign(x) * (size < 2.5 ? erfSeries(size) : 1 - erfcFraction(size));
}

/** 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!: all terms are positive. Source: DLMF 7.6.2. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** Continued fraction of erfc, from its 60th level up. Source: DLMF 7.9.1. */
function erfcFraction(x: number): number {
  let tail = x;
  for (let n = 60; n >= 1; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}
