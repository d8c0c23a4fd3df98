/**
 * Float samples (full scale -1 to 1) as 16-bit: value · 32768, rounded to nearest, clipped to -32768 … 32767.
 * `clipped` counts the samples that did not fit.
 */
export function toPcm16(samples: Float32Array): { readonly pcm: Int16Array<ArrayBuffer>; readonly clipped: number } {
  const pcm = new Int16Array(samples.length);
  let clipped = 0;
  for (let i = 0; i < samples.length; i++) {
    const scaled = Math.round(samples[i]! * 32768);
    const value = Math.min(32767, Math.max(-32768, scaled));
    if (value !== scaled) clipped++;
    pcm[i] = value;
  }
  return { pcm, clipped };
}
