import { readFileSync } from "node:fs";
import { ShapeError, type Tensor, tensor } from "@aiekit/core";
import { whisperFeatures } from "@aiekit/validate";
import { expect, test } from "vitest";
import { loadSpeech } from "../../audio/load-speech.ts";
import { speechSamplePath } from "../../speech-sample.ts";
import { seededRandom } from "../decoding/sampling.ts";
import { createSpeechDetector, type TimeRange } from "./speech-detector.ts";

const rateHz = 16_000;
const spoken = Float32Array.from(
  loadSpeech(readFileSync(speechSamplePath), "speech.wav").pcm.subarray(0, 3 * rateHz),
  (value) => value / 32768,
);
/** 2.2 s of silence before and behind. */
const speech = new Float32Array(spoken.length + 4.4 * rateHz);
speech.set(spoken, 2.2 * rateHz);

const random = seededRandom(11);
/** Sum of twelve uniform numbers: variance 1. */
const gauss = () => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6);
const samples = (length: number, value: (i: number) => number) => Float32Array.from({ length }, (_, i) => value(i));
const white = (length: number) => samples(length, gauss);
/** Three poles give -10 dB a decade within 1 dB. Source: P. Kellet's filter. */
function pink(length: number): Float32Array {
  const poles = [0, 0, 0];
  return samples(length, () => {
    const w = gauss();
    poles[0] = 0.99765 * poles[0]! + 0.099046 * w;
    poles[1] = 0.963 * poles[1]! + 0.2965164 * w;
    poles[2] = 0.57 * poles[2]! + 1.0526913 * w;
    return poles[0] + poles[1] + poles[2] + 0.1848 * w;
  });
}
const hum = (length: number) =>
  samples(length, (i) => Math.sin((2 * Math.PI * 50 * i) / rateHz) + Math.sin((2 * Math.PI * 150 * i) / rateHz) / 2);
const clicks = (length: number) => samples(length, (i) => (i % 6000 < 60 ? (-1) ** i * Math.exp(-(i % 6000) / 15) : 0));
const beginning = (length: number) => white(length).fill(0, 0, length / 2);

function features(sound: Float32Array): Tensor<"f32"> {
  const { mels, frames, values } = whisperFeatures(sound, 80);
  return tensor("f32", [mels, frames], Float32Array.from(values));
}

function rangesOf(all: Tensor<"f32">): TimeRange[] {
  const detector = createSpeechDetector();
  return [...detector.push(all), ...detector.end()];
}

test("speech: none in silence, white and pink noise at three levels, noise that sets in, hum and clicks", () => {
  expect(rangesOf(features(new Float32Array(2 * rateHz)))).toEqual([]);
  for (const sound of [white, pink, beginning, hum, clicks]) {
    const made = sound(3 * rateHz);
    for (const gain of [0.0005, 0.01, 0.2]) {
      const found = rangesOf(features(made.map((value) => gain * value)));
      expect(found, `${sound.name} at ${gain}`).toEqual([]);
    }
  }
}, 120_000);

test("speech: found to the last loud frame, alone and 15 dB above white noise and 10 dB above hum, and nothing beside it", () => {
  const power = (sound: Float32Array) => sound.reduce((sum, value) => sum + value * value, 0) / sound.length;
  const level = (frame: number) => power(speech.subarray(frame * 160, frame * 160 + 160));
  const frames = Math.floor(speech.length / 160);
  const loudest = Math.max(...Array.from({ length: frames }, (_, frame) => level(frame)));
  for (const [noise, aboveDb] of [
    [undefined, 0],
    [white, 15],
    [hum, 10],
  ] as const) {
    const added = noise?.(speech.length);
    const gain = added === undefined ? 0 : Math.sqrt(power(spoken) / power(added) / 10 ** (aboveDb / 10));
    const found = rangesOf(features(speech.map((value, i) => value + gain * (added?.[i] ?? 0))));

    const isFound = (seconds: number) => found.some((r) => seconds >= r.startSeconds && seconds < r.endSeconds);
    for (let frame = 0; frame < frames; frame++) {
      const loud = level(frame) > loudest / 1000;
      if (loud) expect(isFound(frame / 100), `${noise?.name}: ${frame / 100} s`).toBe(true);
    }
    // Padding is 0.2 s; smoothing and the window of a frame are less than 0.1 s.
    expect(found[0]!.startSeconds).toBeGreaterThan(1.9);
    expect(found.at(-1)!.endSeconds).toBeLessThan(5.5);
  }
}, 120_000);

test("speech: chunks of any size give what all features at once give", () => {
  const all = features(speech);
  const [mels = 0, frames = 0] = all.shape;
  const detector = createSpeechDetector();
  const found: TimeRange[] = [];
  for (let from = 0, size = 1; from < frames; from += size, size = (size * 7) % 53) {
    const count = Math.min(size, frames - from);
    const chunk = tensor("f32", [mels, count]);
    for (let mel = 0; mel < mels; mel++) {
      chunk.data.set(all.data.subarray(mel * frames + from, mel * frames + from + count), mel * count);
    }
    found.push(...detector.push(chunk));
  }

  expect([...found, ...detector.end()]).toEqual(rangesOf(all));
  expect(() => detector.push(tensor("f32", [40, 2]))).toThrow(ShapeError);
  expect(createSpeechDetector().end()).toEqual([]);
});
