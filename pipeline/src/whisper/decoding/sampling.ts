import { argmax, largestIndices, logSoftmax } from "./probabilities.ts";

/** Chooses a token by its logits, rules applied. */
export type Pick = (logits: Float64Array) => number;

export interface SamplingOptions {
  /** Logits are divided by it; 0 takes the largest. */
  readonly temperature: number;
  /** Only the k likeliest tokens. */
  readonly topK?: number;
  /** Only the likeliest tokens that reach this probability together, at least one. */
  readonly topP?: number;
}

/** The largest logit, or a draw from the softmax at a temperature. `random`: uniform in [0, 1). */
export function sampler({ temperature, topK, topP }: SamplingOptions, random: () => number): Pick {
  if (temperature === 0) return argmax;
  return (logits) => {
    const logProbs = logSoftmax(logits.map((logit) => logit / temperature));
    if (topK === undefined && topP === undefined) return drawn(logProbs, logProbs.keys(), 1, random);
    const order = topK === undefined ? byProbability(logProbs) : largestIndices(logProbs, topK);
    const [kept, total] = nucleus(logProbs, order, topP ?? Number.POSITIVE_INFINITY);
    return drawn(logProbs, kept, total, random);
  };
}

/** Uniform numbers in [0, 1) from a 32-bit seed: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

function byProbability(logProbs: Float64Array): number[] {
  return [...logProbs.keys()].sort((a, b) => logProbs[b]! - logProbs[a]!);
}

/** The first tokens that reach `topP` of what all of `order` have, and their probability. */
function nucleus(logProbs: Float64Array, order: readonly number[], topP: number): [number[], number] {
  const all = order.reduce((sum, token) => sum + Math.exp(logProbs[token]!), 0);
  let total = 0;
  const kept: number[] = [];
  for (const token of order) {
    kept.push(token);
    total += Math.exp(logProbs[token]!);
    if (total >= topP * all) break;
  }
  return [kept, total];
}

function drawn(logProbs: Float64Array, tokens: Iterable<number>, total: number, random: () => number): number {
  let left = random() * total;
  let last = 0;
  for (const token of tokens) {
    const probability = Math.exp(logProbs[token]!);
    if (probability === 0) continue;
    last = token;
    left -= probability;
    if (left < 0) return token;
  }
  return last;
}
