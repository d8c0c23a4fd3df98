/** Rounds samples in −1…1 to 16 bits; what is louder is clipped, as a converter does. */
export function toPcm(samples: ArrayLike<number>): Int16Array {
  return Int16Array.from(samples, (x) => Math.max(-32768, Math.min(32767, Math.round(x * 32767))));
}

/** The samples scaled so that the loudest has magnitude `peak`; silence stays silence. */
export function normalised(samples: Float64Array, peak: number): Float64Array {
  const loudest = samples.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return loudest === 0 ? samples : samples.map((x) => (x * peak) / loudest);
}
