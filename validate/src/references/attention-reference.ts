/** Rows of one matrix that hold heads side by side: element c of head h in row r is `data[offset + r * pitch + h * width + c]`. */
export interface HeadRows {
  readonly data: Float64Array;
  readonly offset: number;
  readonly pitch: number;
}

interface AttentionSizes {
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
  /** Query i sees keys 0 .. keys - queries + i. */
  readonly causal: boolean;
}

export interface AttentionReference {
  /** softmax(q k^T / sqrt(width)) v, [queries, heads * width]. */
  readonly values: Float64Array;
  /** The same weights, of |v|: what errors of the weights are measured by. */
  readonly magnitudes: Float64Array;
  /** For each row and head, the largest sum of |q k| / sqrt(width): what errors of the scores are measured by. */
  readonly scoreMagnitudes: Float64Array;
}

/** Attention in float64, by the definition. */
export function attentionReference(
  { q, k, v }: Readonly<Record<"q" | "k" | "v", HeadRows>>,
  { heads, queries, keys, width, causal }: AttentionSizes,
): AttentionReference {
  const values = new Float64Array(queries * heads * width);
  const magnitudes = new Float64Array(queries * heads * width);
  const scoreMagnitudes = new Float64Array(queries * heads);
  const weights = new Float64Array(keys);
  for (let h = 0; h < heads; h++) {
    for (let i = 0; i < queries; i++) {
      const seen = causal ? keys - queries + i + 1 : keys;
      const row = q.offset + i * q.pitch + h * width;
      let [most, size] = [Number.NEGATIVE_INFINITY, 0];
      for (let j = 0; j < seen; j++) {
        const key = k.offset + j * k.pitch + h * width;
        let [score, magnitude] = [0, 0];
        for (let c = 0; c < width; c++) {
          const product = q.data[row + c]! * k.data[key + c]!;
          score += product;
          magnitude += Math.abs(product);
        }
        weights[j] = score / Math.sqrt(width);
        most = Math.max(most, weights[j]!);
        size = Math.max(size, magnitude / Math.sqrt(width));
      }
      let total = 0;
      for (let j = 0; j < seen; j++) {
        weights[j] = Math.exp(weights[j]! - most);
        total += weights[j]!;
      }
      const out = (i * heads + h) * width;
      for (let j = 0; j < seen; j++) {
        const weight = weights[j]! / total;
        const value = v.offset + j * v.pitch + h * width;
        for (let c = 0; c < width; c++) {
          values[out + c]! += weight * v.data[value + c]!;
          magnitudes[out + c]! += weight * Math.abs(v.data[value + c]!);
        }
      }
      scoreMagnitudes[i * heads + h] = size;
    }
  }
  return { values, magnitudes, scoreMagnitudes };
}
