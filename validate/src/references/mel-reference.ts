import { Matrix } from "ml-matrix";
import { createFft } from "./fft-reference.ts";
import { frameCount, type MelDefinition, mel80, toDb } from "./mel-definition.ts";
import { type FilterBank, melFilterBank } from "./mel-filters.ts";

/** Log-mel features in dB, row-major [frames, bins]. */
export interface MelFrames {
  readonly frames: number;
  readonly bins: number;
  readonly db: Float64Array;
}

/** |X|² of windowed frames in full-scale units, row-major [frames, fftPoints/2 + 1]. */
export interface PowerFrames {
  readonly frames: number;
  readonly spectrumBins: number;
  readonly power: Float64Array;
}

/** Log-mel features of 16-bit PCM, computed in float64: the meaning that a kernel is held against. */
export function melReference(pcm: Int16Array, definition: MelDefinition = mel80): MelFrames {
  return bandsInDb(powerReference(pcm, definition), melFilterBank(definition), definition);
}

/** Power spectra of all frames: Hann window, zero-padding to fftPoints, fft.js. */
export function powerReference(pcm: Int16Array, definition: MelDefinition = mel80): PowerFrames {
  const fft = createFft(definition.fftPoints);
  const spectrumBins = definition.fftPoints / 2 + 1;
  const frames = frameCount(pcm.length, definition);
  const power = new Float64Array(frames * spectrumBins);
  windowedFrames(pcm, definition).forEach((frame, f) => {
    const spectrum = fft.real(frame);
    for (let k = 0; k < spectrumBins; k++) {
      power[f * spectrumBins + k] = spectrum[2 * k]! ** 2 + spectrum[2 * k + 1]! ** 2;
    }
  });
  return { frames, spectrumBins, power };
}

/** Band energies (a matrix product by ml-matrix) in dB. */
export function bandsInDb(spectra: PowerFrames, bank: FilterBank, definition: MelDefinition = mel80): MelFrames {
  if (spectra.frames === 0) return { frames: 0, bins: bank.bins, db: new Float64Array(0) };
  const power = Matrix.from1DArray(spectra.frames, spectra.spectrumBins, spectra.power);
  const weights = Matrix.from1DArray(bank.bins, bank.spectrumBins, bank.weights);
  const energies = power.mmul(weights.transpose());
  const db = Float64Array.from(energies.to1DArray(), (energy) => toDb(energy, definition));
  return { frames: spectra.frames, bins: bank.bins, db };
}

/** Frames in full-scale units (int16 / 32768), windowed and zero-padded to fftPoints. */
export function windowedFrames(pcm: Int16Array, definition: MelDefinition = mel80): Float64Array[] {
  const window = periodicHann(definition.windowSamples);
  return Array.from({ length: frameCount(pcm.length, definition) }, (_, f) => {
    const frame = new Float64Array(definition.fftPoints);
    const start = f * definition.hopSamples;
    for (let n = 0; n < definition.windowSamples; n++) frame[n] = (pcm[start + n]! / 32768) * window[n]!;
    return frame;
  });
}

/** 0.5 − 0.5·cos(2πn/points): the period is `points`, not points − 1. */
export function periodicHann(points: number): Float64Array {
  return Float64Array.from({ length: points }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / points));
}
