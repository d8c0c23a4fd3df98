import type { AlignedWord } from "./align-words.ts";

/** What a word lasts in this window, and what is too long for one. */
export interface WordDurations {
  readonly medianSeconds: number;
  readonly longestSeconds: number;
}

/** Source for both numbers: openai/whisper, timing.py, `add_word_timestamps`. */
const longestMedianSeconds = 0.7;
const sentenceEnds = ".。!！?？";

/** The median of what words last, at most 0.7 s, and twice that; words of no length are left out. */
export function wordDurations(words: readonly AlignedWord[]): WordDurations {
  const seconds = words
    .map(({ startSeconds, endSeconds }) => endSeconds - startSeconds)
    .filter((length) => length !== 0);
  seconds.sort((a, b) => a - b);
  const middle = seconds.length / 2;
  const median = ((seconds[Math.ceil(middle) - 1] ?? 0) + (seconds[Math.floor(middle)] ?? 0)) / 2;
  const medianSeconds = Math.min(longestMedianSeconds, median);
  return { medianSeconds, longestSeconds: 2 * medianSeconds };
}

/**
 * A pause at the end of a sentence is found inside of a word beside it: one that is too long there is cut, a mark at its end,
 * the first word of the next sentence at its begin.
 */
export function cutAtSentenceEnds(words: readonly AlignedWord[], { longestSeconds }: WordDurations): AlignedWord[] {
  if (longestSeconds === 0) return [...words];
  return words.map((word, i) => {
    const before = words[i - 1];
    if (before === undefined || word.endSeconds - word.startSeconds <= longestSeconds) return word;
    if (sentenceEnds.includes(word.text)) return { ...word, endSeconds: word.startSeconds + longestSeconds };
    if (sentenceEnds.includes(before.text)) return { ...word, startSeconds: word.endSeconds - longestSeconds };
    return word;
  });
}
