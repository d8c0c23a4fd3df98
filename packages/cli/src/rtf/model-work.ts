import type { WhisperSizes } from "@aiekit/pipeline";

/** Multiplications of a model, and values that have to be read of memory, whatever runs it. */
export interface ModelWork {
  /** Of a whole window: both convolutions and all layers. */
  readonly encoderMacs: number;
  /** Weights of the encoder. */
  readonly encoderWeights: number;
  /** Of a whole window: keys and values for the decoder's cross-attention. */
  readonly crossMacs: number;
  readonly crossWeights: number;
  /** Of one token behind `tokens` others: projections, both attentions, the head. */
  readonly tokenMacs: number;
  /** Weights and cached keys and values that one token needs; each is used once. */
  readonly tokenValues: number;
}

/**
 * With P positions, width d, hidden f, L layers, m mels, V tokens of the vocabulary, t tokens before:
 * encoder 2P*d*3m + P*d*3d + L (P (4d^2 + 2df) + 2P^2 d); cross 2 L P d^2;
 * token L (6d^2 + 2df + 2d (P + t)) + V d. Norms, softmax and GELU are left out: they are no multiplications of the arrays.
 */
export function modelWork(sizes: WhisperSizes, tokens: number): ModelWork {
  const {
    mels,
    width: d,
    audioPositions: p,
    encoderLayers,
    encoderHidden,
    decoderLayers,
    decoderHidden,
    vocab,
  } = sizes;
  const convolutions = 2 * p * d * 3 * mels + p * d * 3 * d;
  const encoderLayer = p * (4 * d * d + 2 * d * encoderHidden) + 2 * p * p * d;
  const token = decoderLayers * (6 * d * d + 2 * d * decoderHidden + 2 * d * (p + tokens)) + vocab * d;
  return {
    encoderMacs: convolutions + encoderLayers * encoderLayer,
    encoderWeights: 3 * d * (mels + d) + encoderLayers * (4 * d * d + 2 * d * encoderHidden),
    crossMacs: 2 * decoderLayers * p * d * d,
    crossWeights: 2 * decoderLayers * d * d,
    tokenMacs: token,
    // A token at a time uses every weight and every cached value in one multiplication.
    tokenValues: token,
  };
}
