import { ShapeError } from "@aiekit/core";
import { expect, test } from "vitest";
import { fftSignals } from "./fft-signals.ts";
import { melClips } from "./mel-clips.ts";
import { createRandom } from "./random.ts";
import { syntheticSpeech } from "./synthetic-speech.ts";
import { chirp, clippedSine, impulses, sine, whiteNoise } from "./waveforms.ts";

const second = { samples: 16000, sampleRateHz: 16000 };
const zeroCrossings = (pcm: Int16Array) =>
  pcm.reduce((n, x, i) => n + (i > 0 && x >= 0 !== pcm[i - 1]! >= 0 ? 1 : 0), 0);

test("10 000 uniform numbers have mean ½ and variance 1/12, normal ones mean 0 and variance 1", () => {
  const random = createRandom(7);
  const moments = (next: () => number) => {
    const values = Array.from({ length: 10_000 }, next);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return [mean, values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length];
  };

  // Four standard errors of each estimate.
  const uniform = moments(random.uniform);
  expect(Math.abs(uniform[0]! - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / 10_000));
  expect(Math.abs(uniform[1]! - 1 / 12)).toBeLessThan(4 * Math.sqrt(1 / 180 / 10_000));
  const normal = moments(random.normal);
  expect(Math.abs(normal[0]!)).toBeLessThan(4 / 100);
  expect(Math.abs(normal[1]! - 1)).toBeLessThan((4 * Math.SQRT2) / 100);
});

test("the same seed gives the same samples, another seed others", () => {
  expect(syntheticSpeech(second, 3)).toEqual(syntheticSpeech(second, 3));
  expect(syntheticSpeech(second, 3)).not.toEqual(syntheticSpeech(second, 4));
  expect(whiteNoise(second, 3, 1)).not.toEqual(whiteNoise(second, 4, 1));
});

test("a sine of 1000 Hz crosses zero 2000 times a second and peaks at its amplitude", () => {
  const pcm = sine(second, 1000, 0.5);

  expect(Math.abs(zeroCrossings(pcm) - 2000)).toBeLessThanOrEqual(1);
  expect(Math.max(...pcm)).toBe(Math.round(0.5 * 32767));
});

test("a clipped sine stays at full scale for a third of the time on each side", () => {
  // |2 sin| > 1 for two thirds of a cycle.
  const clipped = clippedSine(second, 10).filter((x) => x === 32767 || x === -32768).length;
  expect(clipped / 16000).toBeCloseTo(2 / 3, 2);
});

test("impulses: one sample every period, zero elsewhere", () => {
  const pcm = impulses(second, { firstSample: 5, periodSamples: 4000, amplitude: 1 });

  expect([...pcm.keys()].filter((n) => pcm[n] !== 0)).toEqual([5, 4005, 8005, 12005]);
});

test("a chirp from 100 to 6400 Hz has 168 cycles in its first half second and 1515 in all", () => {
  const pcm = chirp(second, { fromHz: 100, toHz: 6400, amplitude: 0.5 });
  // Cycles up to time t are the integral of 100·64^t: 100·(64^t − 1)/ln 64, and two crossings a cycle.
  const cycles = (t: number) => (100 * (64 ** t - 1)) / Math.log(64);

  expect(zeroCrossings(pcm.subarray(0, 8000)) / 2).toBeCloseTo(cycles(0.5), -1);
  expect(zeroCrossings(pcm) / 2).toBeCloseTo(cycles(1), -1);
});

test("transform signals are 14, of whole frames, with distinct names and one that is silent", () => {
  const signals = fftSignals({ seed: 1, units: 3 });

  expect(signals.map((s) => s.frames.length)).toEqual(Array(14).fill(3 * 512));
  expect(new Set(signals.map((s) => s.name)).size).toBe(14);
  expect(signals.filter((s) => s.silent).map((s) => s.name)).toEqual(["silence"]);
});

test("without a way to run espeak-ng there are 100 synthetic clips of 0.5 to 2 s, and the reason", async () => {
  const { clips, notes } = await melClips({ seed: 1 });
  const synthetic = clips.filter((c) => c.group === "synthetic");

  expect(synthetic).toHaveLength(100);
  expect(new Set(clips.map((c) => c.name)).size).toBe(clips.length);
  for (const { pcm } of clips) expect(pcm.length >= 8000 && pcm.length <= 32000).toBe(true);
  expect(notes).toEqual(["no espeak-ng speech: no way to run programs was given; 100 synthetic clips instead"]);
});

test("recordings come first and keep their name; one that is shorter than a frame is refused", async () => {
  const { clips } = await melClips({
    seed: 1,
    speechClips: 1,
    recordings: [{ name: "a.wav", pcm: new Int16Array(400) }],
  });

  expect(clips[0]).toMatchObject({ name: "a.wav", group: "recording" });
  const short = melClips({ seed: 1, recordings: [{ name: "b.wav", pcm: new Int16Array(399) }] });
  await expect(short).rejects.toThrow(ShapeError);
});
