export interface AttentionSizes {
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  /** Columns of a head. */
  readonly width: number;
  /** Query i sees keys 0 .. keys - queries + i, all of them otherwise. */
  readonly causal: boolean;
}

export interface AttentionReference {
  /** [queries, heads * width] */
  readonly y: Float64Array;
  /** Σ p |v| / Σ p of each element of `y`: what relative errors of the p are multiplied by. */
  readonly magnitudes: Float64Array;
  /** Largest Σ |q k| of each query and head, [queries, heads]. */
  readonly scores: Float64Array;
}

/**
 * softmax(q k^T / sqrt(width)) v of each head in float64, by its definition. `q`: [queries, heads * width], `k` and `v`:
 * [keys, heads * width], row-major. Source: A. Vaswani et al., Attention Is All You Need, 3.2.1.
 */
export function attentionReference(
  { q, k, v }: { readonly q: Float64Array; readonly k: Float64Array; readonly v: Float64Array },
  { heads, queries, keys, width, causal }: AttentionSizes,
): AttentionReference {
  const columns = heads * width;
  const y = new Float64Array(queries * columns);
  const magnitudes = new Float64Array(queries * columns);
  const scores = new Float64Array(queries * heads);
  const p = new Float64Array(keys);
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < queries; i++) {
      const seen = causal ? keys - queries + i + 1 : keys;
      const at = i * columns + head * width;
      let most = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < seen; j++) {
        let [sum, magnitude] = [0, 0];
        for (let c = 0; c < width; c++) {
          const product = q[at + c]! * k[j * columns + head * width + c]!;
          sum += product;
          magnitude += Math.abs(product);
        }
        p[j] = sum / Math.sqrt(width);
        most = Math.max(most, p[j]!);
        scores[i * heads + head] = Math.max(scores[i * heads + head]!, magnitude);
      }
      let total = 0;
      for (let j = 0; j < seen; j++) {
        p[j] = Math.exp(p[j]! - most);
        total += p[j]!;
      }
      for (let j = 0; j < seen; j++) {
        const weight = p[j]! / total;
        for (let c = 0; c < width; c++) {
          const value = v[j * columns + head * width + c]!;
          y[at + c]! += weight * value;
          magnitudes[at + c]! += weight * Math.abs(value);
        }
      }
    }
  }
  return { y, magnitudes, scores };
}
