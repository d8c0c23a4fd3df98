import { expect, test } from "vitest";
import { floorDb, frameCount, mel80 } from "./mel-definition.ts";
import { emptyBands, hzToMel, melEdgesHz, melFilterBank, melToHz, snappedFilterBank } from "./mel-filters.ts";
import { melReference, periodicHann, powerReference } from "./mel-reference.ts";

const bank = melFilterBank();
const weight = (band: number, bin: number) => bank.weights[band * bank.spectrumBins + bin]!;

function sine(hz: number, amplitude: number, samples: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, n) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hz * n) / 16000)),
  );
}

test("1000 Hz is 999.9855 mel on HTK's scale, 8000 Hz is 2840.0230, and the way back is exact", () => {
  expect(hzToMel(1000)).toBeCloseTo(2595 * Math.log10(17 / 7), 9);
  expect(hzToMel(1000)).toBeCloseTo(999.9855, 4);
  expect(hzToMel(8000)).toBeCloseTo(2840.023, 3);
  expect(melToHz(hzToMel(440))).toBeCloseTo(440, 9);
});

test("the centre of band b is at (b + 1)/81 of the mel range", () => {
  const edges = melEdgesHz();

  expect(edges.length).toBe(82);
  for (let b = 0; b < 80; b++) {
    // 1 + f/700 grows by the same factor from edge to edge: (8700/700)^(1/81).
    expect(edges[b + 1]).toBeCloseTo(700 * ((8700 / 700) ** ((b + 1) / 81) - 1), 6);
  }
});

test("between the first and the last centre the weights of each bin sum to 1", () => {
  const edges = melEdgesHz();
  for (let k = 0; k <= 256; k++) {
    const hz = k * 31.25;
    if (hz < edges[1]! || hz > edges[80]!) continue;
    let sum = 0;
    for (let b = 0; b < 80; b++) sum += weight(b, k);
    expect(sum).toBeCloseTo(1, 12);
  }
});

test("no continuous band is empty; floored edges reduce low bands to one bin or none", () => {
  expect(emptyBands(bank)).toEqual([]);
  const snapped = snappedFilterBank();
  const binsOf = (b: number) => snapped.weights.subarray(b * 257, (b + 1) * 257).filter((w) => w > 0).length;
  expect(emptyBands(snapped)).toEqual([0, 1, 2, 3, 4, 5].filter((b) => binsOf(b) === 0));
  expect(Array.from({ length: 80 }, (_, b) => binsOf(b)).filter((n) => n === 1).length).toBeGreaterThan(10);
});

test("the Nyquist bin has weight 0 in all bands", () => {
  for (let b = 0; b < 80; b++) expect(weight(b, 256)).toBeCloseTo(0, 12);
});

test("frames = 1 + ⌊(n − 400)/160⌋, none below 400 samples", () => {
  expect([0, 399, 400, 559, 560, 16000].map((n) => frameCount(n))).toEqual([0, 0, 1, 1, 2, 98]);
  expect(melReference(new Int16Array(399))).toEqual({ frames: 0, bins: 80, db: new Float64Array(0) });
});

test("the window has period 400: w[0] = 0, w[200] = 1, mean ½, mean square ⅜", () => {
  const window = periodicHann(400);

  expect(window[0]).toBe(0);
  expect(window[200]).toBe(1);
  expect(window.reduce((sum, w) => sum + w, 0)).toBeCloseTo(200, 9);
  expect(window.reduce((sum, w) => sum + w * w, 0)).toBeCloseTo(150, 9);
});

test("a lone sample of −32768 at the window's peak has power 1 in all bins: full scale is 32768", () => {
  const pcm = new Int16Array(400);
  pcm[200] = -32768;

  for (const value of powerReference(pcm).power) expect(value).toBeCloseTo(1, 12);
});

test("a 1000 Hz sine of amplitude A has power (A/32768 · 200/2)² in bin 32 of every frame", () => {
  const amplitude = 20000;
  const { frames, power } = powerReference(sine(1000, amplitude, 16000));
  // 1000 Hz is bin 32 exactly; the window's sum is 200, and half of a real sine's amplitude is at −1000 Hz, whose
  // leakage into bin 32 and the rounding to int16 are below 1e-4 of the peak.
  const expected = ((amplitude / 32768) * 100) ** 2;

  for (let f = 0; f < frames; f++) expect(power[f * 257 + 32]! / expected).toBeCloseTo(1, 3);
});

test("a tone is loudest in the band whose triangle is highest at its frequency", () => {
  const edges = melEdgesHz();
  for (const hz of [100, 440, 1000, 4000]) {
    const { db } = melReference(sine(hz, 20000, 400));
    const loudest = db.indexOf(Math.max(...db));
    const distance = (b: number) => Math.abs(hzToMel(hz) - hzToMel(edges[b + 1]!));
    // Bins are 31.25 Hz apart and low bands are narrower, so the loudest may be the neighbour of the nearest centre.
    expect(distance(loudest)).toBeLessThan(2 * (hzToMel(8000) / 81));
  }
});

test("silence is −100 dB everywhere; 6.02 dB of gain raise a loud tone's bands by 6.02 dB", () => {
  expect(new Set(melReference(new Int16Array(1600)).db)).toEqual(new Set([floorDb()]));
  const quiet = melReference(sine(1000, 8192, 400)).db;
  const loud = melReference(sine(1000, 16384, 400)).db;
  const peak = quiet.indexOf(Math.max(...quiet));
  expect(loud[peak]! - quiet[peak]!).toBeCloseTo(20 * Math.log10(2), 2);
  expect(floorDb(mel80)).toBe(-100);
});
