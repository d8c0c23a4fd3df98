import { elementCount, type Tensor, tensor } from "@aiekit/core";
import type { WeightSource } from "../encoder/encoder-weights.ts";
import type { WhisperSizes } from "./whisper-sizes.ts";

// The same weights as pipeline/fixtures/whisper/seeded_model.py gives PyTorch: no file of weights is needed.

/** Element i of array `name`: uniform in (-0.5, 0.5), by the finaliser of MurmurHash3 over i and the name's FNV-1a hash. */
export function seededArray(name: string, shape: readonly number[], scale: number, offset = 0): Tensor<"f32"> {
  let seed = 0x811c9dc5;
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 0x01000193) >>> 0;
  const array = tensor("f32", shape);
  const { data } = array;
  for (let i = 0; i < data.length; i++) {
    let x = (Math.imul(i, 0x9e3779b1) + seed) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0;
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0;
    x = (x ^ (x >>> 16)) >>> 0;
    data[i] = offset + scale * (x / 2 ** 32 - 0.5);
  }
  return array;
}

/** Weights by name for a model of these sizes. */
export function seededWeights(config: WhisperSizes, prefix = ""): WeightSource {
  return async (name) => {
    const shape = shapeOf(name, config);
    if (shape === undefined) return undefined;
    const isNorm = /layer_norm\.weight$/.test(name);
    const isEmbedding = /embed_/.test(name);
    const inputs = elementCount(shape) / shape[0]!;
    const scale = isEmbedding ? 2 : shape.length === 1 ? 0.5 : 4 / Math.sqrt(inputs);
    return seededArray(prefix + name, shape, scale, isNorm ? 1 : 0);
  };
}

function shapeOf(name: string, config: WhisperSizes): readonly number[] | undefined {
  const { width } = config;
  const isEncoder = name.startsWith("model.encoder.");
  const hidden = isEncoder ? config.encoderHidden : config.decoderHidden;
  if (/conv[12]\.weight$/.test(name)) return [width, name.includes("conv1") ? config.mels : width, 3];
  if (/embed_tokens\.weight$/.test(name)) return [config.vocab, width];
  if (/embed_positions\.weight$/.test(name)) return [isEncoder ? config.audioPositions : config.textPositions, width];
  if (/fc1\.weight$/.test(name)) return [hidden, width];
  if (/fc1\.bias$/.test(name)) return [hidden];
  if (/fc2\.weight$/.test(name)) return [width, hidden];
  if (/k_proj\.bias$/.test(name)) return undefined;
  if (/_proj\.weight$/.test(name)) return [width, width];
  return [width];
}
