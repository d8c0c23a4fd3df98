import { ShapeError, type Tensor, tensor } from "@aiekit/core";
import type { UnitsRun } from "@aiekit/host";
import { expect, test } from "vitest";
import { fileSource } from "./audio/byte-source.ts";
import type { Speech } from "./audio/load-speech.ts";
import { melFeatures, timedSpeech } from "./features.ts";
import { speechSamplePath } from "./speech-sample.ts";

const speech: Speech = { pcm: new Int16Array(16000), seconds: 1, notes: [] };
const twoFrames = tensor(
  "i16",
  [2, 80],
  Int16Array.from({ length: 160 }, (_, i) => i * 64 - 5120),
);

/** A clock that shows these times, one each time it is read. */
function clockOf(...timesMs: number[]): () => number {
  let read = 0;
  return () => timesMs[read++]!;
}

function runOf(outputs: Record<string, Tensor>, deviceMs: number, modelledSeconds?: number): UnitsRun {
  const modelled =
    modelledSeconds === undefined
      ? undefined
      : { cycles: modelledSeconds * 1e9, clockHz: 1e9, seconds: modelledSeconds, launchSeconds: 0, switchSeconds: 0 };
  return { outputs, units: 2, launches: [], phases: { framingMs: 0, deviceMs }, modelled, warnings: [] };
}

test("phases sum to the whole, and RTF is the whole over the sound's second", async () => {
  const features = await melFeatures({
    name: "a.wav",
    speech,
    loadMs: 10,
    run: async () => runOf({ mel: twoFrames }, 40, 0.002),
    clockMs: clockOf(1010, 1060, 1063),
  });

  expect(features.phases).toEqual({ loadMs: 10, framingMs: 10, deviceMs: 40, logMs: 3 });
  expect(features.rtf).toBeCloseTo(0.063, 12);
  expect(features.modelledRtf).toBeCloseTo(0.002, 12);
});

test("Q8.8 becomes dB: 256 steps a dB", async () => {
  const { mel, melQ8 } = await melFeatures({
    name: "a.wav",
    speech,
    loadMs: 1,
    run: async () => runOf({ mel: twoFrames }, 0),
    clockMs: clockOf(1, 2, 3),
  });

  expect(mel.shape).toEqual([2, 80]);
  expect([mel.data[0], mel.data[4], mel.data[159]]).toEqual([-20, -19, 19.75]);
  expect(melQ8).toBe(twoFrames);
});

test("the kernel gets the sound as pcm, and a measuring device has no modelled RTF", async () => {
  let given: Readonly<Record<string, Tensor>> = {};
  const features = await melFeatures({
    name: "a.wav",
    speech,
    loadMs: 1,
    run: async (inputs) => {
      given = inputs;
      return runOf({ mel: twoFrames }, 0);
    },
    clockMs: clockOf(1, 2, 3),
  });

  expect(given).toEqual({ pcm: tensor("i16", [16000], speech.pcm) });
  expect(features.modelledRtf).toBeUndefined();
});

test("399 samples are less than a frame and refused before the device is asked", async () => {
  const run = async (): Promise<UnitsRun> => {
    throw new Error("the device was asked");
  };
  const short: Speech = { pcm: new Int16Array(399), seconds: 399 / 16000, notes: [] };

  await expect(melFeatures({ name: "blip.wav", speech: short, loadMs: 0, run, clockMs: () => 0 })).rejects.toThrow(
    "blip.wav: expected 400 samples or more (25 ms at 16 kHz), got 399",
  );
});

test("a kernel with other outputs is refused by name", async () => {
  const run = async (): Promise<UnitsRun> => runOf({ out: tensor("i32", [2, 1024]) }, 0);

  const features = melFeatures({ name: "a.wav", speech, loadMs: 0, run, clockMs: () => 0 });

  await expect(features).rejects.toThrow(ShapeError);
  await expect(features).rejects.toThrow("expected an output mel i16[2, bands], got out i32[2, 1024]");
});

test("the shipped recording is 5.9 s of 16 kHz mono speech that passes without a conversion, and reading it is timed", async () => {
  const { speech: sample, loadMs } = await timedSpeech(await fileSource(speechSamplePath), clockOf(100, 107));

  expect(loadMs).toBe(7);
  expect(sample.seconds).toBeCloseTo(5.87, 2);
  expect(sample.notes).toEqual([]);
  expect(sample.pcm.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0)).toBeGreaterThan(3000);
});
