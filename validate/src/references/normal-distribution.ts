/** Terms are added until they no longer change the sum. */
const convergedBelow = 2 ** -54;

/** ∫ of the normal density from −∞ to x, relative error about 1e-15 on both sides. */
export function normalDistribution(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  const tail = upperTail(Math.abs(x));
  return x < 0 ? tail : 1 - tail;
}

/** x Φ(x): the exact GELU, with erf and not with tanh. Source: Hendrycks and Gimpel, Gaussian Error Linear Units, section 2. */
export function geluReference(x: number): number {
  if (x === Number.POSITIVE_INFINITY) return x;
  if (x === Number.NEGATIVE_INFINITY) return -0;
  return x * normalDistribution(x);
}

/** 1 − Φ(x) for x >= 0. */
function upperTail(x: number): number {
  return x < 3 ? 0.5 - centralPart(x) : tailFraction(x);
}

/** Φ(x) − 1/2 = φ(x) (x + x³/3 + x⁵/15 + ...): all terms positive. Source: Abramowitz and Stegun 26.2.11. */
function centralPart(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 3; term > convergedBelow * sum; n += 2) {
    term *= (x * x) / n;
    sum += term;
  }
  return density(x) * sum;
}

/** φ(x) / (x + 1/(x + 2/(x + 3/(x + ...)))), from its end. Source: Abramowitz and Stegun 26.2.14. */
function tailFraction(x: number): number {
  let fraction = x;
  for (let n = 200; n >= 1; n--) fraction = x + n / fraction;
  return density(x) / fraction;
}

function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}
