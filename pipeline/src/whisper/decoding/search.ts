import type { DecoderSession } from "../executor.ts";
import { type LogitRule, ruled } from "./logit-rules.ts";
import { logProbability } from "./probabilities.ts";
import type { Pick } from "./sampling.ts";

/** A session of one row behind its prompt, and what holds for all that is sampled. */
export interface SearchStart {
  readonly session: DecoderSession;
  /** Logits behind the prompt, [vocab]. */
  readonly logits: Float32Array;
  readonly rules: readonly LogitRule[];
  readonly eot: number;
  readonly maxTokens: number;
}

/** Tokens behind the prompt, without the end; `logProb` sums their log probabilities, with the end's where it came. */
export interface Candidate {
  readonly tokens: readonly number[];
  readonly logProb: number;
}

/** Samples `count` sequences that do not know of each other: greedy search with one that takes the largest. */
export async function sampleSequences(start: SearchStart, count: number, pick: Pick): Promise<Candidate[]> {
  const { session, rules, eot, maxTokens } = start;
  const ended: Candidate[] = [];
  let running: Candidate[] = Array.from({ length: count }, () => ({ tokens: [], logProb: 0 }));
  let logits: readonly Float32Array[] = running.map(() => start.logits);
  let sources = running.map(() => 0);
  const copy = new Float64Array(start.logits.length);
  for (;;) {
    const kept: number[] = [];
    const next: Candidate[] = [];
    for (const [row, { tokens, logProb }] of running.entries()) {
      const allowed = ruled(logits[row]!, rules, tokens, copy);
      const token = pick(allowed);
      const total = logProb + logProbability(allowed, token);
      if (token === eot) {
        ended.push({ tokens, logProb: total });
      } else {
        next.push({ tokens: [...tokens, token], logProb: total });
        kept.push(sources[row]!);
      }
    }
    running = next;
    if (running.length === 0 || running[0]!.tokens.length >= maxTokens) return [...ended, ...running];
    await session.reorder(kept);
    logits = await stepped(session, running);
    sources = running.map((_, row) => row);
  }
}

/** Feeds each sequence's last token. Returns logits a row. */
export async function stepped(session: DecoderSession, running: readonly Candidate[]): Promise<Float32Array[]> {
  const { data } = await session.step(running.map(({ tokens }) => tokens.at(-1)!));
  const vocab = data.length / running.length;
  return running.map((_, row) => data.subarray(row * vocab, (row + 1) * vocab));
}

/**
 * The candidate to take: by log probability over length, or over ((5 + length) / 6)^penalty where a penalty is given.
 * Source: Wu et al., arXiv 1609.08144, equation 14; openai/whisper, decoding.py, `MaximumLikelihoodRanker`.
 */
export function likeliest(candidates: readonly Candidate[], lengthPenalty?: number): Candidate | undefined {
  const score = ({ tokens: { length }, logProb }: Candidate) =>
    logProb / (lengthPenalty === undefined ? Math.max(length, 1) : ((5 + length) / 6) ** lengthPenalty);
  return candidates.reduce<Candidate | undefined>(
    (best, candidate) => (best === undefined || score(candidate) > score(best) ? candidate : best),
    undefined,
  );
}
