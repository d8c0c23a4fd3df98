/** Median and 95th percentile of n values, by nearest rank. */
export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly p95: number;
}

/** @throws RangeError when there is no value. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError("summary: expected at least one value, got none");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = Number.isInteger(middle) ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!;
  return { n: sorted.length, median, p95: sorted[Math.ceil(0.95 * sorted.length) - 1]! };
}
