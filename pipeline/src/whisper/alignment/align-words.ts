import type { Tokenizer } from "../../model/tokenizer.ts";
import { logSoftmax } from "../decoding/probabilities.ts";
import { type PromptOptions, windowPrompt } from "../decoding/prompt.ts";
import type { EncoderState, WhisperExecutor } from "../executor.ts";
import type { ModelDecoding } from "../model-decoding.ts";
import { alignmentMatrix } from "./alignment-matrix.ts";
import { splitWords } from "./split-words.ts";
import { type Matrix, rowStarts } from "./time-warping.ts";

export interface AlignSource extends Pick<PromptOptions, "language" | "task"> {
  readonly executor: WhisperExecutor;
  /** The window that the text was decoded from. */
  readonly state: EncoderState;
  readonly model: Pick<ModelDecoding, "special" | "alignmentHeads" | "frameSeconds">;
  readonly tokenizer: Pick<Tokenizer, "decodeBytes">;
  /** Tokens of text; others are left out. */
  readonly tokens: readonly number[];
  /** Frames of the window that hold sound; two are a position. */
  readonly frames: number;
}

/** A word in time, from the window's begin. */
export interface AlignedWord {
  /** With the space before it. */
  readonly text: string;
  readonly tokens: readonly number[];
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Mean over its tokens of the probability among tokens of text. */
  readonly probability: number;
}

/**
 * When each word of a window was said: the text is fed once more, and time warping finds the path along what the alignment
 * heads look at. A text that the model's positions do not hold is aligned as far as they do.
 * Source: openai/whisper, timing.py, `find_alignment`.
 */
export async function alignWords(source: AlignSource): Promise<AlignedWord[]> {
  const { executor, state, model, tokenizer, frames } = source;
  const { special } = model;
  const prompt = windowPrompt(special, { ...source, timestamps: false }, executor.config.textPositions).tokens;
  // One position is the end's.
  const room = executor.config.textPositions - prompt.length - 1;
  const text = source.tokens.filter((token) => token < special.eot).slice(0, Math.max(0, room));
  if (text.length === 0) return [];

  // The row of a token tells of the next one: the first is that of the prompt's last token.
  const first = prompt.length - 1;
  const session = await executor.decode(state, { keepCrossAttention: true });
  try {
    const rows = text.map((_, i) => first + i);
    const { data: logits } = await session.prefill([...prompt, ...text, special.eot], rows);
    const positions = Math.max(1, Math.min(Math.floor(frames / 2), state.positions));
    const cross = await session.crossAttention(0);
    const matrix = alignmentMatrix(cross, { heads: model.alignmentHeads, positions });
    const starts = rowStarts(negatedRows(matrix, first, text.length + 1));
    const probabilities = text.map((token, i) => {
      const from = i * executor.config.vocab;
      return Math.exp(logSoftmax(logits.subarray(from, from + special.eot))[token]!);
    });
    const secondsAt = (token: number) => starts[token]! * 2 * model.frameSeconds;
    let at = 0;
    return splitWords(tokenizer, text, source.language).map(({ text: word, tokens }) => {
      const begin = at;
      at += tokens.length;
      return {
        text: word,
        tokens,
        startSeconds: secondsAt(begin),
        endSeconds: secondsAt(at),
        probability: probabilities.slice(begin, at).reduce((sum, p) => sum + p, 0) / tokens.length,
      };
    });
  } finally {
    await session.close();
  }
}

function negatedRows({ columns, data }: Matrix, first: number, rows: number): Matrix {
  const part = data.subarray(first * columns, (first + rows) * columns);
  return { rows, columns, data: part.map((value) => -value) };
}
