import type { AlignedWord } from "./align-words.ts";

/** Marks that belong to the word behind them, and to the word before them. */
export interface PunctuationMarks {
  readonly opening: string;
  readonly closing: string;
}

/** Source: openai/whisper, timing.py, `add_word_timestamps`. */
export const publishedMarks: PunctuationMarks = { opening: "\"'“¿([{-", closing: "\"'.。,，!！?？:：”)]}、" };

/**
 * Puts marks to the words that they belong to, which keep their times. Several in a row count where they stand so in the
 * list, as published. Source: openai/whisper, timing.py, `merge_punctuations`.
 */
export function joinPunctuation(words: readonly AlignedWord[], { opening, closing }: PunctuationMarks): AlignedWord[] {
  const opened: AlignedWord[] = [];
  for (const word of [...words].reverse()) {
    const following = opened[0];
    const isOpening = word.text.startsWith(" ") && opening.includes(word.text.trim());
    if (isOpening && following !== undefined) opened[0] = joined(word, following, following);
    else opened.unshift(word);
  }
  const all: AlignedWord[] = [];
  for (const word of opened) {
    const previous = all.at(-1);
    const isClosing = previous !== undefined && !previous.text.endsWith(" ") && closing.includes(word.text);
    if (isClosing) all[all.length - 1] = joined(previous, word, previous);
    else all.push(word);
  }
  return all;
}

function joined(first: AlignedWord, second: AlignedWord, timed: AlignedWord): AlignedWord {
  return { ...timed, text: first.text + second.text, tokens: [...first.tokens, ...second.tokens] };
}
