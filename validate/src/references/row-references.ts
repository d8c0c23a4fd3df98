/** Softmax of each row in float64. A row with NaN or +infinity, or of -infinity only, is NaN. */
export function softmaxReference(x: Float64Array, cols: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += cols) {
    const row = x.subarray(start, start + cols);
    const most = row.reduce((a, b) => (Number.isNaN(b) || b > a ? b : a), Number.NEGATIVE_INFINITY);
    const e = row.map((v) => Math.exp(v - most));
    const sum = e.reduce((a, b) => a + b, 0);
    y.set(
      e.map((v) => v / sum),
      start,
    );
  }
  return y;
}

interface RowStatistics {
  readonly mean: number;
  /** Square root of the biased variance plus epsilon. */
  readonly deviation: number;
  readonly mostMagnitude: number;
}

/** Of each row, in float64. */
export function rowStatistics(x: Float64Array, cols: number, epsilon: number): readonly RowStatistics[] {
  return Array.from({ length: x.length / cols }, (_, r) => {
    const row = x.subarray(r * cols, (r + 1) * cols);
    const mean = row.reduce((a, b) => a + b, 0) / cols;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / cols;
    const mostMagnitude = row.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    return { mean, deviation: Math.sqrt(variance + epsilon), mostMagnitude };
  });
}

/** Layer normalisation in float64; NaN and infinities make their row NaN. */
export function layernormReference(
  x: Float64Array,
  factors: { readonly gamma: Float64Array; readonly beta: Float64Array },
  statistics: readonly RowStatistics[],
): Float64Array {
  const cols = factors.gamma.length;
  return x.map((v, i) => {
    const { mean, deviation } = statistics[Math.floor(i / cols)]!;
    return ((v - mean) / deviation) * factors.gamma[i % cols]! + factors.beta[i % cols]!;
  });
}
