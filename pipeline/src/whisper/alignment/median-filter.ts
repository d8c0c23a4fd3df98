/**
 * Running median over `width` values, an odd number; at the ends the row is mirrored without its last value. A row that is
 * too short to be mirrored is left as it is, as published. Source: openai/whisper, timing.py, `median_filter`.
 */
export function medianFilter(row: Float64Array, width: number): Float64Array {
  const half = (width - 1) / 2;
  const { length } = row;
  if (length <= half) return row.slice();
  const window = new Float64Array(width);
  return row.map((_, at) => {
    for (let i = 0; i < width; i++) window[i] = row[mirrored(at + i - half, length)]!;
    return window.sort()[half]!;
  });
}

function mirrored(index: number, length: number): number {
  if (index < 0) return -index;
  return index < length ? index : 2 * (length - 1) - index;
}
