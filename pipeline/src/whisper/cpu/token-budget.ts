import { BudgetError, UsageError } from "@aiekit/core";
import type { WhisperSizes } from "../whisper-sizes.ts";

/** @throws UsageError for a token that the model does not have, BudgetError where its positions are used up. */
export function checkTokens(
  tokens: readonly number[],
  { vocab, textPositions }: WhisperSizes,
  { used, more }: { readonly used: number; readonly more: number },
): void {
  const wrong = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocab);
  if (wrong !== undefined) throw new UsageError(`decoder: token ${wrong}: expected one of 0 to ${vocab - 1}`);
  if (more >= 1 && used + more <= textPositions) return;
  throw new BudgetError(
    `decoder: the model has ${textPositions} positions, expected 1 to ${textPositions - used} more tokens, got ${more}`,
  );
}
