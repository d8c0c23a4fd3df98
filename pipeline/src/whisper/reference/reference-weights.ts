import type { WeightSource } from "../../encoder/encoder-weights.ts";
import { readArray } from "../read-array.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";

/** W [outputs, inputs] and b [outputs]. */
export interface Affine {
  readonly outputs: number;
  readonly weights: Float32Array;
  readonly bias: Float32Array | undefined;
}

export interface Norm {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
}

interface AttentionWeights {
  readonly norm: Norm;
  readonly q: Affine;
  readonly k: Affine;
  readonly v: Affine;
  readonly out: Affine;
}

export interface FeedForward {
  readonly norm: Norm;
  readonly fc1: Affine;
  readonly fc2: Affine;
}

export interface LayerWeights {
  readonly self: AttentionWeights;
  readonly feedForward: FeedForward;
}

export interface DecoderLayerWeights extends LayerWeights {
  readonly cross: AttentionWeights;
}

export interface WhisperWeights {
  readonly encoder: {
    /** Weights [outputs, inputs, 3]. */
    readonly conv1: Affine;
    readonly conv2: Affine;
    /** [audioPositions, width]: sinusoids, taken from the checkpoint. */
    readonly positions: Float32Array;
    readonly layers: readonly LayerWeights[];
    readonly norm: Norm;
  };
  readonly decoder: {
    /** [vocab, width]: the embedding, and the head that is tied to it. */
    readonly tokens: Float32Array;
    /** [textPositions, width]. */
    readonly positions: Float32Array;
    readonly layers: readonly DecoderLayerWeights[];
    readonly norm: Norm;
  };
}

/**
 * Reads a model by the names that `WhisperForConditionalGeneration` gives its arrays (`model.encoder.conv1.weight`).
 * @throws FormatError for an array that is missing or no float32, ShapeError for one of another shape than the config's.
 */
export async function readWhisperWeights(source: WeightSource, config: WhisperSizes): Promise<WhisperWeights> {
  const take = taker(source);
  const { width, mels } = config;
  const convolution = async (name: string, inputs: number): Promise<Affine> => ({
    outputs: width,
    weights: await take(`${name}.weight`, [width, inputs, 3]),
    bias: await take(`${name}.bias`, [width]),
  });
  const encoder = {
    conv1: await convolution("model.encoder.conv1", mels),
    conv2: await convolution("model.encoder.conv2", width),
    positions: await take("model.encoder.embed_positions.weight", [config.audioPositions, width]),
    layers: await inOrder(config.encoderLayers, (i) =>
      layer(take, `model.encoder.layers.${i}`, width, config.encoderHidden),
    ),
    norm: await norm(take, "model.encoder.layer_norm", width),
  };
  const decoder = {
    tokens: await take("model.decoder.embed_tokens.weight", [config.vocab, width]),
    positions: await take("model.decoder.embed_positions.weight", [config.textPositions, width]),
    layers: await inOrder(config.decoderLayers, async (i) => ({
      ...(await layer(take, `model.decoder.layers.${i}`, width, config.decoderHidden)),
      cross: await attentionWeights(take, `model.decoder.layers.${i}.encoder_attn`, width),
    })),
    norm: await norm(take, "model.decoder.layer_norm", width),
  };
  return { encoder, decoder };
}

type Take = (name: string, shape: readonly number[]) => Promise<Float32Array>;

function taker(source: WeightSource): Take {
  return (name, shape) => readArray(source, name, shape);
}

async function inOrder<T>(count: number, read: (index: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let i = 0; i < count; i++) all.push(await read(i));
  return all;
}

async function layer(take: Take, name: string, width: number, hidden: number): Promise<LayerWeights> {
  return {
    self: await attentionWeights(take, `${name}.self_attn`, width),
    feedForward: {
      norm: await norm(take, `${name}.final_layer_norm`, width),
      fc1: await linear(take, `${name}.fc1`, hidden, width),
      fc2: await linear(take, `${name}.fc2`, width, hidden),
    },
  };
}

/** The projection of keys has no bias in a Whisper model. */
async function attentionWeights(take: Take, name: string, width: number): Promise<AttentionWeights> {
  const k = await take(`${name}.k_proj.weight`, [width, width]);
  return {
    norm: await norm(take, `${name}_layer_norm`, width),
    q: await linear(take, `${name}.q_proj`, width, width),
    k: { outputs: width, weights: k, bias: undefined },
    v: await linear(take, `${name}.v_proj`, width, width),
    out: await linear(take, `${name}.out_proj`, width, width),
  };
}

async function linear(take: Take, name: string, outputs: number, inputs: number): Promise<Affine> {
  const weights = await take(`${name}.weight`, [outputs, inputs]);
  return { outputs, weights, bias: await take(`${name}.bias`, [outputs]) };
}

async function norm(take: Take, name: string, width: number): Promise<Norm> {
  return { gamma: await take(`${name}.weight`, [width]), beta: await take(`${name}.bias`, [width]) };
}
