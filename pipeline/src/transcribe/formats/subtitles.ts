import type { TranscribedSegment } from "../transcription.ts";
import { type TimeTextOptions, timeText } from "./time-text.ts";
import { type TimedWord, wordLines } from "./word-lines.ts";

/** How words are laid out; of meaning where the segments have words. */
export interface SubtitleOptions {
  /** Each word is underlined while it is said. */
  readonly highlightWords?: boolean | undefined;
  /** Characters of a line. */
  readonly maxLineWidth?: number | undefined;
  /** Lines of a subtitle; takes a width as well. */
  readonly maxLineCount?: number | undefined;
  /** Words of a subtitle; of no effect beside a width. */
  readonly maxWordsPerLine?: number | undefined;
}

/** A text between two times, which are text already. */
interface Subtitle {
  readonly start: string;
  readonly end: string;
  readonly text: string;
}

/** Subtitles by words where there are words, else a segment each. Source: openai/whisper, utils.py, `SubtitlesWriter`. */
export function subtitles(
  segments: readonly TranscribedSegment[],
  options: SubtitleOptions,
  times: TimeTextOptions,
): readonly Subtitle[] {
  const time = (seconds: number) => timeText(seconds, times);
  if (segments[0]?.words === undefined) {
    return segments.map(({ startSeconds, endSeconds, text }) => ({
      start: time(startSeconds),
      end: time(endSeconds),
      text: text.trim().replaceAll("-->", "->"),
    }));
  }
  return wordLines(segments, options).flatMap((words) => {
    if (options.highlightWords) return highlighted(words, time);
    const [first, last] = [words[0]!, words.at(-1)!];
    return [{ start: time(first.startSeconds), end: time(last.endSeconds), text: textOf(words) }];
  });
}

/** The whole text once for each word, which is underlined; without underline between words. */
function highlighted(words: readonly TimedWord[], time: (seconds: number) => string): Subtitle[] {
  const all: Subtitle[] = [];
  let last = time(words[0]!.startSeconds);
  for (const [i, { startSeconds, endSeconds }] of words.entries()) {
    const [start, end] = [time(startSeconds), time(endSeconds)];
    if (last !== start) all.push({ start: last, end: start, text: textOf(words) });
    const marked = words.map(({ word }, at) => (at === i ? word.replace(/^(\s*)(.*)$/, "$1<u>$2</u>") : word));
    all.push({ start, end, text: marked.join("") });
    last = end;
  }
  return all;
}

function textOf(words: readonly TimedWord[]): string {
  return words.map(({ word }) => word).join("");
}
