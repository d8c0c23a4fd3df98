import { BudgetError } from "@aiekit/core";
import type { EncoderState, WhisperExecutor } from "../executor.ts";
import { type BeamOptions, beamSearch } from "./beam-search.ts";
import { forbidRepeats, type LogitRule, suppress, suppressAtBegin } from "./logit-rules.ts";
import { logSoftmax } from "./probabilities.ts";
import { type PromptOptions, windowPrompt } from "./prompt.ts";
import { type SamplingOptions, sampler, seededRandom } from "./sampling.ts";
import { likeliest, sampleSequences } from "./search.ts";
import { neverSampled, type SpecialTokens } from "./special-tokens.ts";
import { timestampRules } from "./timestamp-rules.ts";

export interface WindowOptions extends PromptOptions {
  readonly special: SpecialTokens;
  /** Never sampled, beside the special tokens that never are. */
  readonly suppress?: readonly number[];
  /** Never sampled first: as published, a blank and <|endoftext|>. */
  readonly suppressAtBegin?: readonly number[];
  /** The largest first timestamp, in timestamps of two frames. */
  readonly maxInitialTimestamp?: number;
  /** No sequence of so many text tokens comes twice; no such rule where left out. */
  readonly noRepeatTokens?: number;
  /** Beam search, or sampling: greedy at temperature 0. `bestOf` sequences are sampled from `seed`. */
  readonly search: BeamOptions | (SamplingOptions & { readonly bestOf?: number; readonly seed?: number });
  readonly lengthPenalty?: number;
  /** Fewer tokens than the model has positions for. */
  readonly maxTokens?: number;
}

export interface DecodedWindow {
  /** Text and timestamps behind prompt and prefix, without <|endoftext|>. */
  readonly tokens: readonly number[];
  /** Mean over tokens and the end, as published. */
  readonly avgLogProb: number;
  /** Probability of <|nospeech|> behind <|startoftranscript|>. */
  readonly noSpeechProb: number;
}

/** Decodes one encoded window. @throws BudgetError when the prompt leaves no position. */
export async function decodeWindow(
  executor: WhisperExecutor,
  state: EncoderState,
  options: WindowOptions,
): Promise<DecodedWindow> {
  const { special, search, maxTokens = Number.POSITIVE_INFINITY } = options;
  const { textPositions, vocab } = executor.config;
  const { tokens: prompt, sotIndex } = windowPrompt(special, options, textPositions);
  if (prompt.length > textPositions) {
    throw new BudgetError(`decoder: a prompt of ${prompt.length} tokens: expected at most ${textPositions}`);
  }
  const session = await executor.decode(state);
  try {
    const { data } = await session.prefill(prompt, [sotIndex, prompt.length - 1]);
    const start = {
      session,
      logits: data.subarray(vocab),
      rules: rulesOf(options),
      eot: special.eot,
      // The last token is not fed, so one more than there are positions left.
      maxTokens: Math.min(maxTokens, textPositions - prompt.length + 1),
    };
    const candidates =
      "beams" in search
        ? await beamSearch(start, search)
        : await sampleSequences(start, search.bestOf ?? 1, sampler(search, seededRandom(search.seed ?? 0)));
    const { tokens, logProb } = likeliest(candidates, options.lengthPenalty)!;
    return {
      tokens,
      avgLogProb: logProb / (tokens.length + 1),
      noSpeechProb: Math.exp(logSoftmax(data.subarray(0, vocab))[special.noSpeech]!),
    };
  } finally {
    await session.close();
  }
}

function rulesOf(options: WindowOptions): LogitRule[] {
  const { special, timestamps, maxInitialTimestamp, noRepeatTokens } = options;
  const rules = [
    suppressAtBegin(options.suppressAtBegin ?? []),
    suppress([...(options.suppress ?? []), ...neverSampled(special)]),
  ];
  if (noRepeatTokens !== undefined) rules.push(forbidRepeats(noRepeatTokens, special.eot));
  if (timestamps) rules.push(timestampRules(special, maxInitialTimestamp));
  return rules;
}
