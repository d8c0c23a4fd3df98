import { readFileSync } from "node:fs";
import type { SpecialTokens } from "./decoding/special-tokens.ts";

/** What openai-whisper's transcribe() gave: pipeline/fixtures/whisper/make_openai_words_fixture.py. */
interface OpenAiWords {
  readonly special: SpecialTokens;
  readonly nonSpeech: readonly number[];
  readonly scaledRows: readonly (readonly [number, number])[];
  /** Of each token of text. */
  readonly bytes: readonly (readonly number[])[];
  readonly prompt: readonly number[];
  readonly asked: { readonly words: readonly AskedOptions[]; readonly long: readonly AskedOptions[] };
  readonly words: readonly (readonly (OpenAiTimes & { readonly words: readonly OpenAiWord[] })[])[];
  readonly long: readonly {
    readonly attempts: readonly number[];
    readonly segments: readonly (OpenAiTimes & { readonly temperature: number })[];
  }[];
  readonly matrices: readonly {
    readonly rows: number;
    readonly columns: number;
    readonly starts: readonly number[];
    readonly filteredSum: number;
    readonly filteredFirst: readonly number[];
  }[];
}

/** Arguments of transcribe(). */
export interface AskedOptions {
  readonly language?: string;
  readonly temperature?: number | readonly number[];
  readonly beam_size?: number;
  readonly best_of?: number;
  readonly condition_on_previous_text?: boolean;
  readonly initial_prompt?: string;
  readonly carry_initial_prompt?: boolean;
  readonly clip_timestamps?: readonly number[];
  readonly hallucination_silence_threshold?: number;
  readonly logprob_threshold?: number | null;
  readonly compression_ratio_threshold?: number | null;
  readonly no_speech_threshold?: number | null;
}

interface OpenAiTimes {
  readonly seek: number;
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly number[];
}

interface OpenAiWord {
  readonly word: string;
  readonly start: number;
  readonly end: number;
  readonly probability: number;
}

export const openAiWords: OpenAiWords = JSON.parse(
  readFileSync(new URL("../../fixtures/whisper/openai-words.json", import.meta.url), "utf8"),
);

/** Bytes of the fixture's tokens; those that are no text have none. */
export const openAiWordsTokenizer = {
  decodeBytes: (ids: readonly number[]) => Uint8Array.from(ids.flatMap((id) => openAiWords.bytes[id] ?? [])),
};
