import { characterGroups } from "../../model/text-stream.ts";
import type { Tokenizer } from "../../model/tokenizer.ts";

interface TokenWord {
  readonly text: string;
  readonly tokens: readonly number[];
}

/** Languages that are written without spaces. Source: openai/whisper, tokenizer.py, `split_to_word_tokens`. */
const spaceless: ReadonlySet<string> = new Set(["zh", "ja", "th", "lo", "my", "yue"]);

/** Python's string.punctuation; a part of it is taken for punctuation as well, as published. */
const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/**
 * Tokens of text by words: a word begins with a space, or is punctuation; in languages without spaces every whole character
 * is one. Spaces stay in the words. A model of English alone has no language.
 */
export function splitWords(
  tokenizer: Pick<Tokenizer, "decodeBytes">,
  tokens: readonly number[],
  language: string | undefined,
): TokenWord[] {
  const groups = characterGroups(tokenizer, tokens).map(({ text, ids }) => ({ text, tokens: ids }));
  if (language !== undefined && spaceless.has(language)) return groups;
  const words: TokenWord[] = [];
  for (const { text, tokens: ids } of groups) {
    const last = words.at(-1);
    if (last === undefined || text.startsWith(" ") || punctuation.includes(text.trim())) {
      words.push({ text, tokens: ids });
    } else {
      words[words.length - 1] = { text: last.text + text, tokens: [...last.tokens, ...ids] };
    }
  }
  return words;
}
