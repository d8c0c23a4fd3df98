import type { LogitRule } from "./logit-rules.ts";
import { largest, logSumExp } from "./probabilities.ts";
import type { SpecialTokens } from "./special-tokens.ts";

/**
 * Timestamps come in pairs between texts, never fall, begin the window, and are taken where they are together likelier
 * than any other token. `maxInitial`: the largest first timestamp, in timestamps (50 is 1 s); any where left out.
 * Source: openai/whisper, decoding.py, `ApplyTimestampRules`.
 */
export function timestampRules(
  { eot, noTimestamps, timestampBegin }: Pick<SpecialTokens, "eot" | "noTimestamps" | "timestampBegin">,
  maxInitial?: number,
): LogitRule {
  return (logits, sampled) => {
    const forbid = (from: number, to: number) => logits.fill(Number.NEGATIVE_INFINITY, from, to);
    const isTimestamp = (token: number | undefined) => token !== undefined && token >= timestampBegin;
    forbid(noTimestamps, noTimestamps + 1);

    const opened = isTimestamp(sampled.at(-1));
    // A single timestamp at the very begin counts as the second of a pair: text must follow.
    const paired = opened && (sampled.length < 2 || isTimestamp(sampled.at(-2)));
    if (paired) forbid(timestampBegin, logits.length);
    else if (opened) forbid(0, eot);

    const last = sampled.findLast(isTimestamp);
    // The second of a pair may equal the first; the end of a text may not equal its begin.
    if (last !== undefined) forbid(timestampBegin, opened && !paired ? last : last + 1);

    if (sampled.length === 0) {
      forbid(0, timestampBegin);
      if (maxInitial !== undefined) forbid(timestampBegin + maxInitial + 1, logits.length);
    }

    // Of logits, not of their probabilities: both sides would have the same number less.
    const timestamps = logSumExp(logits, timestampBegin, logits.length);
    if (timestamps > largest(logits, 0, timestampBegin)) forbid(0, timestampBegin);
  };
}
