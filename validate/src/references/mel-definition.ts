/** What a log-mel front end computes. Sizes in samples of 16-bit PCM, mono. */
export interface MelDefinition {
  readonly sampleRateHz: number;
  readonly windowSamples: number;
  readonly hopSamples: number;
  /** Transform length; the windowed frame is zero-padded to it. */
  readonly fftPoints: number;
  readonly bins: number;
  readonly lowHz: number;
  readonly highHz: number;
  /** Power below which the logarithm is clamped; 1e-10 is −100 dB. */
  readonly floorPower: number;
}

/**
 * 80 HTK bands from frames of 25 ms every 10 ms at 16 kHz: periodic Hann window, 512 points, power of samples in
 * full-scale units (int16 / 32768), dB with a floor of −100.
 */
export const mel80: MelDefinition = {
  sampleRateHz: 16000,
  windowSamples: 400,
  hopSamples: 160,
  fftPoints: 512,
  bins: 80,
  lowHz: 0,
  highHz: 8000,
  floorPower: 1e-10,
};

/** Frames that fit without padding: 1 + ⌊(samples − window) / hop⌋, 0 for less than a window. */
export function frameCount(samples: number, definition: MelDefinition = mel80): number {
  if (samples < definition.windowSamples) return 0;
  return 1 + Math.floor((samples - definition.windowSamples) / definition.hopSamples);
}

/** The floor of the output in dB; −100 for 1e-10. */
export function floorDb(definition: MelDefinition = mel80): number {
  return 10 * Math.log10(definition.floorPower);
}

/** Power in dB, clamped at the definition's floor. */
export function toDb(power: number, definition: MelDefinition = mel80): number {
  return 10 * Math.log10(Math.max(power, definition.floorPower));
}
