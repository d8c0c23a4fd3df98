import { type Rows, rows } from "./rows.ts";

/** Keys and values, [count, width] each; arrays may hold more rows than count. */
export interface KeysValues {
  readonly count: number;
  readonly keys: Float64Array;
  readonly values: Float64Array;
}

interface AttentionOptions {
  readonly heads: number;
  /** Keys that query row i sees; all of them where left out. */
  readonly visible?: (row: number) => number;
  /** Receives the weights of a query row in a head, [keys it sees]; valid during the call only. */
  readonly observe?: (row: number, head: number, weights: Float64Array) => void;
}

/** softmax(q k^T / sqrt(columns of a head)) v, head by head. */
export function attention(queries: Rows, { count, keys, values }: KeysValues, options: AttentionOptions): Rows {
  const { width } = queries;
  const columns = width / options.heads;
  const scale = 1 / Math.sqrt(columns);
  const out = rows(queries.count, width);
  for (let row = 0; row < queries.count; row++) {
    const seen = options.visible?.(row) ?? count;
    const weights = new Float64Array(seen);
    for (let head = 0; head < options.heads; head++) {
      const first = head * columns;
      const query = row * width + first;
      for (let key = 0; key < seen; key++) {
        let dot = 0;
        for (let i = 0; i < columns; i++) dot += queries.data[query + i]! * scale * keys[key * width + first + i]!;
        weights[key] = dot;
      }
      softmaxInPlace(weights);
      options.observe?.(row, head, weights);
      for (let key = 0; key < seen; key++) {
        const weight = weights[key]!;
        for (let i = 0; i < columns; i++) out.data[query + i]! += weight * values[key * width + first + i]!;
      }
    }
  }
  return out;
}

function softmaxInPlace(values: Float64Array): void {
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) max = Math.max(max, value);
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.exp(values[i]! - max);
    total += values[i]!;
  }
  for (let i = 0; i < values.length; i++) values[i]! /= total;
}
