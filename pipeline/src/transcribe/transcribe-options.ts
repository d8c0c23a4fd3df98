import {
  type FallbackThresholds,
  publishedTemperatures,
  publishedThresholds,
} from "../whisper/decoding/temperature-fallback.ts";

/** How a recording is transcribed. */
export interface TranscribeOptions {
  /** Code of the language; detected in the first window with sound where left out. */
  readonly language?: string | undefined;
  readonly task: "transcribe" | "translate";
  /** Text that the first window is told of: names, spelling, style. */
  readonly prompt?: string | undefined;
  /** Whether the model tells times. Without them a window is one segment. */
  readonly timestamps: boolean;
  /** Tried in turn until a result is good enough. */
  readonly temperatures: readonly number[];
  readonly thresholds: FallbackThresholds;
  /** Whether a window is told the text before it. */
  readonly conditionOnPrevious: boolean;
  /** Beams at temperature 0; greedy where left out. */
  readonly beams?: number | undefined;
  readonly patience?: number | undefined;
  readonly lengthPenalty?: number | undefined;
  /** Sequences sampled at a temperature above 0; the likeliest is taken. */
  readonly bestOf: number;
  readonly seed: number;
  readonly topK?: number | undefined;
  readonly topP?: number | undefined;
  /** Never sampled, in place of the model's own list. */
  readonly suppress?: readonly number[] | undefined;
  /** No sequence of so many text tokens comes twice in a window. */
  readonly noRepeatTokens?: number | undefined;
  /** Segments get words with times; one more pass of the decoder a window. */
  readonly words?: boolean | undefined;
  /** With words: improbable text amid more silence than this is left out. */
  readonly hallucinationSilenceSeconds?: number | undefined;
  /** Every window is told of the prompt. */
  readonly carryPrompt?: boolean | undefined;
  /** Seconds between which is transcribed: begin, end, begin, end; all where left out. */
  readonly clipSeconds?: readonly number[] | undefined;
  /**
   * Windows that overlap and know nothing of each other, their texts laid over each other; without words, and
   * `conditionOnPrevious` says nothing. Seconds at each end that the neighbour holds as well, or a sixth of the window.
   */
  readonly overlapSeconds?: number | "sixth" | undefined;
  /**
   * What is shorter than a window runs in the smallest of these, in seconds, that holds it; `auto`: a sixth, a third, two
   * thirds of the window. The full window is always there.
   */
  readonly shortWindows?: readonly number[] | "auto" | undefined;
  /** What is before speech, found by energy and spectrum, is not decoded; nor are windows without. */
  readonly vad?: boolean | undefined;
  /** Tokens of a window; as many as the model has positions for where left out. */
  readonly maxTokens?: number | undefined;
}

/** Source: openai/whisper, transcribe.py; greedy and best of 5, as its `transcribe` and command line have it. */
export const publishedOptions: TranscribeOptions = {
  task: "transcribe",
  timestamps: true,
  temperatures: publishedTemperatures,
  thresholds: publishedThresholds,
  conditionOnPrevious: true,
  bestOf: 5,
  seed: 0,
};
