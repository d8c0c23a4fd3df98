import { readFileSync } from "node:fs";
import { whisperFeatures } from "@aiekit/validate";
import { expect, test } from "vitest";
import { loadSpeech } from "../../audio/load-speech.ts";
import { speechSamplePath } from "../../speech-sample.ts";
import { logMel } from "./log-mel.ts";

const { pcm } = loadSpeech(readFileSync(speechSamplePath), "speech.wav");
const speech = Float32Array.from(pcm, (value) => value / 32768);

// The definition as plain sums shares no code. float32 keeps 24 bits of log10 energies up to 10: 6e-7, over 4; the sums of
// float64 differ by less.
const float32Error = 3e-7;

test.each([80, 128])("log-mel of speech with %s bands is the definition's, as plain sums in float64", (mels) => {
  const expected = whisperFeatures(speech, mels);

  const { shape, data } = logMel(mels)(speech);

  expect(shape).toEqual([mels, expected.frames]);
  const worst = data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.values[i]!)), 0);
  expect(worst).toBeLessThan(float32Error);
});

test("log-mel: silence is -1.5 everywhere, and the silence behind speech 2 below its largest value", () => {
  const silent = logMel(80)(new Float32Array(1600)).data;
  const padded = new Float32Array(16_000);
  padded.set(speech.subarray(40_000, 44_000));
  const { data } = logMel(80)(padded);

  expect(new Set(silent)).toEqual(new Set([-1.5]));
  expect(data[99]).toBeCloseTo(data.reduce((a, b) => Math.max(a, b)) - 2, 6);
});

test("log-mel takes 201 samples at least", () => {
  expect(logMel(80)(new Float32Array(201)).shape).toEqual([80, 1]);
  expect(() => logMel(80)(new Float32Array(200))).toThrow("log-mel: expected 201 samples or more, got 200");
});
