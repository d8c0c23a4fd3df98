import { UsageError } from "@aiekit/core";
import type { EncoderState, WhisperExecutor } from "../executor.ts";
import { logSoftmax } from "./probabilities.ts";
import type { SpecialTokens } from "./special-tokens.ts";

export interface DetectedLanguage {
  /** The likeliest language's code. */
  readonly language: string;
  /** Of all languages, by code; they sum to 1. */
  readonly probabilities: Readonly<Record<string, number>>;
}

/** Which language a window is in: one decoder step behind <|startoftranscript|>. */
export async function detectLanguage(
  executor: WhisperExecutor,
  state: EncoderState,
  special: SpecialTokens,
): Promise<DetectedLanguage> {
  const session = await executor.decode(state);
  try {
    return likeliestLanguage((await session.prefill([special.sot])).data, special);
  } finally {
    await session.close();
  }
}

/** @throws UsageError for a model without languages. */
function likeliestLanguage(logits: Float32Array, { languages }: SpecialTokens): DetectedLanguage {
  const codes = Object.keys(languages);
  if (codes.length === 0) throw new UsageError("language: the model knows English alone: nothing to detect");
  const logProbs = logSoftmax(codes.map((code) => logits[languages[code]!]!));
  const probabilities = Object.fromEntries(codes.map((code, i) => [code, Math.exp(logProbs[i]!)]));
  const language = codes.reduce((best, code) => (probabilities[code]! > probabilities[best]! ? code : best));
  return { language, probabilities };
}
