import { UsageError } from "@aiekit/core";
import { mergePairs } from "./byte-pair-encoding.ts";
import type { Vocabulary } from "./read-vocabulary.ts";
import { timestampText, type WhisperTokens } from "./whisper-tokens.ts";

/** Texts to tokens and back. */
export interface Tokenizer {
  readonly tokens: WhisperTokens;
  /** A text as it stands: `<|endoftext|>` in it is thirteen characters, not a token. */
  encode(text: string): number[];
  /** A text in which added tokens mean themselves. */
  encodeWithAdded(text: string): number[];
  /** Bytes of the tokens of text; the others have none. @throws UsageError for an id that is not there. */
  decodeBytes(ids: readonly number[]): Uint8Array;
  /** Bytes that are no UTF-8 become U+FFFD. `added`: what becomes of tokens that are no text; left out where not given. */
  decode(ids: readonly number[], options?: { readonly added?: "leave out" | "timestamps" | "all" }): string;
  isTimestamp(id: number): boolean;
  /** Seconds from the start of the window. */
  timestampSeconds(id: number): number;
}

/**
 * GPT-2's pattern: contractions, letters, digits and other characters, each with one space before them, and spaces. The white
 * space of Unicode is spelled out, as JavaScript's \s has other members.
 */
const pattern =
  /'(?:[stmd]|re|ve|ll)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** Words come again and again; the limit keeps memory flat over hours of speech. */
const cacheLimit = 20_000;

export function createTokenizer(vocabulary: Vocabulary): Tokenizer {
  const { byteIds, merges, bytes, added, tokens, addPrefixSpace } = vocabulary;
  const utf8 = new TextEncoder();
  const cache = new Map<string, readonly number[]>();
  const textOf = new Map([...added].map(([text, id]) => [id, text]));
  const anyAdded = alternatives([...added.keys()]);

  const encodeWord = (word: string): readonly number[] => {
    const known = cache.get(word);
    if (known !== undefined) return known;
    const ids = mergePairs(
      Array.from(utf8.encode(word), (byte) => byteIds[byte]!),
      merges,
    );
    if (cache.size >= cacheLimit) cache.clear();
    cache.set(word, ids);
    return ids;
  };
  const encode = (text: string): number[] => {
    const prefixed = addPrefixSpace && text !== "" && !text.startsWith(" ") ? ` ${text}` : text;
    return (prefixed.match(pattern) ?? []).flatMap(encodeWord);
  };
  const isTimestamp = (id: number) => id >= tokens.firstTimestamp && id <= tokens.lastTimestamp;
  const bytesOf = (id: number): Uint8Array => {
    // An id without a token is padding of the vocabulary; one beyond it was not made by this model.
    if (Number.isSafeInteger(id) && id >= 0 && id < tokens.count) return bytes.get(id) ?? nothing;
    throw new UsageError(`token ${id}: expected an id from 0 to ${tokens.count - 1}`);
  };
  const decodeBytes = (ids: readonly number[]) => joined(ids.map(bytesOf));
  return {
    tokens,
    encode,
    encodeWithAdded: (text) => {
      const parts: number[][] = [];
      let from = 0;
      for (const match of text.matchAll(anyAdded)) {
        parts.push(encode(text.slice(from, match.index)), [added.get(match[0])!]);
        from = match.index + match[0].length;
      }
      return [...parts, encode(text.slice(from))].flat();
    },
    decodeBytes,
    decode: (ids, { added: keep = "leave out" } = {}) => {
      const parts: Uint8Array[] = ids.map((id) => {
        const isKept = keep === "all" || (keep === "timestamps" && isTimestamp(id));
        const text = isKept ? textOf.get(id) : undefined;
        return text === undefined ? bytesOf(id) : utf8.encode(text);
      });
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(joined(parts));
    },
    isTimestamp,
    timestampSeconds: (id) => {
      if (isTimestamp(id)) return (id - tokens.firstTimestamp) / 50;
      throw new UsageError(
        `token ${id}: expected a timestamp, ${tokens.firstTimestamp} for ${timestampText(0)} to ${tokens.lastTimestamp}`,
      );
    },
  };
}

const nothing = new Uint8Array(0);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

/** Longest first: of two that begin alike the longer is meant. */
function alternatives(texts: readonly string[]): RegExp {
  const escaped = [...texts]
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(escaped.join("|"), "g");
}
