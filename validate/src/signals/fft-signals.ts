import { chirp, clippedSine, impulses, type Span, silence, sine, whiteNoise } from "./waveforms.ts";

/** Frames of a transform, i16[units, points], under one name. */
export interface FftSignal {
  readonly name: string;
  readonly frames: Int16Array;
  /** All samples are zero, and so must the spectrum be. */
  readonly silent: boolean;
}

/** Test signals for a transform of `points` at 16 kHz, `units` frames each. */
export function fftSignals({ seed, units = 4, points = 512 }: FftSignalOptions): FftSignal[] {
  const span: Span = { samples: units * points, sampleRateHz: 16000 };
  const signal = (name: string, frames: Int16Array): FftSignal => ({
    name,
    frames,
    silent: frames.every((x) => x === 0),
  });
  return [
    signal("sine 100 Hz", sine(span, 100, 0.5)),
    signal("sine 1000 Hz", sine(span, 1000, 0.5)),
    signal("sine 4000 Hz", sine(span, 4000, 0.5)),
    signal("sine 1000 Hz, full scale", sine(span, 1000, 1)),
    signal("sine 1000 Hz, clipped", clippedSine(span, 1000)),
    signal("impulse at sample 0", impulses(span, { firstSample: 0, periodSamples: points, amplitude: 1 })),
    signal("impulse at sample 77", impulses(span, { firstSample: 77, periodSamples: points, amplitude: 1 })),
    signal("impulse train of 80 samples", impulses(span, { firstSample: 3, periodSamples: 80, amplitude: 0.7 })),
    signal("noise, full scale", whiteNoise(span, seed, 1)),
    signal("noise, −40 dB", whiteNoise(span, seed + 1, 0.01)),
    signal("chirp 50 to 7900 Hz", chirp(span, { fromHz: 50, toHz: 7900, amplitude: 0.8 })),
    signal("constant, full scale", new Int16Array(span.samples).fill(32767)),
    signal("most negative sample everywhere", new Int16Array(span.samples).fill(-32768)),
    signal("silence", silence(span)),
  ];
}

export interface FftSignalOptions {
  readonly seed: number;
  readonly units?: number;
  readonly points?: number;
}
