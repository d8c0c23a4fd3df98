import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AbortedError, UsageError } from "@aiekit/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bytesSource, pipeSource } from "../audio/byte-source.ts";
import { loadSpeech } from "../audio/load-speech.ts";
import { writeWav } from "../audio/wav-writer.ts";
import { demoModelFolder, demoSamples } from "../demo-model.test-support.ts";
import { openWhisperModel } from "../model/whisper-model.ts";
import { cpuExecutor } from "../whisper/cpu/cpu-executor.ts";
import { noOnnxRuntime } from "../whisper/cpu/cpu-model.test-support.ts";
import { referenceExecutor } from "../whisper/reference/reference-executor.ts";
import { whisperSizes } from "../whisper/whisper-sizes.ts";
import { tracedExecutor } from "./placement/traced-executor.ts";
import { TraceLog } from "./trace.ts";
import { publishedOptions, type TranscribeOptions } from "./transcribe-options.ts";
import { pcmPieces, raw } from "./transcriber.test-support.ts";
import { Transcriber } from "./transcriber.ts";

const model = await openWhisperModel(demoModelFolder);
const samples = await demoSamples();
const trace = new TraceLog();
const clockMs = () => performance.now();
const stop = { at: Number.POSITIVE_INFINITY, controller: new AbortController() };
const positions: number[] = [];
let transcriber: Transcriber;
let cacheFolder: string;

beforeAll(async () => {
  // Ten times as fast; without onnxruntime the tests are as good, and take a minute.
  cacheFolder = await mkdtemp(join(tmpdir(), "aiekit-windows-"));
  const executor =
    noOnnxRuntime === undefined
      ? await cpuExecutor({ model, cacheFolder, threads: 1 })
      : await referenceExecutor(whisperSizes(model.config), (name) => model.tensors.read(name));
  const seen = {
    ...executor,
    encode: async (features: Parameters<typeof executor.encode>[0]) => {
      const state = await executor.encode(features);
      positions.push(state.positions);
      if (positions.length >= stop.at) stop.controller.abort();
      return state;
    },
  };
  const { signal } = stop.controller;
  const traced = tracedExecutor(seen, { trace: trace.record, clockMs, signal });
  transcriber = new Transcriber({ model, executor: traced, trace, clockMs, signal });
});
afterAll(async () => {
  await transcriber.close();
  await rm(cacheFolder, { recursive: true });
});

const bytesOf = (file: string) => readFileSync(`${demoModelFolder}/samples/${file}`);
const long = samples.find(({ file }) => file === "long.wav")!;

async function transcribed(bytes: Uint8Array, options: Partial<TranscribeOptions>) {
  positions.length = 0;
  return transcriber.transcribe(bytesSource(bytes, "a.wav"), { ...publishedOptions, ...options });
}

for (const overlapSeconds of ["sixth", 0.5, 2] as const) {
  test(`long.wav in windows that overlap by ${overlapSeconds}: every word once, sentences where they are said`, async () => {
    const { segments, text, trace: ran } = await transcribed(bytesOf(long.file), { overlapSeconds });

    expect(text.trim()).toBe(long.sentence);
    expect(positions.length).toBeGreaterThanOrEqual(3);
    expect(ran.parts[0]!.calls).toBe(positions.length);
    let word = 0;
    for (const { startSeconds, endSeconds, text: said, temperature, noSpeechProb, tokens } of segments) {
      const count = said.trim().split(" ").length;
      // The model's own error is some hundredths of a second; sentences are 0.6 s apart.
      expect(Math.abs(startSeconds - long.words[word]![0]), said).toBeLessThan(0.3);
      expect(Math.abs(endSeconds - long.words[word + count - 1]![1]), said).toBeLessThan(0.3);
      expect([temperature, noSpeechProb < 0.6, model.tokenizer.decode(tokens)]).toEqual([0, true, said]);
      word += count;
    }
    expect(segments.map(({ id }) => id)).toEqual([...segments.keys()]);
    expect(segments.length).toBe(7);
  });
}

test("a stream whose end is not known has the file's segments; silence between is not decoded", async () => {
  const { pcm } = loadSpeech(bytesOf(long.file), long.file);
  const paused = new Int16Array(pcm.length * 2 + 30 * 16_000);
  paused.set(pcm);
  paused.set(pcm, pcm.length + 30 * 16_000);
  const options = { ...publishedOptions, overlapSeconds: "sixth" } as const;
  const windows: boolean[] = [];

  const file = await transcribed(writeWav({ sampleRateHz: 16_000, channels: [paused] }), options);
  const pipe = await transcriber.transcribe(pipeSource(pcmPieces(paused, 9001), "-"), options, {
    audio: { raw },
    onWindow: ({ skipped }) => windows.push(skipped),
  });

  expect(file.text.trim()).toBe(`${long.sentence} ${long.sentence}`);
  expect(pipe.segments).toEqual(file.segments);
  expect(windows.filter((skipped) => skipped).length).toBeGreaterThanOrEqual(4);
});

test("without timestamps the text is the same, and one segment", async () => {
  const { text, segments } = await transcribed(bytesOf(long.file), { overlapSeconds: "sixth", timestamps: false });

  expect(text.trim()).toBe(long.sentence);
  expect(segments).toHaveLength(1);
});

test("a prompt is told to the first of the windows that overlap, or to each", async () => {
  const calls = async (options: Partial<TranscribeOptions>) => {
    const { trace: ran } = await transcribed(bytesOf(long.file), {
      overlapSeconds: "sixth",
      language: "en",
      ...options,
    });
    return ran.parts.find(({ part }) => part === "decoder")!.tokens;
  };
  const [none, first, each] = [
    await calls({}),
    await calls({ prompt: "the" }),
    await calls({ prompt: "the", carryPrompt: true }),
  ];

  // A mark, and a token of the prompt, in each window that is told of it.
  expect(first - none).toBe(2);
  expect(each - none).toBe(2 * positions.length);
});

test("each sample is the same text in the shortest window that holds it, encoded once", async () => {
  for (const { file, sentence, seconds } of samples) {
    const full = await transcribed(bytesOf(file), {});
    const fullPositions = [...positions];
    const short = await transcribed(bytesOf(file), { shortWindows: "auto" });

    expect([short.text.trim(), full.text.trim()], file).toEqual([sentence, sentence]);
    const last = [68, 136, 268, 400].find((size) => Math.floor(seconds * 100) <= 2 * size) ?? positions.at(-1);
    if (positions.length > 0) expect([positions.length, positions.at(-1)], file).toEqual([fullPositions.length, last]);
    expect(fullPositions.every((size) => size === 400)).toBe(true);
  }
});

test("with vad a window begins where speech does: noise before it costs no window", async () => {
  const { file, sentence, words } = samples[0]!;
  const { pcm } = loadSpeech(bytesOf(file), file);
  const noise = (i: number) => 60 * Math.sin(i * i * 0.37);
  const late = Int16Array.from({ length: 6 * 16_000 + pcm.length }, (_, i) => (pcm[i - 96_000] ?? 0) + noise(i));
  const wav = writeWav({ sampleRateHz: 16_000, channels: [late] });

  await transcribed(wav, {});
  expect(positions.length).toBeGreaterThanOrEqual(2);
  const { text, segments } = await transcribed(wav, { vad: true });

  expect(text.trim()).toBe(sentence);
  expect(positions).toHaveLength(1);
  expect(segments[0]!.seek).toBeGreaterThan(550);
  expect(Math.abs(segments[0]!.startSeconds - 6 - words[0]![0])).toBeLessThan(0.3);
});

test("words have times in a short window", async () => {
  const { file, words } = samples[0]!;

  const { segments } = await transcribed(bytesOf(file), { shortWindows: [3.2], words: true });

  expect(positions).toEqual([160]);
  const found = segments.flatMap((segment) => segment.words ?? []);
  expect(found).toHaveLength(words.length);
  for (const [i, { startSeconds }] of found.entries()) expect(Math.abs(startSeconds - words[i]![0])).toBeLessThan(0.4);
});

test("overlaps without end, words, clips, and windows longer than the model's are refused", async () => {
  const refused = (options: Partial<TranscribeOptions>) =>
    expect(transcribed(bytesOf(long.file), options)).rejects.toThrow(UsageError);

  await refused({ overlapSeconds: 4 });
  await refused({ overlapSeconds: -1 });
  await refused({ overlapSeconds: 1, words: true });
  await refused({ overlapSeconds: 1, clipSeconds: [1, 2] });
  await refused({ shortWindows: [9] });
  expect(positions).toEqual([]);
});

test("a signal stops between two windows that overlap", async () => {
  stop.at = 2;
  await expect(transcribed(bytesOf(long.file), { overlapSeconds: "sixth" })).rejects.toThrow(AbortedError);
  expect(positions).toHaveLength(2);
});
