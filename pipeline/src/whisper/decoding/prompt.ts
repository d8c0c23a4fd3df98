import { UsageError } from "@aiekit/core";
import type { SpecialTokens } from "./special-tokens.ts";

export interface PromptOptions {
  /** Code of the language; left out for a model of English alone. */
  readonly language?: string;
  /** transcribe where left out. */
  readonly task?: "transcribe" | "translate";
  readonly timestamps: boolean;
  /** Tokens of an initial prompt and of text before the window; the last ones that fit are taken. */
  readonly previous?: readonly number[];
  /** Tokens that the text begins with. */
  readonly prefix?: readonly number[];
}

export interface Prompt {
  readonly tokens: readonly number[];
  /** Index of <|startoftranscript|>: the no-speech probability is read behind it. */
  readonly sotIndex: number;
}

/**
 * The tokens before a window's text. Previous text gets half of the model's positions less one, as published.
 * @throws UsageError for a language that the model does not know.
 */
export function windowPrompt(special: SpecialTokens, options: PromptOptions, textPositions: number): Prompt {
  const { language, task = "transcribe", timestamps, previous = [], prefix = [] } = options;
  const taken = previous.slice(-(Math.floor(textPositions / 2) - 1));
  const before = taken.length > 0 ? [special.sotPrev, ...taken] : [];
  const tokens = [...before, special.sot];
  if (Object.keys(special.languages).length > 0) tokens.push(languageToken(special, language), special[task]);
  if (!timestamps) tokens.push(special.noTimestamps);
  return { tokens: [...tokens, ...prefix], sotIndex: before.length };
}

function languageToken({ languages }: SpecialTokens, language: string | undefined): number {
  const token = language === undefined ? undefined : languages[language];
  if (token !== undefined) return token;
  throw new UsageError(
    `prompt: language ${language ?? "not given"}: expected one of ${Object.keys(languages).join(", ")}`,
  );
}
