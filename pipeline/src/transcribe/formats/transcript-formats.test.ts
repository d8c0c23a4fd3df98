import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { TranscribedSegment, Transcript } from "../transcription.ts";
import { formatTranscript } from "./transcript-formats.ts";

/** What openai-whisper's writers give: pipeline/fixtures/formats/make_fixture.py. */
interface WriterCase {
  readonly result: { readonly text: string; readonly segments: readonly OpenAiSegment[]; readonly language: string };
  readonly options: {
    readonly highlight_words?: boolean;
    readonly max_line_width?: number;
    readonly max_line_count?: number;
    readonly max_words_per_line?: number;
  };
  readonly files: Readonly<Record<"txt" | "srt" | "vtt" | "tsv" | "json", string>>;
}

interface OpenAiSegment {
  readonly id: number;
  readonly seek: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly tokens: readonly number[];
  readonly temperature: number;
  readonly avg_logprob: number;
  readonly compression_ratio: number;
  readonly no_speech_prob: number;
  readonly words?: readonly { word: string; start: number; end: number; probability: number }[];
}

const cases: readonly WriterCase[] = JSON.parse(
  readFileSync(new URL("../../../fixtures/formats/openai-writers.json", import.meta.url), "utf8"),
);

function transcriptOf({ result: { text, segments, language } }: WriterCase): Transcript {
  return { task: "transcribe", language, durationSeconds: 1, text, segments: segments.map(segmentOf) };
}

function segmentOf({ start, end, words, ...rest }: OpenAiSegment): TranscribedSegment {
  const { id, seek, text, tokens, temperature, avg_logprob, compression_ratio, no_speech_prob } = rest;
  return {
    ...{ id, seek, text, tokens, temperature, startSeconds: start, endSeconds: end },
    ...{ avgLogProb: avg_logprob, compressionRatio: compression_ratio, noSpeechProb: no_speech_prob },
    words: words?.map((word) => ({ ...word, startSeconds: word.start, endSeconds: word.end })),
  };
}

function optionsOf({ options }: WriterCase) {
  return {
    highlightWords: options.highlight_words,
    maxLineWidth: options.max_line_width,
    maxLineCount: options.max_line_count,
    maxWordsPerLine: options.max_words_per_line,
    languageName: (code: string) => ({ en: "english" })[code] ?? code,
  };
}

test.each(["txt", "srt", "vtt", "tsv"] as const)(
  "%s is byte for byte what openai-whisper writes for 25 results, with and without words",
  (format) => {
    for (const [i, one] of cases.entries()) {
      expect(formatTranscript(transcriptOf(one), format, optionsOf(one)), `result ${i}`).toBe(one.files[format]);
    }
    expect(cases).toHaveLength(25);
  },
);

test("json holds what openai-whisper's holds, name by name", () => {
  for (const one of cases) {
    const written = formatTranscript(transcriptOf(one), "json", optionsOf(one));

    expect(JSON.parse(written)).toEqual(JSON.parse(one.files.json));
  }
});

test("verbose.json has the names of OpenAI's interface: the language's name, the duration, words beside the segments", () => {
  const one = cases.find(({ result }) => result.segments[0]?.words !== undefined)!;

  const written = JSON.parse(formatTranscript(transcriptOf(one), "verbose.json", optionsOf(one)));

  expect(Object.keys(written)).toEqual(["task", "language", "duration", "text", "segments", "words"]);
  expect(written).toMatchObject({ task: "transcribe", language: "english", duration: 1, text: one.result.text });
  const { words, ...first } = one.result.segments[0]!;
  expect(written.segments[0]).toEqual(first);
  expect(written.words.slice(0, words!.length)).toEqual(words!.map(({ word, start, end }) => ({ word, start, end })));
});

test("verbose.json without words has none, and no language where there was no speech", () => {
  const silent: Transcript = { task: "transcribe", language: undefined, durationSeconds: 2, text: "", segments: [] };

  const written = JSON.parse(formatTranscript(silent, "verbose.json", { languageName: (code) => code }));

  expect(written).toEqual({ task: "transcribe", language: null, duration: 2, text: "", segments: [] });
});
