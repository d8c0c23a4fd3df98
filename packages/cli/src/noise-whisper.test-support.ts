import { elementCount, type Tensor, tensor } from "@aiekit/core";
import { type DeviceExecutorOptions, deviceExecutor, type WeightSource, type WhisperSizes } from "@aiekit/pipeline";
import { buildKernel } from "@aiekit/tools";
import { createRandom } from "@aiekit/validate";

/** The smallest model whose launches have every shape of kernel that a published one has: 2 + 2 layers, 1 s of sound. */
export const noiseSizes: WhisperSizes = {
  mels: 80,
  width: 64,
  encoderLayers: 2,
  encoderHeads: 2,
  encoderHidden: 128,
  decoderLayers: 2,
  decoderHeads: 2,
  decoderHidden: 128,
  vocab: 300,
  audioPositions: 50,
  textPositions: 40,
};

/** Normal noise of a deviation, the same for the same name. */
export function noise(name: string, shape: readonly number[], deviation: number, mean = 0): Tensor<"f32"> {
  const seed = [...name].reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0, 7);
  const random = createRandom(seed);
  const data = Float32Array.from({ length: elementCount(shape) }, () => mean + deviation * random.normal());
  return tensor("f32", shape, data);
}

/** Weights by the names of a checkpoint: products keep the size of what comes in. */
export function noiseWeights(sizes: WhisperSizes): WeightSource {
  return async (name) => {
    const shape = shapeOf(name, sizes);
    if (shape === undefined) return undefined;
    if (/layer_norm\.weight$/.test(name)) return noise(name, shape, 0.2, 1);
    if (/embed_/.test(name)) return noise(name, shape, 0.7);
    return noise(name, shape, shape.length === 1 ? 0.2 : Math.sqrt(shape[0]! / elementCount(shape)));
  };
}

/** The device executor of this model; kernels that are stale are built. */
export function noiseExecutor(options: Omit<DeviceExecutorOptions, "sizes" | "weights" | "build">, sizes = noiseSizes) {
  return deviceExecutor({
    ...{ sizes, weights: noiseWeights(sizes) },
    build: async (_, { kernel, params, device }) =>
      (await buildKernel({ kernel, target: "sim", params, device })).manifestPath,
    ...options,
  });
}

function shapeOf(name: string, sizes: WhisperSizes): readonly number[] | undefined {
  const { width, mels, vocab } = sizes;
  const isEncoder = name.startsWith("model.encoder.");
  const hidden = isEncoder ? sizes.encoderHidden : sizes.decoderHidden;
  if (/k_proj\.bias$/.test(name)) return undefined;
  if (/conv[12]\.weight$/.test(name)) return [width, name.includes("conv1") ? mels : width, 3];
  if (/embed_tokens/.test(name)) return [vocab, width];
  if (/embed_positions/.test(name)) return [isEncoder ? sizes.audioPositions : sizes.textPositions, width];
  if (/fc1\.(weight|bias)$/.test(name)) return name.endsWith("bias") ? [hidden] : [hidden, width];
  if (/fc2\.weight$/.test(name)) return [width, hidden];
  return /_proj\.weight$/.test(name) ? [width, width] : [width];
}
