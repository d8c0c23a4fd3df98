import type { WhisperSizes } from "../whisper-sizes.ts";
import { cacheRows, wideRows } from "./device-sizes.ts";
import type { WeightType } from "./weight-types.ts";

/**
 * Sequences of the decoder's attention. `self` and `sequences` see a cache: of one sequence, or of several side by side as if each had heads
 * of its own; `prompt`: several tokens of one sequence.
 */
export function decoderAttentionNames(sizes: WhisperSizes, positions: number) {
  const { decoderHeads } = sizes;
  const [cache, wide] = [cacheRows(sizes), wideRows(sizes)];
  return {
    cross: `${decoderHeads}x1x${positions}`,
    crossWide: `${decoderHeads}x${wide}x${positions}`,
    self: `${decoderHeads}x1x${cache}_cache`,
    prompt: `${decoderHeads}x${wide}x${cache}_causal_cache`,
    sequences: `${decoderHeads * wide}x1x${cache}_cache`,
  };
}

/** Sequences of gemv. int8 weights always have a bias beside their scale. */
export function gemvNames({ width, decoderHidden, vocab }: WhisperSizes, rows: number, type: WeightType) {
  const bias = type === "int8" ? "" : "_bias";
  return {
    project: `${rows}x${width}x${width}${bias}`,
    pair: `${rows}x${width}x${2 * width}${bias}`,
    out: `${rows}x${width}x${width}${bias}_residual`,
    fc1: `${rows}x${width}x${decoderHidden}${bias}_gelu`,
    fc2: `${rows}x${decoderHidden}x${width}${bias}_residual`,
    head: `${rows}x${width}x${vocab}`,
  };
}
