import { expect, test } from "vitest";
import { slaneyFilterBank, slaneyHzToMel, slaneyMelToHz } from "./whisper-mel-filters.ts";
import { whisperFeatures } from "./whisper-reference.ts";

const bankOf = (bands: number) => slaneyFilterBank({ bands, bins: 201, points: 400, sampleRateHz: 16_000 });
const tone = (hz: number, samples: number, amplitude = 1) =>
  Float64Array.from({ length: samples }, (_, n) => amplitude * Math.cos((2 * Math.PI * hz * n) / 16_000));

test("Slaney's scale: 1000 Hz is 15 mel, 6400 Hz is 42, both ways", () => {
  expect(slaneyHzToMel(1000)).toBeCloseTo(15, 12);
  expect(slaneyHzToMel(6400)).toBeCloseTo(42, 12);
  for (const hz of [0, 333, 1000, 2500, 8000]) expect(slaneyMelToHz(slaneyHzToMel(hz))).toBeCloseTo(hz, 9);
});

test("weight of bin 1 in filter 0 of 80 and 128 bands: 0.024862594 and 0.012373986, as transformers 5.24.0 has them", () => {
  expect(bankOf(80)[1]).toBeCloseTo(0.024862593984176087, 15);
  expect(bankOf(128)[1]).toBeCloseTo(0.012373986332636965, 15);
});

test("every filter has energy, and the widest has area 1", () => {
  for (const bands of [80, 128]) {
    const bank = bankOf(bands);
    for (let band = 0; band < bands; band++) {
      const area = bank.subarray(band * 201, (band + 1) * 201).reduce((sum, w) => sum + w * 40, 0);
      expect(area).toBeGreaterThan(0);
      // The sum over bins of 40 Hz is the integral of a triangle, exact to (40 / width)².
      if (band === bands - 1) expect(area).toBeCloseTo(1, 1);
    }
  }
});

test("a full-scale cosine of 1 kHz in the middle of a sound has |X|² = 10000 at its bin and a quarter beside it", () => {
  const { values, frames } = whisperFeatures(tone(1000, 8_000), 80);
  const bank = bankOf(80);
  const energy = (band: number) =>
    bank[band * 201 + 25]! * 10_000 + (bank[band * 201 + 24]! + bank[band * 201 + 26]!) * 2_500;

  expect(frames).toBe(50);
  const peak = Array.from({ length: 80 }, (_, band) => energy(band));
  const loudest = peak.indexOf(Math.max(...peak));
  expect(values[loudest * frames + 25]).toBeCloseTo((Math.log10(peak[loudest]!) + 4) / 4, 9);
});

test("the first frame is centred on sample 0: an even sound is its own mirror, so a cosine has no edge there", () => {
  const { values, frames } = whisperFeatures(tone(1000, 8_000), 80);

  for (let band = 20; band < 30; band++) expect(values[band * frames]).toBeCloseTo(values[band * frames + 20]!, 6);
});

test("silence is (-10 + 4) / 4; nothing lies more than 2 below the largest", () => {
  expect(new Set(whisperFeatures(new Float64Array(1_600), 80).values)).toEqual(new Set([-1.5]));
  const { values } = whisperFeatures(tone(437.7, 8_000), 128);
  expect(Math.max(...values) - Math.min(...values)).toBe(2);
});

test("1,599 samples are 9 frames; 200 are refused", () => {
  expect(whisperFeatures(new Float64Array(1_599), 80).frames).toBe(9);
  expect(() => whisperFeatures(new Float64Array(200), 80)).toThrow(/more than 200 samples/);
});
