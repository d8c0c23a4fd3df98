/** Sizes of x[m, k] and w[n, k], row-major. */
interface GemvSizes {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

interface GemvSums {
  /** Row-major [m, n]. */
  readonly sums: Float64Array;
  /** Σ|x w|, what errors of the sum are relative to. */
  readonly magnitudes: Float64Array;
}

/** x wᵀ and Σ|x w| in float64, by the definition: result [i, j] is row i of x with row j of w. */
export function gemvReference(x: ArrayLike<number>, w: ArrayLike<number>, { m, k, n }: GemvSizes): GemvSums {
  const sums = new Float64Array(m * n);
  const magnitudes = new Float64Array(m * n);
  for (let row = 0; row < m; row++) {
    for (let output = 0; output < n; output++) {
      let [sum, magnitude] = [0, 0];
      for (let i = 0; i < k; i++) {
        const term = x[row * k + i]! * w[output * k + i]!;
        sum += term;
        magnitude += Math.abs(term);
      }
      sums[row * n + output] = sum;
      magnitudes[row * n + output] = magnitude;
    }
  }
  return { sums, magnitudes };
}
