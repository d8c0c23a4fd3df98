import type { AlignedWord } from "./align-words.ts";
import { joinPunctuation, type PunctuationMarks, publishedMarks } from "./join-punctuation.ts";
import { cutAtSentenceEnds, type WordDurations, wordDurations } from "./word-durations.ts";

/** A word in time, from the recording's begin. */
export interface Word {
  /** With the space before it. */
  readonly text: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly probability: number;
}

/** A segment's times, from the recording's begin, and its tokens. */
export interface SegmentTimes {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly tokens: readonly number[];
}

interface SegmentWordsOptions {
  /** The window's begin in the recording. */
  readonly offsetSeconds: number;
  /** Where the last word before these segments ended. */
  readonly lastSpeechSeconds: number;
  readonly eot: number;
  readonly marks?: PunctuationMarks;
}

/** Source: openai/whisper, timing.py, `add_word_timestamps`: the numbers below as well. */
const trustedDifferenceSeconds = 0.5;

/**
 * Gives the words of a window to its segments. Words beside a pause are cut where they are too long; segments begin with
 * their first word and end with their last, except where the segment's own time is the likelier one.
 */
export function segmentWords<S extends SegmentTimes>(
  segments: readonly S[],
  aligned: readonly AlignedWord[],
  options: SegmentWordsOptions,
): (S & { readonly words: readonly Word[] })[] {
  const durations = wordDurations(aligned);
  const left = joinPunctuation(cutAtSentenceEnds(aligned, durations), options.marks ?? publishedMarks);
  let lastSpeechSeconds = options.lastSpeechSeconds;
  return segments.map((segment) => {
    const textTokens = segment.tokens.filter((token) => token < options.eot).length;
    const words: Word[] = [];
    for (let taken = 0; taken < textTokens && left.length > 0; ) {
      const word = left.shift()!;
      taken += word.tokens.length;
      words.push(inRecording(word, options.offsetSeconds));
    }
    if (words.length === 0) return { ...segment, words };
    const timed = fitted(segment, cutBehindPause(words, lastSpeechSeconds, durations), durations);
    lastSpeechSeconds = timed.endSeconds;
    return timed;
  });
}

function inRecording({ text, startSeconds, endSeconds, probability }: AlignedWord, offset: number): Word {
  // Alignment knows steps of 20 ms: more digits would be noise of floats.
  const rounded = (seconds: number) => Number((offset + seconds).toFixed(2));
  return { text, startSeconds: rounded(startSeconds), endSeconds: rounded(endSeconds), probability };
}

/** The first and second word behind a pause last at most twice the median. */
function cutBehindPause(words: readonly Word[], lastSpeechSeconds: number, durations: WordDurations): Word[] {
  const { medianSeconds, longestSeconds } = durations;
  const [first, second, ...rest] = words as [Word, ...Word[]];
  const isBehindPause = first.endSeconds - lastSpeechSeconds > 4 * medianSeconds;
  const isLong =
    first.endSeconds - first.startSeconds > longestSeconds ||
    (second !== undefined && second.endSeconds - first.startSeconds > 2 * longestSeconds);
  if (!isBehindPause || !isLong) return [...words];
  const isSecondLong = second !== undefined && second.endSeconds - second.startSeconds > longestSeconds;
  const boundary = isSecondLong
    ? Math.max(second.endSeconds / 2, second.endSeconds - longestSeconds)
    : first.endSeconds;
  const cutFirst = { ...first, startSeconds: Math.max(0, boundary - longestSeconds), endSeconds: boundary };
  const cutSecond = second === undefined ? [] : [isSecondLong ? { ...second, startSeconds: boundary } : second];
  return [cutFirst, ...cutSecond, ...rest];
}

/** Holds a segment's times against its words: the segment's is taken where a word is longer than it by half a second. */
function fitted<S extends SegmentTimes>(segment: S, words: Word[], { medianSeconds }: WordDurations) {
  let { startSeconds, endSeconds } = segment;
  const first = words[0]!;
  if (startSeconds < first.endSeconds && startSeconds - trustedDifferenceSeconds > first.startSeconds) {
    const begin = Math.max(0, Math.min(first.endSeconds - medianSeconds, startSeconds));
    words[0] = { ...first, startSeconds: begin };
  } else {
    startSeconds = first.startSeconds;
  }
  const last = words.at(-1)!;
  if (endSeconds > last.startSeconds && endSeconds + trustedDifferenceSeconds < last.endSeconds) {
    words[words.length - 1] = { ...last, endSeconds: Math.max(last.startSeconds + medianSeconds, endSeconds) };
  } else {
    endSeconds = last.endSeconds;
  }
  return { ...segment, startSeconds, endSeconds, words };
}
