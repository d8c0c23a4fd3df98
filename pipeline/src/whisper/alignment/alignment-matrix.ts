import { ShapeError, type Tensor, UsageError } from "@aiekit/core";
import type { AlignmentHead } from "../model-decoding.ts";
import { medianFilter } from "./median-filter.ts";
import type { Matrix } from "./time-warping.ts";

interface AlignmentOptions {
  readonly heads: readonly AlignmentHead[];
  /** Positions that hold sound; what attends to the padding behind them does not count. */
  readonly positions: number;
}

/** Source: openai/whisper, timing.py, `find_alignment`: `medfilt_width`. */
const medianWidth = 7;

/**
 * How much each token looks at each position: weights of the heads over the positions that hold sound, each position
 * brought to mean 0 and variance 1 over the tokens, smoothed along time, mean over heads.
 * `cross`: f32[layers, heads, tokens, positions], softmax weights. Returns [tokens, options.positions].
 */
export function alignmentMatrix(cross: Tensor<"f32">, options: AlignmentOptions): Matrix {
  const { heads, positions } = options;
  const [layers = 0, headCount = 0, tokens = 0, all = 0] = cross.shape;
  if (positions < 1 || positions > all) {
    throw new ShapeError(`alignment: expected 1 to ${all} positions, got ${positions}`);
  }
  if (heads.length === 0) throw new UsageError("alignment: expected at least one head");
  const sum = new Float64Array(tokens * positions);
  for (const [layer, head] of heads) {
    if (layer >= layers || head >= headCount) {
      throw new UsageError(`alignment: head ${head} of layer ${layer}: the model has ${layers} x ${headCount}`);
    }
    const from = (layer * headCount + head) * tokens * all;
    const weights = soundWeights(cross.data.subarray(from, from + tokens * all), tokens, positions);
    normaliseColumns(weights, tokens, positions);
    for (let token = 0; token < tokens; token++) {
      const row = token * positions;
      medianFilter(weights.subarray(row, row + positions), medianWidth).forEach((value, i) => {
        sum[row + i]! += value / heads.length;
      });
    }
  }
  return { rows: tokens, columns: positions, data: sum };
}

/** The softmax over the first positions alone: what lies behind them is taken out, the rest sums to 1. */
function soundWeights(weights: Float32Array, tokens: number, positions: number): Float64Array {
  const all = weights.length / tokens;
  const kept = new Float64Array(tokens * positions);
  for (let token = 0; token < tokens; token++) {
    let total = 0;
    for (let i = 0; i < positions; i++) total += weights[token * all + i]!;
    // A token that looks at the padding alone says nothing about the sound.
    for (let i = 0; i < positions; i++) {
      kept[token * positions + i] = total > 0 ? weights[token * all + i]! / total : 1 / positions;
    }
  }
  return kept;
}

function normaliseColumns(weights: Float64Array, tokens: number, positions: number): void {
  for (let position = 0; position < positions; position++) {
    let mean = 0;
    for (let token = 0; token < tokens; token++) mean += weights[token * positions + position]! / tokens;
    let variance = 0;
    for (let token = 0; token < tokens; token++)
      variance += (weights[token * positions + position]! - mean) ** 2 / tokens;
    // Equal weights of all tokens tell nothing apart.
    const scale = variance > 0 ? 1 / Math.sqrt(variance) : 0;
    for (let token = 0; token < tokens; token++) {
      const at = token * positions + position;
      weights[at] = (weights[at]! - mean) * scale;
    }
  }
}
