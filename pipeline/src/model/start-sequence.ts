import { UsageError } from "@aiekit/core";
import type { Tokenizer } from "./tokenizer.ts";

export interface StartOptions {
  /** Code of the language, `en`; of no meaning to a model that has one language only. */
  readonly language: string;
  readonly task: "transcribe" | "translate";
  readonly timestamps: boolean;
  readonly isMultilingual: boolean;
  /** Tokens of what was said before, or of a prompt; the last are taken where there is no room for all. */
  readonly previous?: readonly number[];
  /** Positions of the decoder: at most half of them, less one for the mark, hold `previous`. */
  readonly textPositions: number;
}

/**
 * The tokens that a window's decoding starts with: `<|startofprev|>` and what was before, start, language, task, notimestamps.
 * @throws UsageError for a language or task that the model does not have.
 */
export function startSequence({ tokens }: Tokenizer, options: StartOptions): number[] {
  const { language, task, timestamps, isMultilingual, previous = [], textPositions } = options;
  const kept = Math.floor(textPositions / 2) - 1;
  const before = previous.length > 0 && kept > 0 ? [tokens.startOfPrevious, ...previous.slice(-kept)] : [];
  const sequence = [...before, tokens.startOfTranscript];
  if (isMultilingual) {
    const code = tokens.languages.get(language);
    if (code === undefined)
      throw new UsageError(`language ${language}: not one of the model's`, {
        hint: `languages: ${[...tokens.languages.keys()].join(", ")}`,
      });
    sequence.push(code, task === "translate" ? tokens.translate : tokens.transcribe);
  } else if (task === "translate" || language !== "en") {
    throw new UsageError(`${task} ${language}: the model knows English only`, { hint: "take one without .en" });
  }
  return timestamps ? sequence : [...sequence, tokens.noTimestamps];
}

/** Tokens of a prompt: OpenAI's form, one space and the text without spaces around it. */
export function promptTokens(tokenizer: Tokenizer, text: string): number[] {
  const trimmed = text.trim();
  return trimmed === "" ? [] : tokenizer.encode(` ${trimmed}`);
}
