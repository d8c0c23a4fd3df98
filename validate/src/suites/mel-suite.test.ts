import { AbortedError } from "@aiekit/core";
import { expect, test } from "vitest";
import type { MelClip, MelClips } from "../signals/mel-clips.ts";
import { syntheticSpeech } from "../signals/synthetic-speech.ts";
import { sine } from "../signals/waveforms.ts";
import { melCriteria } from "./mel-criteria.ts";
import { type MelRunner, melSuite } from "./mel-suite.ts";
import type { SuiteRun } from "./suite-result.ts";

const half = { samples: 8000, sampleRateHz: 16000 };
const clip = (name: string, group: MelClip["group"], pcm: Int16Array): MelClip => ({
  name,
  group,
  pcm,
  origin: "test",
});
const speech = [1, 2, 3].map((seed) => clip(`speech ${seed}`, "synthetic", syntheticSpeech(half, seed)));
const clips: MelClips = {
  clips: [...speech, clip("tone", "signal", sine(half, 1000, 0.5)), clip("silence", "silence", new Int16Array(8000))],
  notes: ["five clips of half a second"],
};
const speechOnly: MelClips = { clips: speech, notes: [] };

interface Fault {
  readonly window?: (n: number) => number;
  readonly hopSamples?: number;
  readonly snapEdges?: boolean;
  readonly gainDb?: number;
  readonly bandShift?: number;
}

// A device of its own making: twiddles and window in 16 bits, the transform as a sum over the window, edges by the
// closed form of HTK's scale, output rounded to Q8.8.
const q15 = (x: number) => Math.round(x * 32767) / 32767;
const cosines = Float64Array.from({ length: 512 }, (_, n) => q15(Math.cos((2 * Math.PI * n) / 512)));
const hann = (n: number) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / 400);

function emulatedMel(pcm: Int16Array, fault: Fault = {}): { mel: Float64Array; frames: number } {
  const { hopSamples = 160, gainDb = 0, bandShift = 0 } = fault;
  const frames = 1 + Math.floor((pcm.length - 400) / 160);
  const window = Float64Array.from({ length: 400 }, (_, n) => q15((fault.window ?? hann)(n)));
  const weights = emulatedWeights(fault.snapEdges ?? false);
  const mel = new Float64Array(frames * 80);
  for (let f = 0; f < frames; f++) {
    const power = framePower(pcm.subarray(f * hopSamples, f * hopSamples + 400), window);
    for (let b = 0; b < 80; b++) {
      const energy = (weights[b + bandShift] ?? []).reduce((sum, [bin, weight]) => sum + power[bin]! * weight, 0);
      mel[f * 80 + b] = Math.round(256 * (10 * Math.log10(Math.max(energy, 1e-10)) + gainDb));
    }
  }
  return { mel, frames };
}

function framePower(samples: Int16Array, window: Float64Array): Float64Array {
  return Float64Array.from({ length: 257 }, (_, k) => {
    let [re, im] = [0, 0];
    for (let n = 0; n < samples.length; n++) {
      const x = (samples[n]! / 32768) * window[n]!;
      re += x * cosines[(k * n) % 512]!;
      im += x * cosines[(k * n + 128) % 512]!;
    }
    return re * re + im * im;
  });
}

function emulatedWeights(snapEdges: boolean): [number, number][][] {
  const edges = Array.from({ length: 82 }, (_, i) => (700 * ((8700 / 700) ** (i / 81) - 1)) / 31.25);
  const at = snapEdges ? edges.map(Math.floor) : edges;
  return Array.from({ length: 80 }, (_, b) => {
    const inBand: [number, number][] = [];
    for (let k = 0; k <= 256; k++) {
      const weight =
        k < at[b + 1]! ? (k - at[b]!) / (at[b + 1]! - at[b]!) : (at[b + 2]! - k) / (at[b + 2]! - at[b + 1]!);
      if (weight > 0 && Number.isFinite(weight)) inBand.push([k, q15(weight)]);
    }
    return inBand;
  });
}

const runSuite = (run: MelRunner, which = speechOnly) =>
  melSuite({ kernel: "mel", device: "emulated", origin: "simulated", run }, { clips: which, meydaClips: 0 });
const withFault = (fault: Fault) => runSuite(async (pcm) => emulatedMel(pcm, fault));
const withOutput = (change: (mel: Float64Array) => ArrayLike<number>) =>
  runSuite(async (pcm) => {
    const { mel, frames } = emulatedMel(pcm);
    return { mel: change(mel), frames };
  });

/** Criteria that failed on every clip. */
function failedEverywhere({ result }: SuiteRun): string[] {
  expect(result.pass).toBe(false);
  return melCriteria
    .map((c) => c.name)
    .filter((name) => result.cases.every((c) => c.checks.some((k) => k.criterion === name && !k.pass)));
}

test("a device with 16-bit window, twiddles and weights passes on speech, a tone and silence", async () => {
  const { result } = await melSuite(
    { kernel: "mel", device: "emulated", origin: "simulated", run: async (pcm) => emulatedMel(pcm) },
    { clips },
  );

  expect(result.cases.flatMap((c) => c.checks.filter((k) => !k.pass).map((k) => `${c.name}: ${k.detail}`))).toEqual([]);
  expect(result.pass).toBe(true);
  const meyda = result.cases[0]!.facts.find((f) => f.name === "meyda power: pearson");
  expect(meyda?.value).toBeGreaterThan(0.999);
  expect(result.notes).toContain("five clips of half a second");
});

test("a rectangular window fails pearson and error on every clip", async () => {
  expect(failedEverywhere(await withFault({ window: () => 1 }))).toEqual(expect.arrayContaining(["pearson", "error"]));
});

test("a Hamming window instead of Hann fails error on every clip", async () => {
  expect(failedEverywhere(await withFault({ window: (n) => 0.08 + 0.92 * hann(n) }))).toContain("error");
});

test("a hop of 161 samples fails error on every clip", async () => {
  expect(failedEverywhere(await withFault({ hopSamples: 161 }))).toContain("error");
});

test("band edges snapped to bins fail live bins on every clip, and the dead bands are named", async () => {
  const run = await withFault({ snapEdges: true });

  expect(failedEverywhere(run)).toContain("live bins");
  const check = run.result.cases[0]!.checks.find((k) => k.criterion === "live bins");
  expect(check?.detail).toMatch(/^\d\d of 80 bands alive; dead: \d/);
});

test("bands shifted by one fail error on every clip", async () => {
  expect(failedEverywhere(await withFault({ bandShift: 1 }))).toContain("error");
});

test("a gain of 1 dB correlates and fails error and bias", async () => {
  const failed = failedEverywhere(await withFault({ gainDb: 1 }));

  expect(failed).toEqual(expect.arrayContaining(["error", "bias"]));
  expect(failed).not.toContain("pearson");
});

test("a gain of 0.2 dB is within the error limit and fails bias", async () => {
  const failed = failedEverywhere(await withFault({ gainDb: 0.2 }));

  expect(failed).toEqual(["bias"]);
});

test("one dead band of 80 fails live bins, and that band is named", async () => {
  const run = await withOutput((mel) => mel.map((v, i) => (i % 80 === 37 ? -25600 : v)));

  expect(failedEverywhere(run)).toContain("live bins");
  expect(run.result.cases[0]!.checks.find((k) => k.criterion === "live bins")?.detail).toBe(
    "79 of 80 bands alive; dead: 37",
  );
});

test("35 live bands of 80 fail", async () => {
  const run = await withOutput((mel) => mel.map((v, i) => (i % 80 >= 35 ? -25600 : v)));

  expect(failedEverywhere(run)).toEqual(expect.arrayContaining(["pearson", "error", "live bins"]));
});

test("a recording is asked for the bands that vary in the reference, synthetic speech for all 80", async () => {
  // 1000 Hz repeats every 16 samples and the hop is 160: all frames are the same, and no band varies.
  const steady = sine(half, 1000, 0.5);
  const liveBinsAs = async (group: MelClip["group"]) => {
    const { result } = await runSuite(async (pcm) => emulatedMel(pcm), {
      clips: [clip("steady", group, steady)],
      notes: [],
    });
    return result.cases[0]!.checks.find((k) => k.criterion === "live bins");
  };

  expect(await liveBinsAs("recording")).toMatchObject({ pass: true, detail: "0 of 0 bands alive" });
  expect(await liveBinsAs("synthetic")).toMatchObject({ pass: false, value: 0 });
});

test("zeros, a constant, NaN and truncated output fail output on every clip", async () => {
  expect(failedEverywhere(await withOutput((mel) => mel.fill(0)))).toContain("output");
  expect(failedEverywhere(await withOutput((mel) => mel.fill(-25600)))).toContain("output");
  expect(failedEverywhere(await withOutput((mel) => mel.map((v, i) => (i === 99 ? Number.NaN : v))))).toContain(
    "output",
  );
  expect(failedEverywhere(await withOutput((mel) => mel.subarray(80)))).toContain("output");
});

test("an output that never changes from clip to clip fails on all clips but the one it belongs to", async () => {
  const first = emulatedMel(speech[0]!.pcm);
  const { result } = await runSuite(async () => first);

  expect(result.cases.map((c) => c.pass)).toEqual([true, false, false]);
  expect(result.pass).toBe(false);
});

test("frames that are missing fail with both numbers", async () => {
  const { result } = await runSuite(async (pcm) => ({ mel: emulatedMel(pcm).mel, frames: 47 }));

  expect(result.cases[0]!.checks).toEqual([
    { criterion: "output", pass: false, value: 47, detail: "expected 48 frames of 8000 samples, got 47" },
  ]);
});

test("silence must be −100 dB in every band: −99.99 dB in one fails", async () => {
  const noisy: MelRunner = async () => ({ mel: new Int16Array(48 * 80).fill(-25600).fill(-25597, 83, 84), frames: 48 });
  const { result } = await runSuite(noisy, { clips: clips.clips.slice(-1), notes: [] });

  expect(result.pass).toBe(false);
  expect(result.cases[0]!.checks.at(-1)?.detail).toMatch(/frame 1, band 3/);
});

test("the caller can stop between two clips", async () => {
  const stop = new AbortController();
  const subject = {
    kernel: "mel",
    device: "emulated",
    origin: "simulated" as const,
    run: async (pcm: Int16Array) => emulatedMel(pcm),
  };

  const suite = melSuite(subject, {
    clips: speechOnly,
    meydaClips: 0,
    signal: stop.signal,
    onCase: () => stop.abort(),
  });

  await expect(suite).rejects.toThrow(AbortedError);
  await expect(suite).rejects.toThrow(/1 of 3 cases done/);
});
