/** Sizes of a[m, k] b[k, n], row-major. */
interface ProductSizes {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

interface Product {
  readonly sums: Float64Array;
  /** Σ|a b|, what errors of the sum are relative to. */
  readonly magnitudes: Float64Array;
}

/** a b and Σ|a b| in float64, by the definition; exact for int8 and int16 operands. */
export function productReference(a: ArrayLike<number>, b: ArrayLike<number>, { m, k, n }: ProductSizes): Product {
  const sums = new Float64Array(m * n);
  const magnitudes = new Float64Array(m * n);
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let [sum, magnitude] = [0, 0];
      for (let x = 0; x < k; x++) {
        const term = a[row * k + x]! * b[x * n + column]!;
        sum += term;
        magnitude += Math.abs(term);
      }
      sums[row * n + column] = sum;
      magnitudes[row * n + column] = magnitude;
    }
  }
  return { sums, magnitudes };
}

/**
 * The same for weights that have a scale for each group of `size` along K: sum over groups of (a b of the group) scale.
 * `scales` is [groups, n].
 */
export function groupedReference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { m, k, n, size, scales }: ProductSizes & { readonly size: number; readonly scales: ArrayLike<number> },
): Product {
  const sums = new Float64Array(m * n);
  const magnitudes = new Float64Array(m * n);
  for (let at = 0; at < m * n; at++) {
    const [row, column] = [Math.floor(at / n), at % n];
    for (let first = 0; first < k; first += size) {
      let group = 0;
      for (let x = first; x < Math.min(k, first + size); x++) group += a[row * k + x]! * b[x * n + column]!;
      const term = group * scales[(first / size) * n + column]!;
      sums[at] = sums[at]! + term;
      magnitudes[at] = magnitudes[at]! + Math.abs(term);
    }
  }
  return { sums, magnitudes };
}

interface Requantisation {
  readonly bias: number;
  readonly multiplier: number;
  readonly shift: number;
  readonly residual: number;
  /** Bits of the result. */
  readonly bits: number;
}

/** The integer nearest to (sum + bias) multiplier / 2^shift, ties to even, plus the residual, cut to the range. */
export function requantisedReference(sum: number, by: Requantisation): number {
  const product = BigInt(sum + by.bias) * BigInt(by.multiplier);
  const unit = 1n << BigInt(by.shift);
  // Division truncates towards zero: the rest has the sign of the product.
  let quotient = product / unit;
  const rest = product % unit;
  const twice = rest < 0n ? -2n * rest : 2n * rest;
  if (twice > unit || (twice === unit && quotient % 2n !== 0n)) quotient += product < 0n ? -1n : 1n;
  const result = Number(quotient) + by.residual;
  return Math.max(-(2 ** (by.bits - 1)), Math.min(2 ** (by.bits - 1) - 1, result));
}
