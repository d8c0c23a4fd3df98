/** Slaney's mel scale: 66⅔ Hz a mel up to 1 kHz (mel 15), above it 27 mel for a factor of 6.4. */
export function slaneyMelToHz(mel: number): number {
  return mel <= 15 ? mel / 0.015 : 1000 * 6.4 ** ((mel - 15) / 27);
}

export function slaneyHzToMel(hz: number): number {
  return hz <= 1000 ? hz * 0.015 : 15 + (27 * Math.log2(hz / 1000)) / Math.log2(6.4);
}

/**
 * Triangles of area 1 (in Hz), equally spaced in mel from 0 to half the rate; row-major [bands, bins]. Bin k is at
 * k·rate/points Hz.   Source: M. Slaney, Auditory Toolbox (1998), mfcc; the normalisation by 2/width is Whisper's choice.
 */
export function slaneyFilterBank(options: {
  readonly bands: number;
  readonly bins: number;
  readonly points: number;
  readonly sampleRateHz: number;
}): Float64Array {
  const { bands, bins, points, sampleRateHz } = options;
  const top = slaneyHzToMel(sampleRateHz / 2);
  const edgeHz = (i: number) => slaneyMelToHz((top / (bands + 1)) * i);
  const weights = new Float64Array(bands * bins);
  for (let band = 0; band < bands; band++) {
    const [low, centre, high] = [edgeHz(band), edgeHz(band + 1), edgeHz(band + 2)];
    const height = 2 / (high - low);
    for (let k = 0; k < bins; k++) {
      const hz = (k * sampleRateHz) / points;
      if (hz <= low || hz >= high) continue;
      weights[band * bins + k] = height * (hz < centre ? (hz - low) / (centre - low) : (high - hz) / (high - centre));
    }
  }
  return weights;
}
