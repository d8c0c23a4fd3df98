const float = new Float32Array(1);
const word = new Int32Array(float.buffer);

/** Bits of a number as an f32, as a signed word. */
export function floatBits(value: number): number {
  float[0] = value;
  return word[0]!;
}

/** The f32 that has these bits. */
export function bitsFloat(bits: number): number {
  word[0] = bits;
  return float[0]!;
}
