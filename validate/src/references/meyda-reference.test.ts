import { ShapeError } from "@aiekit/core";
import MeydaModule from "meyda";
import { expect, test } from "vitest";
import { createFft } from "./fft-reference.ts";
import { type MelDefinition, mel80 } from "./mel-definition.ts";
import { emptyBands, melFilterBank, snappedFilterBank } from "./mel-filters.ts";
import { melReference, powerReference } from "./mel-reference.ts";
import { meydaExtractor, meydaMel } from "./meyda-reference.ts";

// A chirp with a slow swell: energy in every band, no two frames alike.
const pcm = Int16Array.from({ length: 8000 }, (_, n) =>
  Math.round(12000 * Math.sin(2e-4 * n * n) * Math.sin(n * 7e-4) + 300 * Math.sin(n * n * 3e-4)),
);

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}

function snappedBands(power: ArrayLike<number>, definition: MelDefinition): number[] {
  const bank = snappedFilterBank(definition);
  return Array.from({ length: bank.bins }, (_, b) => {
    let energy = 0;
    for (let k = 0; k < bank.spectrumBins - 1; k++) energy += bank.weights[b * bank.spectrumBins + k]! * power[k]!;
    return Math.log1p(energy);
  });
}

test("meyda's power spectrum through the continuous filters is the reference within 0.001 dB", () => {
  const { comparable } = meydaMel(pcm);

  expect(largestDifference(comparable.db, melReference(pcm).db)).toBeLessThan(1e-3);
});

test("meyda's bins 0…255 agree with the reference's power to 1e-6 of the frame's largest", () => {
  const meyda = meydaMel(pcm).power;
  const own = powerReference(pcm);
  const loudest = Math.max(...own.power);

  for (let f = 0; f < own.frames; f++) {
    for (let k = 0; k < 256; k++) {
      expect(Math.abs(meyda.power[f * 257 + k]! - own.power[f * 257 + k]!)).toBeLessThan(1e-6 * loudest);
    }
  }
});

test("meyda's melBands are ln(1 + E) of the bank with floored edges, not of the continuous one", () => {
  const extract = meydaExtractor({ definition: mel80, window: "rect" });
  const frame = new Float64Array(512).map((_, n) => Math.sin(2e-3 * n * n));
  const spectrum = createFft(512).real(frame);
  const power = Float64Array.from({ length: 257 }, (_, k) => spectrum[2 * k]! ** 2 + spectrum[2 * k + 1]! ** 2);
  const continuous = melFilterBank();

  const { bands } = extract(frame);

  expect(largestDifference(bands, snappedBands(power, mel80))).toBeLessThan(1e-5);
  const ours = Array.from({ length: 80 }, (_, b) =>
    Math.log1p(power.reduce((sum, p, k) => sum + p * continuous.weights[b * 257 + k]!, 0)),
  );
  expect(largestDifference(bands, ours)).toBeGreaterThan(0.5);
});

test("with its default window meyda applies the symmetric Hann of 512, whose last sample is 0", () => {
  const extract = meydaExtractor({ definition: mel80, window: "hanning" });
  const frame = new Float64Array(512).map((_, n) => Math.sin(0.3 * n) + 0.2);
  const symmetric = frame.map((x, n) => x * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / 511)));
  const spectrum = createFft(512).real(symmetric);
  const expected = Float64Array.from({ length: 256 }, (_, k) => spectrum[2 * k]! ** 2 + spectrum[2 * k + 1]! ** 2);

  const { power } = extract(frame);

  expect(largestDifference(power, expected)).toBeLessThan(1e-6 * Math.max(...expected));
});

test("a bank that meyda keeps from 44.1 kHz does not reach an extractor for 16 kHz", () => {
  const with26: MelDefinition = { ...mel80, bins: 26 };
  const frame = new Float64Array(512).map((_, n) => Math.sin(2e-3 * n * n));
  const spectrum = createFft(512).real(frame);
  const power = Float64Array.from({ length: 257 }, (_, k) => spectrum[2 * k]! ** 2 + spectrum[2 * k + 1]! ** 2);
  const global = MeydaModule as unknown as { extract(feature: string, signal: Float64Array): number[] };

  // meyda's defaults are 26 bands at 44100 Hz: the global object now holds a bank of the size that is asked for below.
  global.extract("melBands", frame);

  const { bands } = meydaExtractor({ definition: with26, window: "rect" })(frame);
  expect(largestDifference(bands, snappedBands(power, with26))).toBeLessThan(1e-5);
});

test("the bands that meyda leaves empty are at the floor in its own definition", () => {
  const { own } = meydaMel(pcm);

  for (const band of emptyBands(snappedFilterBank())) {
    for (let f = 0; f < own.frames; f++) expect(own.db[f * 80 + band]).toBe(-100);
  }
});

test("a frame of another length than the transform is refused", () => {
  expect(() => meydaExtractor({ definition: mel80, window: "rect" })(new Float64Array(400))).toThrow(ShapeError);
});
