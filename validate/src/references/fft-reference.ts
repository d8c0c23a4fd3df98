import { ShapeError } from "@aiekit/core";
import FFT from "fft.js";

/** A transform of fixed length in float64, unnormalised: X[k] = Σ x[n]·e^(−2πi·kn/points). */
export interface Fft {
  readonly points: number;
  /** Spectrum of `points` real samples as [2·points]: re, im interleaved, all bins 0…points−1. */
  real(samples: ArrayLike<number>): Float64Array;
  /** Spectrum of [2·points] interleaved complex samples, same layout. */
  complex(interleaved: ArrayLike<number>): Float64Array;
}

/**
 * A float64 transform by fft.js.
 * @throws ShapeError when `points` is not a power of two above 1, or an input has another length.
 */
export function createFft(points: number): Fft {
  if (points < 2 || !Number.isInteger(Math.log2(points))) {
    throw new ShapeError(`fft: expected a length that is a power of two above 1, got ${points}`);
  }
  const plan = new FFT(points);
  return {
    points,
    real(samples) {
      expectLength("real samples", points, samples.length);
      const out: number[] = plan.createComplexArray();
      plan.realTransform(out, Array.from(samples));
      // realTransform leaves the bins above points/2 unwritten; they are the conjugates of those below.
      plan.completeSpectrum(out);
      return Float64Array.from(out);
    },
    complex(interleaved) {
      expectLength("interleaved complex samples", 2 * points, interleaved.length);
      const out: number[] = plan.createComplexArray();
      plan.transform(out, Array.from(interleaved));
      return Float64Array.from(out);
    },
  };
}

/**
 * Spectra of real frames. `frames`: [units, points]. Returns f64[units, 2·points], re, im interleaved.
 * @throws ShapeError when the length is not a multiple of `points`.
 */
export function fftReference(frames: Int16Array, points = 512): Float64Array {
  const fft = createFft(points);
  if (frames.length % points !== 0) {
    throw new ShapeError(`fft reference: expected a multiple of ${points} samples, got ${frames.length}`);
  }
  const out = new Float64Array(frames.length * 2);
  for (let start = 0; start < frames.length; start += points) {
    out.set(fft.real(frames.subarray(start, start + points)), start * 2);
  }
  return out;
}

function expectLength(what: string, expected: number, actual: number): void {
  if (actual !== expected) throw new ShapeError(`fft: expected ${expected} ${what}, got ${actual}`);
}
