import { readFileSync } from "node:fs";
import { AbortedError, FormatError, tensor, UsageError } from "@aiekit/core";
import { whisperFeatures } from "@aiekit/validate";
import { expect, test } from "vitest";
import { bytesSource, pipeSource } from "../audio/byte-source.ts";
import { loadSpeech } from "../audio/load-speech.ts";
import { writeWav } from "../audio/wav-writer.ts";
import { speechSamplePath } from "../speech-sample.ts";
import { type MelSource, slidingWindows } from "../whisper/long-form/sliding-windows.ts";
import { slidingOptions } from "./sliding-options.ts";
import { publishedOptions, type TranscribeOptions } from "./transcribe-options.ts";
import { pcmPieces, raw, tinyTranscriber } from "./transcriber.test-support.ts";

// The sample ends with silence, which is not decoded: a recording of its speech alone.
const { pcm } = loadSpeech(readFileSync(speechSamplePath), "speech.wav");
const speech = pcm.subarray(0, 70_000);
const wavOf = (samples: Int16Array) => writeWav({ sampleRateHz: 16_000, channels: [samples] });
const wav = wavOf(speech);
// Random weights give text that repeats itself and is unlikely: one temperature keeps it to one attempt a window.
const options: TranscribeOptions = { ...publishedOptions, language: "en", temperatures: [0] };

/** Features of windows by the definition, from a recording in memory. */
function wholeRecording(mels: number): MelSource {
  return {
    frames: Math.floor(speech.length / 160),
    window: async (from, frames) => {
      const samples = Float64Array.from({ length: frames * 160 }, (_, i) => (speech[from * 160 + i] ?? 0) / 32_768);
      return tensor("f32", [mels, frames], Float32Array.from(whisperFeatures(samples, mels).values));
    },
  };
}

test("a file's segments are those of its windows by the definition of log-mel; a pipe's are the file's", async () => {
  const { transcriber, model, executor } = await tinyTranscriber();
  const expected = [];
  for await (const segment of slidingWindows(executor, wholeRecording(4), slidingOptions(model, options, "en"))) {
    const { seek, startSeconds, endSeconds, tokens, text } = segment;
    if (text !== "") expected.push({ seek, startSeconds, endSeconds, tokens, text });
  }

  const file = await transcriber.transcribe(bytesSource(wav, "speech.wav"), options);
  const pipe = await transcriber.transcribe(pipeSource(pcmPieces(speech), "-"), options, { audio: { raw } });

  expect(expected.length).toBeGreaterThan(4);
  expect(file.segments).toMatchObject(expected);
  expect(file.segments.map(({ id }) => id)).toEqual([...expected.keys()]);
  expect(file.text).toBe(expected.map(({ text }) => text).join(""));
  expect(file.durationSeconds).toBe(speech.length / 16_000);
  expect(pipe.segments).toEqual(file.segments);
});

test("phases add up to the total, and the trace counts windows and tokens", async () => {
  const { transcriber } = await tinyTranscriber();
  const windows: number[] = [];
  const source = bytesSource(wav, "speech.wav");

  const { phases, trace } = await transcriber.transcribe(source, options, {
    onWindow: ({ seek }) => windows.push(seek),
  });

  const { audioMs, melMs, encoderMs, decoderMs, otherMs, totalMs } = phases;
  expect(audioMs + melMs + encoderMs + decoderMs + otherMs).toBeCloseTo(totalMs, 6);
  expect(Math.min(audioMs, melMs, encoderMs, decoderMs, otherMs)).toBeGreaterThan(0);
  expect(trace.parts.map(({ part, calls }) => [part, calls >= windows.length])).toEqual([
    ["encoder", true],
    ["decoder", true],
  ]);
  expect(trace.parts[0]!.calls).toBe(windows.length);
});

test("a language that is not given is detected, without encoding the first window twice", async () => {
  const { transcriber, model } = await tinyTranscriber();
  const source = () => bytesSource(wav, "speech.wav");

  const detected = await transcriber.transcribe(source(), { ...options, language: undefined });
  const given = await transcriber.transcribe(source(), { ...options, language: detected.language });

  expect([...model.tokenizer.tokens.languages.keys()]).toContain(detected.language);
  expect(detected.languageProbability).toBeGreaterThan(1 / model.tokenizer.tokens.languages.size);
  expect(given.languageProbability).toBeUndefined();
  expect(detected.segments).toEqual(given.segments);
  expect(detected.trace.parts[0]).toMatchObject({ part: "encoder", calls: given.trace.parts[0]!.calls });
});

test("ten minutes of silence are no text and no language, and nothing is encoded", async () => {
  const { transcriber } = await tinyTranscriber();
  const silence = bytesSource(wavOf(new Int16Array(600 * 16_000)), "silence.wav");

  const { text, segments, language, durationSeconds, trace, notes } = await transcriber.transcribe(silence, {
    ...options,
    language: undefined,
  });

  expect({ text, segments, language, durationSeconds }).toEqual({
    ...{ text: "", segments: [], language: undefined, durationSeconds: 600 },
  });
  expect(trace.parts).toEqual([]);
  expect(notes).toEqual(["silent: all 600.00 s are zero"]);
});

test("windows of silence before speech are passed, and times count from the recording's start", async () => {
  const { transcriber } = await tinyTranscriber();
  const late = new Int16Array(3 * 16_000 + speech.length);
  late.set(speech, 3 * 16_000);
  const sound = await transcriber.transcribe(bytesSource(wav, "speech.wav"), options);

  const { segments } = await transcriber.transcribe(bytesSource(wavOf(late), "late.wav"), options);

  expect(segments.map(({ tokens }) => tokens)).toEqual(sound.segments.map(({ tokens }) => tokens));
  for (const [i, { seek, startSeconds }] of segments.entries()) {
    expect(seek).toBe(sound.segments[i]!.seek + 300);
    expect(startSeconds).toBeCloseTo(sound.segments[i]!.startSeconds + 3, 9);
  }
});

test("with vad a window of noise is not decoded, and one of speech is", async () => {
  const { transcriber } = await tinyTranscriber();
  const noise = Int16Array.from({ length: 32_000 }, (_, i) => 800 * Math.sin(i * i * 0.37));
  const windows = async (samples: Int16Array, vad: boolean) =>
    (await transcriber.transcribe(bytesSource(wavOf(samples), "a.wav"), { ...options, vad })).trace.parts.length;

  expect([await windows(noise, false), await windows(noise, true)]).toEqual([2, 0]);
  expect(await windows(speech, true)).toBe(2);
});

test("a recording of one sample is no text", async () => {
  const { transcriber } = await tinyTranscriber();

  const { text, durationSeconds } = await transcriber.transcribe(
    bytesSource(wavOf(Int16Array.of(12_345)), "one.wav"),
    options,
  );

  expect({ text, durationSeconds }).toEqual({ text: "", durationSeconds: 1 / 16_000 });
});

test("what is no recording is refused, and the transcriber goes on with the next", async () => {
  const { transcriber } = await tinyTranscriber();
  const flac = readFileSync(new URL("../../fixtures/tones.flac", import.meta.url));
  const transcribe = (bytes: Uint8Array) => transcriber.transcribe(bytesSource(bytes, "a.wav"), options);

  await expect(transcribe(new Uint8Array())).rejects.toThrow("expected a recording, got an empty file");
  await expect(transcribe(flac.subarray(0, flac.length / 2))).rejects.toThrow(FormatError);
  await expect(transcribe(new TextEncoder().encode("good morning, dear reader"))).rejects.toThrow("got text");
  expect((await transcribe(wav)).segments.length).toBeGreaterThan(0);
});

test("a model of English alone detects nothing, and is asked for nothing else before the recording is opened", async () => {
  const { transcriber } = await tinyTranscriber({ multilingual: false });
  const source = bytesSource(wav, "speech.wav");

  await expect(transcriber.transcribe(source, { ...options, task: "translate" })).rejects.toThrow(UsageError);
  await expect(transcriber.transcribe(source, { ...options, language: "de" })).rejects.toThrow("English alone");
  expect(await transcriber.transcribe(source, { ...options, language: undefined })).toMatchObject({
    ...{ language: "en", languageProbability: undefined },
  });
});

test("a language that the model does not have is refused with those that it has", async () => {
  const { transcriber } = await tinyTranscriber();

  await expect(transcriber.transcribe(bytesSource(wav, "a.wav"), { ...options, language: "fr" })).rejects.toThrow(
    "language fr: expected one of the model's: en, de",
  );
});

test("times behind a window's end are never told, though the vocabulary has them", async () => {
  const { model } = await tinyTranscriber();

  const { window } = slidingOptions(model, options, "en");

  // 1 s of window: 50 steps of 0.02 s.
  const { firstTimestamp, lastTimestamp } = model.tokenizer.tokens;
  expect(window.suppress!.slice(-1450)).toEqual(Array.from({ length: 1450 }, (_, i) => firstTimestamp + 51 + i));
  expect(window.suppress!.at(-1)).toBe(lastTimestamp);
  expect(window.suppress!.slice(0, -1450)).toEqual([1, 2]);
});

test("a prompt changes what is said; so does a seed above temperature 0, and the same seed does not", async () => {
  const { transcriber } = await tinyTranscriber();
  const tokens = async (more: Partial<TranscribeOptions>) => {
    const { segments } = await transcriber.transcribe(bytesSource(wav, "a.wav"), { ...options, ...more });
    return segments.map((segment) => segment.tokens);
  };

  expect(await tokens({ prompt: "the the" })).not.toEqual(await tokens({}));
  expect(await tokens({ temperatures: [1], seed: 3 })).not.toEqual(await tokens({ temperatures: [1], seed: 4 }));
  expect(await tokens({ temperatures: [1], seed: 3 })).toEqual(await tokens({ temperatures: [1], seed: 3 }));
});

test("a signal stops between two tokens", async () => {
  const stop = new AbortController();
  const { transcriber } = await tinyTranscriber({ signal: stop.signal });
  const onSegment = () => stop.abort();

  const run = transcriber.transcribe(bytesSource(wav, "a.wav"), options, { onSegment });

  await expect(run).rejects.toThrow(AbortedError);
});
