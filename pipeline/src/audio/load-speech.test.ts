import { readFileSync } from "node:fs";
import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { optionalFile } from "../optional-data.test-support.ts";
import { loadSpeech } from "./load-speech.ts";
import { toPcm16 } from "./pcm16.ts";
import { floatBytes, wavBytes } from "./wav.test-support.ts";
import { writeWav } from "./wav-writer.ts";

test("16 kHz mono 16-bit passes unchanged and without notes", () => {
  const pcm = Int16Array.from({ length: 2000 }, (_, i) => ((i * 7919) % 65536) - 32768);

  const speech = loadSpeech(writeWav({ sampleRateHz: 16000, channels: [pcm] }), "x.wav");

  expect(speech.pcm).toEqual(pcm);
  expect(speech).toMatchObject({ seconds: 0.125, notes: [] });
});

test("a stereo 44.1 kHz tone becomes the mean of its channels at 16 kHz, and the notes say so", () => {
  const tone = (rate: number, gain: number): Int16Array =>
    Int16Array.from({ length: rate / 10 }, (_, i) => Math.round(gain * Math.sin((2 * Math.PI * 440 * i) / rate)));
  const channels = [tone(44100, 20000), tone(44100, 10000)];

  const speech = loadSpeech(writeWav({ sampleRateHz: 44100, channels }), "x.wav");

  expect(speech.notes).toEqual(["stereo: averaged to mono", "44.1 kHz: resampled to 16 kHz"]);
  const expected = tone(16000, 15000);
  const worst = Math.max(...[...expected.keys()].slice(60, -60).map((i) => Math.abs(expected[i]! - speech.pcm[i]!)));
  // Rounding of both channels and of the result: at most 0.5 + 0.5 + 0.5 steps, and the filter's 1e-4 of 15000.
  expect(worst).toBeLessThanOrEqual(3);
});

test("8 bits at 8 kHz are converted, and the notes say that nothing above 4 kHz is there", () => {
  const { notes, pcm } = loadSpeech(wavBytes({ fmt: [1, 1, 8000, 8000, 1, 8], data: Array(80).fill(192) }), "x.wav");

  expect(pcm).toHaveLength(160);
  expect(notes).toEqual([
    "8 kHz: resampled to 16 kHz",
    "nothing above 4 kHz in the recording",
    "8-bit int: converted to 16-bit",
  ]);
});

test("clipping, silence and channels that cancel are told", () => {
  const loud = loadSpeech(wavBytes({ fmt: [3, 1, 16000, 64000, 4, 32], data: floatBytes(1.5, 4) }), "x.wav");
  const silent = loadSpeech(wavBytes({ data: [0, 0, 0, 0] }), "x.wav");
  const opposite = loadSpeech(wavBytes({ fmt: [1, 2, 16000, 64000, 4, 16], data: [0, 0x40, 0, 0xc0] }), "x.wav");

  expect(loud.notes).toContain("1 sample(s) clipped at full scale");
  expect(silent.notes).toEqual(["silent: all 0.00 s are zero"]);
  expect(opposite.notes).toContain("the channels cancel one another in the mono mix: check the wiring");
});

test("floats are rounded to the nearest 16-bit value and clipped, the clipped ones counted", () => {
  const { pcm, clipped } = toPcm16(Float32Array.of(0.25, 1.4 / 32768, 1.6 / 32768, -1, 1, -1.1, 32767 / 32768));

  expect([...pcm]).toEqual([8192, 1, 2, -32768, 32767, -32768, 32767]);
  expect(clipped).toBe(2);
});

test("what is no WAV is refused with the file's name", () => {
  expect(() => loadSpeech(Uint8Array.of(1), "talk.mp3")).toThrow(FormatError);
});

test("a real recording of 11 s is read", ({ skip }) => {
  const { bytes, skipReason } = optionalFile("jfk.wav");
  skip(skipReason !== undefined, skipReason);

  const { seconds, pcm, notes } = loadSpeech(bytes, "jfk.wav");

  expect(seconds).toBeCloseTo(11, 1);
  expect(pcm.some((value) => Math.abs(value) > 8000)).toBe(true);
  expect(notes).toEqual([]);
});

test("the project's own sample is about 5 s of sound at 16 kHz, mono, 16 bits, under 200 kB", () => {
  const bytes = new Uint8Array(readFileSync(new URL("../../fixtures/speech.wav", import.meta.url)));

  const { seconds, pcm, notes } = loadSpeech(bytes, "speech.wav");

  expect(notes).toEqual([]);
  expect(Math.abs(seconds - 5)).toBeLessThan(1);
  expect(bytes.length).toBeLessThan(200_000);
  const rms = Math.sqrt(pcm.reduce((sum, value) => sum + value * value, 0) / pcm.length);
  expect(rms).toBeGreaterThan(1000);
});
