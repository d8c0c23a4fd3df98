import type { Tokenizer } from "../../model/tokenizer.ts";
import { type AlignSource, alignWords } from "../alignment/align-words.ts";
import type { PunctuationMarks } from "../alignment/join-punctuation.ts";
import { segmentWords, type Word } from "../alignment/segment-words.ts";
import type { ModelDecoding } from "../model-decoding.ts";
import { skipHallucinations, type WordedSegment } from "./hallucinations.ts";

export interface WordOptions {
  readonly tokenizer: Pick<Tokenizer, "decodeBytes">;
  readonly alignmentHeads: ModelDecoding["alignmentHeads"];
  readonly marks?: PunctuationMarks;
  /** Improbable text amid more silence than this is left out. */
  readonly hallucinationSilenceSeconds?: number;
}

/** A decoded window whose segments get words. Frames are those of the recording. */
interface TimedWindow extends Pick<AlignSource, "executor" | "state" | "language" | "task" | "frames"> {
  readonly special: ModelDecoding["special"];
  readonly frameSeconds: number;
  readonly seek: number;
  readonly fullFrames: number;
  readonly recordingFrames: number;
  /** Where the next window begins by the timestamps alone. */
  readonly nextSeek: number;
  /** Nothing was said behind the last timestamp. */
  readonly endsInTimestamp: boolean;
  readonly lastSpeechSeconds: number;
}

interface WindowWords<S> {
  readonly segments: readonly (S & { readonly words: readonly Word[] })[];
  readonly nextSeek: number;
  readonly lastSpeechSeconds: number;
}

/**
 * Gives words to a window's segments. A text that the window cut off is begun again behind the last word.
 * Source: openai/whisper, transcribe.py.
 */
export async function windowWords<S extends Omit<WordedSegment, "words">>(
  window: TimedWindow,
  segments: readonly S[],
  words: WordOptions,
): Promise<WindowWords<S>> {
  const { seek, frames, frameSeconds, special, lastSpeechSeconds, endsInTimestamp } = window;
  const aligned = await alignWords({
    ...window,
    model: { special, alignmentHeads: words.alignmentHeads, frameSeconds },
    tokenizer: words.tokenizer,
    tokens: segments.flatMap(({ tokens }) => tokens),
  });
  const offsetSeconds = seek * frameSeconds;
  const timed = segmentWords(segments, aligned, {
    ...{ offsetSeconds, lastSpeechSeconds, eot: special.eot },
    ...(words.marks === undefined ? {} : { marks: words.marks }),
  });
  let { nextSeek } = window;
  const frameAt = (seconds: number) => Math.round(seconds / frameSeconds);
  const wordEnd = endOf(timed);
  const silence = words.hallucinationSilenceSeconds;
  if (!endsInTimestamp && wordEnd !== undefined && wordEnd > offsetSeconds) {
    const left = offsetSeconds + window.fullFrames * frameSeconds - wordEnd;
    nextSeek = silence === undefined || left > silence ? frameAt(wordEnd) : seek + frames;
  }
  if (silence === undefined) return { segments: timed, nextSeek, lastSpeechSeconds: wordEnd ?? lastSpeechSeconds };
  const kept = skipHallucinations(
    {
      ...{ segments: timed, startSeconds: offsetSeconds, lastSpeechSeconds },
      endSeconds: offsetSeconds + frames * frameSeconds,
      fullEndSeconds: offsetSeconds + window.fullFrames * frameSeconds,
      recordingSeconds: window.recordingFrames * frameSeconds,
    },
    silence,
  );
  return {
    segments: kept.segments,
    nextSeek: kept.nextSeconds === undefined ? nextSeek : frameAt(kept.nextSeconds),
    lastSpeechSeconds: endOf(kept.segments) ?? lastSpeechSeconds,
  };
}

/** The end of the last word, or of the last segment where there is none. */
function endOf(segments: readonly WordedSegment[]): number | undefined {
  const last = segments.findLast(({ words }) => words.length > 0)?.words.at(-1);
  return last?.endSeconds ?? segments.at(-1)?.endSeconds;
}
