export interface TopK {
  readonly values: readonly number[];
  readonly indices: readonly number[];
}

/** The k largest of each row by sorting it: NaN first, the lower index first among equals (0 and -0 are equal). */
export function topkReference(x: Float64Array, length: number, k: number): TopK {
  const indices = Array.from({ length: x.length / length }, (_, r) => {
    const row = x.subarray(r * length, (r + 1) * length);
    return Array.from(row.keys()).sort(byRank(row)).slice(0, k);
  });
  return {
    values: indices.flatMap((row, r) => row.map((i) => x[r * length + i]!)),
    indices: indices.flat(),
  };
}

const byRank =
  (row: Float64Array) =>
  (i: number, j: number): number => {
    const [a, b] = [row[i]!, row[j]!];
    const nans = Number(Number.isNaN(b)) - Number(Number.isNaN(a));
    if (nans !== 0) return nans;
    if (a === b || Number.isNaN(a)) return i - j;
    return a < b ? 1 : -1;
  };
