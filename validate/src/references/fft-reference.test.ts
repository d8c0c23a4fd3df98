import { ShapeError } from "@aiekit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createFft, fftReference } from "./fft-reference.ts";

const points = 512;
const fft = createFft(points);

// The definition of the transform, term by term.
function naiveDft(re: ArrayLike<number>, im: ArrayLike<number>): Float64Array {
  const out = new Float64Array(2 * re.length);
  for (let k = 0; k < re.length; k++) {
    for (let n = 0; n < re.length; n++) {
      const angle = (-2 * Math.PI * ((k * n) % re.length)) / re.length;
      out[2 * k]! += re[n]! * Math.cos(angle) - im[n]! * Math.sin(angle);
      out[2 * k + 1]! += re[n]! * Math.sin(angle) + im[n]! * Math.cos(angle);
    }
  }
  return out;
}

function largestDifference(a: Float64Array, b: Float64Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}

// |X| of int16 noise is up to 512·32768 = 2²⁴; float64 keeps 2⁻⁵³ of it, times ~2·512 operations of the naive sum.
const toleranceInt16 = 2 ** 24 * 2 ** -53 * 1024;

test("512 real samples agree with the O(n²) definition in all 512 bins", () => {
  const samples = Array.from({ length: points }, (_, n) => ((n * 7919) % 65536) - 32768);

  const spectrum = fft.real(samples);

  expect(largestDifference(spectrum, naiveDft(samples, new Float64Array(points)))).toBeLessThan(toleranceInt16);
});

test("512 complex samples agree with the O(n²) definition", () => {
  const re = Array.from({ length: points }, (_, n) => ((n * 7919) % 65536) - 32768);
  const im = Array.from({ length: points }, (_, n) => ((n * 104729) % 65536) - 32768);
  const interleaved = Array.from({ length: 2 * points }, (_, i) => (i % 2 === 0 ? re[i / 2]! : im[(i - 1) / 2]!));

  const spectrum = fft.complex(interleaved);

  expect(largestDifference(spectrum, naiveDft(re, im))).toBeLessThan(toleranceInt16);
});

test("a sine of 32 cycles has −256i·A in bin 32, its conjugate in bin 480 and nothing elsewhere", () => {
  const amplitude = 1000;
  const samples = Float64Array.from(
    { length: points },
    (_, n) => amplitude * Math.sin((2 * Math.PI * 32 * n) / points),
  );
  const expected = new Float64Array(2 * points);
  expected[2 * 32 + 1] = -256 * amplitude;
  expected[2 * 480 + 1] = 256 * amplitude;

  expect(largestDifference(fft.real(samples), expected)).toBeLessThan(1e-6);
});

test("an impulse at sample d has |X[k]| = 1 and phase −2πkd/512", () => {
  const samples = new Float64Array(points);
  samples[3] = 1;

  const spectrum = fft.real(samples);

  for (let k = 0; k < points; k++) {
    expect(spectrum[2 * k]).toBeCloseTo(Math.cos((-2 * Math.PI * 3 * k) / points), 12);
    expect(spectrum[2 * k + 1]).toBeCloseTo(Math.sin((-2 * Math.PI * 3 * k) / points), 12);
  }
});

test("Parseval: energy of any 512 samples is 1/512 of the energy of their spectrum", () => {
  const sample = fc.integer({ min: -32768, max: 32767 });
  fc.assert(
    fc.property(fc.array(sample, { minLength: points, maxLength: points }), (samples) => {
      const time = samples.reduce((sum, x) => sum + x * x, 0);
      const frequency = fft.real(samples).reduce((sum, x) => sum + x * x, 0) / points;
      return Math.abs(time - frequency) <= 1e-9 * time;
    }),
    { seed: 20240607, numRuns: 50 },
  );
});

test("frames are transformed one by one: the second frame does not depend on the first", () => {
  const second = Int16Array.from({ length: points }, (_, n) => (n * 37) % 251);
  const both = new Int16Array(2 * points).fill(12345, 0, points);
  both.set(second, points);

  const spectra = fftReference(both);

  expect(spectra.length).toBe(4 * points);
  expect(spectra.subarray(2 * points)).toEqual(fft.real(second));
});

test("a length that is not a power of two, and a frame of another length, are refused", () => {
  expect(() => createFft(400)).toThrow(ShapeError);
  expect(() => fft.real(new Float64Array(511))).toThrow(ShapeError);
  expect(() => fft.complex(new Float64Array(512))).toThrow(ShapeError);
  expect(() => fftReference(new Int16Array(513))).toThrow(ShapeError);
});
