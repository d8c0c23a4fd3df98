import { ShapeError } from "@aiekit/core";
import MeydaModule from "meyda";
import { type MelDefinition, mel80, toDb } from "./mel-definition.ts";
import { melFilterBank } from "./mel-filters.ts";
import { bandsInDb, type MelFrames, type PowerFrames, windowedFrames } from "./mel-reference.ts";

/**
 * Log-mel features by meyda, in the two forms that can be set beside a kernel's output.
 *
 * meyda's own definition differs from {@link melReference} in four ways: its window is the symmetric Hann of the whole
 * buffer; its power spectrum stops before the Nyquist bin; its band edges are floored to bins, so that narrow bands
 * have one bin or none; its bands are ln(1 + energy). The first is avoided by giving it windowed, zero-padded frames and the `rect`
 * window; the second has no effect, since all weights are 0 at 8000 Hz; the last two cannot be chosen.
 */
export interface MeydaMel {
  /** meyda's power spectrum through the continuous-edge filters, in dB: the same quantity as the reference. */
  readonly comparable: MelFrames;
  /** meyda's own bands, ln(1 + E) undone and put in dB: a different definition, comparable in shape only. */
  readonly own: MelFrames;
  readonly power: PowerFrames;
}

export interface MeydaOptions {
  readonly definition: MelDefinition;
  /** `hanning` is meyda's default (symmetric); `rect` leaves the frame as it is. */
  readonly window: "rect" | "hanning";
}

export interface MeydaFrame {
  /** |X|², f32[fftPoints/2]: bins 0…fftPoints/2 − 1. */
  readonly power: Float32Array;
  /** ln(1 + Σ w·|X|²), [bins]. */
  readonly bands: readonly number[];
}

/** Meyda over all frames of 16-bit PCM, with the window and padding of `definition`. */
export function meydaMel(pcm: Int16Array, definition: MelDefinition = mel80): MeydaMel {
  const extract = meydaExtractor({ definition, window: "rect" });
  const frames = windowedFrames(pcm, definition).map(extract);
  const spectrumBins = definition.fftPoints / 2 + 1;
  const power = new Float64Array(frames.length * spectrumBins);
  const own = new Float64Array(frames.length * definition.bins);
  frames.forEach((frame, f) => {
    power.set(frame.power, f * spectrumBins);
    frame.bands.forEach((band, b) => {
      own[f * definition.bins + b] = toDb(Math.expm1(band), definition);
    });
  });
  const spectra = { frames: frames.length, spectrumBins, power };
  return {
    comparable: bandsInDb(spectra, melFilterBank(definition), definition),
    own: { frames: frames.length, bins: definition.bins, db: own },
    power: spectra,
  };
}

/**
 * A function that gives meyda's power spectrum and bands of one frame of fftPoints samples.
 *
 * meyda keeps its settings and its filter bank in one global object and does not rebuild the bank when the buffer size
 * or sample rate changes. Each extractor here owns a copy without a bank, so no other user's settings reach it.
 * @throws ShapeError when a frame does not have fftPoints samples.
 */
export function meydaExtractor({ definition, window }: MeydaOptions): (frame: Float64Array) => MeydaFrame {
  const own: Meyda = {
    ...meyda,
    bufferSize: definition.fftPoints,
    sampleRate: definition.sampleRateHz,
    melBands: definition.bins,
    windowingFunction: window,
    melFilterBank: undefined,
    barkScale: undefined,
  };
  return (frame) => {
    if (frame.length !== definition.fftPoints) {
      throw new ShapeError(`meyda: expected a frame of ${definition.fftPoints} samples, got ${frame.length}`);
    }
    const features = own.extract(["powerSpectrum", "melBands"], frame);
    return { power: features.powerSpectrum, bands: features.melBands };
  };
}

interface Meyda {
  bufferSize: number;
  sampleRate: number;
  melBands: number;
  windowingFunction: string;
  melFilterBank: unknown;
  barkScale: unknown;
  extract(
    features: readonly ["powerSpectrum", "melBands"],
    signal: Float64Array,
  ): { readonly powerSpectrum: Float32Array; readonly melBands: readonly number[] };
}

// The package's types describe an ES default export; what Node loads is CommonJS, where the module is the object itself.
const meyda = MeydaModule as unknown as Meyda;
