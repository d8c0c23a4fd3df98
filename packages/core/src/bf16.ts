const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** Value of a bfloat16 given by its 16 bits. Exact. */
export function bf16ToFloat(bits: number): number {
  word[0] = bits << 16;
  return float[0]!;
}

/**
 * The bfloat16 nearest to `value`, ties to even, as 16 bits. `value` is first rounded to float32.
 * Overflow gives infinity; NaN stays a quiet NaN.
 */
export function floatToBf16(value: number): number {
  float[0] = value;
  const bits = word[0]!;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
