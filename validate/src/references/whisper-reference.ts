import { ShapeError } from "@aiekit/core";
import { slaneyFilterBank } from "./whisper-mel-filters.ts";

/** Whisper's front end: 25 ms windows every 10 ms at 16 kHz, no padding of the transform. */
export const whisperMel = {
  sampleRateHz: 16_000,
  windowSamples: 400,
  hopSamples: 160,
  bins: 201,
  floorEnergy: 1e-10,
  decades: 8,
} as const;

/** Features, row-major [mels, frames] as Whisper's encoder takes them. */
export interface WhisperFeatures {
  readonly mels: number;
  readonly frames: number;
  readonly values: Float64Array;
}

const { sampleRateHz, windowSamples, hopSamples, bins, floorEnergy, decades } = whisperMel;

/**
 * Whisper's log_mel_spectrogram in float64, by its definition: frames centred on every 160th sample of the sound mirrored
 * at both ends, the last frame left out; periodic Hann; |DFT|² as plain sums; Slaney's filters; log10 of at least 1e-10,
 * not less than the largest of all minus 8; plus 4, over 4. `samples` in full scale: int16 / 32768.
 * @throws ShapeError for a sound that is too short to mirror.
 */
export function whisperFeatures(samples: ArrayLike<number>, mels: number): WhisperFeatures {
  if (samples.length <= windowSamples / 2) {
    throw new ShapeError(`whisper features: expected more than ${windowSamples / 2} samples, got ${samples.length}`);
  }
  const frames = Math.floor(samples.length / hopSamples);
  const bank = slaneyFilterBank({ bands: mels, bins, points: windowSamples, sampleRateHz });
  const values = new Float64Array(mels * frames);
  let largest = Number.NEGATIVE_INFINITY;
  for (let f = 0; f < frames; f++) {
    const power = windowPower(samples, f * hopSamples);
    for (let band = 0; band < mels; band++) {
      let energy = 0;
      for (let k = 0; k < bins; k++) energy += bank[band * bins + k]! * power[k]!;
      const logarithm = Math.log10(Math.max(energy, floorEnergy));
      largest = Math.max(largest, logarithm);
      values[band * frames + f] = logarithm;
    }
  }
  return { mels, frames, values: values.map((v) => (Math.max(v, largest - decades) + 4) / 4) };
}

/** |X[k]|² of the window centred on `centre`. */
function windowPower(samples: ArrayLike<number>, centre: number): Float64Array {
  const windowed = Float64Array.from({ length: windowSamples }, (_, n) => {
    const hann = 0.5 * (1 - cosines[n]!);
    return hann * samples[mirrored(centre + n - windowSamples / 2, samples.length)]!;
  });
  const power = new Float64Array(bins);
  for (let k = 0; k < bins; k++) {
    let [re, im] = [0, 0];
    for (let n = 0, turn = 0; n < windowSamples; n++) {
      re += windowed[n]! * cosines[turn]!;
      im += windowed[n]! * sines[turn]!;
      turn = turn + k < windowSamples ? turn + k : turn + k - windowSamples;
    }
    power[k] = re * re + im * im;
  }
  return power;
}

/** Index with reflection at both ends, the end samples not repeated. */
function mirrored(index: number, length: number): number {
  if (index < 0) return -index;
  return index < length ? index : 2 * (length - 1) - index;
}

const cosines = Float64Array.from({ length: windowSamples }, (_, n) => Math.cos((2 * Math.PI * n) / windowSamples));
const sines = Float64Array.from({ length: windowSamples }, (_, n) => Math.sin((2 * Math.PI * n) / windowSamples));
