import type { AudioFormat } from "../audio/audio-stream.ts";
import type { TraceSummary } from "./trace.ts";

/** A word in time. `word` holds the space before it. */
export interface TranscribedWord {
  readonly word: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly probability: number;
}

/** A piece of text in time, with what its window's decoding gave. */
export interface TranscribedSegment {
  /** Counts from 0. */
  readonly id: number;
  /** The frame of 10 ms that its window began at. */
  readonly seek: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly text: string;
  /** Timestamps among them. */
  readonly tokens: readonly number[];
  readonly temperature: number;
  readonly avgLogProb: number;
  readonly compressionRatio: number;
  readonly noSpeechProb: number;
  /** Where words were asked for. */
  readonly words?: readonly TranscribedWord[] | undefined;
}

/** What formats are written of. */
export interface Transcript {
  readonly task: "transcribe" | "translate";
  /** Code of the language; undefined where there was no speech to tell it by. */
  readonly language: string | undefined;
  readonly durationSeconds: number;
  readonly text: string;
  readonly segments: readonly TranscribedSegment[];
}

/** A transcript, and how it came about. */
export interface Transcription extends Transcript {
  /** Of the detected language; undefined where it was given. */
  readonly languageProbability: number | undefined;
  readonly format: AudioFormat;
  /** What was converted and what was odd. */
  readonly notes: readonly string[];
  readonly phases: TranscriptionPhases;
  readonly trace: TraceSummary;
}

/** Wall time by phase; `otherMs` is what is left of the total: rules, sampling, text. */
export interface TranscriptionPhases {
  /** Reading, decoding, mixing, resampling. */
  readonly audioMs: number;
  readonly melMs: number;
  readonly encoderMs: number;
  readonly decoderMs: number;
  readonly otherMs: number;
  readonly totalMs: number;
}
