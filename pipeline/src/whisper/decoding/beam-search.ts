import { ruled } from "./logit-rules.ts";
import { largestIndices, toLogSoftmax } from "./probabilities.ts";
import { type Candidate, type SearchStart, stepped } from "./search.ts";

export interface BeamOptions {
  readonly beams: number;
  /** The search ends when beams * patience sequences have ended; 1 where left out. Source: Kasai et al., arXiv 2204.05424. */
  readonly patience?: number;
}

interface BeamStep {
  /** Sequences that go on, likeliest first, at most as many as beams; `source` is the row they continue. */
  readonly next: readonly (Candidate & { readonly source: number })[];
  /** Sequences that ended among those, without the end. */
  readonly ended: readonly Candidate[];
}

/** Beam search. Returns ended sequences, and running ones where fewer ended than there are beams. */
export async function beamSearch(start: SearchStart, { beams, patience = 1 }: BeamOptions): Promise<Candidate[]> {
  const { session, rules, eot, maxTokens } = start;
  const wanted = Math.round(beams * patience);
  const ended: Candidate[] = [];
  let running: readonly Candidate[] = [{ tokens: [], logProb: 0 }];
  let logits: readonly Float32Array[] = [start.logits];
  // Written over in each step: a new array of the vocabulary's length takes as long as a pass over it.
  const copies: Float64Array[] = [];
  for (;;) {
    const logProbs = running.map(({ tokens }, row) => {
      copies[row] ??= new Float64Array(start.logits.length);
      return toLogSoftmax(ruled(logits[row]!, rules, tokens, copies[row]));
    });
    const step = beamStep(running, logProbs, beams, eot);
    ended.push(...step.ended.slice(0, wanted - ended.length));
    running = step.next;
    if (ended.length >= wanted || running.length === 0 || running[0]!.tokens.length >= maxTokens) break;
    await session.reorder(step.next.map(({ source }) => source));
    logits = await stepped(session, running);
  }
  return [...ended, ...running.slice(0, Math.max(0, beams - ended.length))];
}

/**
 * One step: of each row's beams + 1 likeliest tokens, the best go on until there are enough of them; ends met before
 * that are ended sequences. Source: openai/whisper, decoding.py, `BeamSearchDecoder.update`.
 */
export function beamStep(
  running: readonly Candidate[],
  logProbs: readonly Float64Array[],
  beams: number,
  eot: number,
): BeamStep {
  const candidates = running.flatMap(({ logProb }, source) =>
    largestIndices(logProbs[source]!, beams + 1).map((token) => ({
      source,
      token,
      logProb: logProb + logProbs[source]![token]!,
    })),
  );
  candidates.sort((a, b) => b.logProb - a.logProb);
  const next: (Candidate & { source: number })[] = [];
  const ended: Candidate[] = [];
  for (const { source, token, logProb } of candidates) {
    const { tokens } = running[source]!;
    if (token === eot) ended.push({ tokens, logProb });
    else next.push({ tokens: [...tokens, token], logProb, source });
    if (next.length === beams) break;
  }
  return { next, ended };
}
