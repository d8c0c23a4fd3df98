import type { TranscribedSegment, TranscribedWord } from "../transcription.ts";
import type { SubtitleOptions } from "./subtitles.ts";

/** A word as it stands in a subtitle: a line break, or a space, before it where one belongs. */
export type TimedWord = Pick<TranscribedWord, "word" | "startSeconds" | "endSeconds">;

const anyNumber = 1000;
/** A pause of more than this begins a subtitle. */
const pauseSeconds = 3;

/**
 * Words in lines, lines in subtitles. Where width and count are both given, subtitles go over the ends of segments.
 * Source: openai/whisper, utils.py, `iterate_subtitles`.
 */
export function wordLines(segments: readonly TranscribedSegment[], options: SubtitleOptions): readonly TimedWord[][] {
  const keepSegments = !options.maxLineCount || !options.maxLineWidth;
  const maxWidth = options.maxLineWidth || anyNumber;
  const done: TimedWord[][] = [];
  let subtitle: TimedWord[] = [];
  let [width, lines] = [0, 1];
  let last = segments.flatMap(({ words = [] }) => words)[0]?.startSeconds ?? segments[0]?.startSeconds ?? 0;
  for (const chunk of chunks(segments, options.maxWordsPerLine || anyNumber)) {
    for (const [i, { word, startSeconds, endSeconds }] of chunk.entries()) {
      const isPause = !keepSegments && startSeconds - last > pauseSeconds;
      const hasRoom = width + characters(word) <= maxWidth;
      const isBreak = i === 0 && subtitle.length > 0 && keepSegments;
      let text = word;
      if (width > 0 && hasRoom && !isPause && !isBreak) {
        width += characters(word);
      } else {
        text = word.trim();
        const isFull = options.maxLineCount !== undefined && (isPause || lines >= options.maxLineCount);
        if ((subtitle.length > 0 && isFull) || isBreak) {
          done.push(subtitle);
          subtitle = [];
          lines = 1;
        } else if (width > 0) {
          lines++;
          text = `\n${text}`;
        }
        width = characters(text.trim());
      }
      subtitle.push({ word: text, startSeconds, endSeconds });
      last = startSeconds;
    }
  }
  if (subtitle.length > 0) done.push(subtitle);
  return done;
}

/** Words of each segment, so many at a time. */
function* chunks(segments: readonly TranscribedSegment[], count: number): Generator<readonly TranscribedWord[]> {
  for (const { words = [] } of segments)
    for (let from = 0; from < words.length; from += count) yield words.slice(from, from + count);
}

/** Unicode's code points, of which an emoji is one. */
function characters(text: string): number {
  return [...text].length;
}
