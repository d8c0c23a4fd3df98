import { describeShape, FormatError, ShapeError, type Tensor, UsageError, type Weights } from "@aiekit/core";
import type { EncoderFrontWeights } from "./encoder-front-weights.ts";
import type { EncoderLayerWeights } from "./encoder-layer-weights.ts";

/** Weights of an encoder in float32: the front and any number of layers. */
export interface EncoderWeights {
  readonly front: EncoderFrontWeights;
  readonly layers: readonly EncoderLayerWeights[];
  readonly heads: number;
}

/**
 * Where weights come from: an array by its name, or undefined where there is none of this name. Names: `conv1.weights`
 * [outputs, inputs, 3], `conv1.bias`, the same for `conv2`, `positions` [positions, width]; for each layer, `0.` and so on,
 * `ln1.gamma`, `ln1.beta`, `qkv.weights` [inputs, outputs], `qkv.bias`, and likewise `out`, `ln2`, `fc1`, `fc2`.
 */
export type WeightSource = (name: string) => Promise<Tensor | undefined>;

/** Columns of a head in every Whisper model. */
const headColumns = 64;

/**
 * Reads an encoder: sizes follow from the arrays' shapes, layers are counted. `heads`: width / 64 where left out.
 * @throws FormatError for an array that is missing or no float32; ShapeError for one that does not fit the others.
 */
export async function readEncoderWeights(source: WeightSource, heads?: number): Promise<EncoderWeights> {
  const conv1 = await required(source, "conv1.weights");
  const [width = 0, mels = 0] = conv1.shape;
  const take = async (name: string, shape: readonly (number | undefined)[]): Promise<Weights> => {
    const array = await required(source, name);
    const fits =
      array.shape.length === shape.length && shape.every((size, i) => size === undefined || size === array.shape[i]);
    if (fits) return array;
    const wanted = shape.map((size) => size ?? "n").join(", ");
    throw new ShapeError(`weights: ${name}: expected f32[${wanted}], got ${describeShape(array.dtype, array.shape)}`);
  };
  const convolution = async (name: string, inputs: number) => ({
    weights: await take(`${name}.weights`, [width, inputs, 3]),
    bias: await take(`${name}.bias`, [width]),
  });
  const front = {
    conv1: await convolution("conv1", mels),
    conv2: await convolution("conv2", width),
    positions: await take("positions", [undefined, width]),
  };
  const layers: EncoderLayerWeights[] = [];
  while ((await source(`${layers.length}.ln1.gamma`)) !== undefined)
    layers.push(await readLayer(layers.length, width, take));
  const count = heads ?? width / headColumns;
  if (!Number.isSafeInteger(count) || count < 1 || width % count !== 0) {
    throw new UsageError(`weights: width ${width}: expected heads that divide it, got ${count}`, {
      hint: "give their number: --param heads=6",
    });
  }
  return { front, layers, heads: count };
}

async function readLayer(
  layer: number,
  width: number,
  take: (name: string, shape: readonly (number | undefined)[]) => Promise<Weights>,
): Promise<EncoderLayerWeights> {
  const norm = async (name: string) => ({
    gamma: await take(`${layer}.${name}.gamma`, [width]),
    beta: await take(`${layer}.${name}.beta`, [width]),
  });
  const linear = async (name: string, inputs: number, outputs: number | undefined) => {
    const weights = await take(`${layer}.${name}.weights`, [inputs, outputs]);
    return { weights, bias: await take(`${layer}.${name}.bias`, [weights.shape[1]]) };
  };
  const fc1 = await linear("fc1", width, undefined);
  return {
    ln1: await norm("ln1"),
    qkv: await linear("qkv", width, 3 * width),
    out: await linear("out", width, width),
    ln2: await norm("ln2"),
    fc1,
    fc2: await linear("fc2", fc1.weights.shape[1] ?? 0, width),
  };
}

async function required(source: WeightSource, name: string): Promise<Weights> {
  const array = await source(name);
  if (array === undefined) throw new FormatError(`weights: ${name} is missing`);
  if (array.dtype === "f32") return array as Weights;
  throw new FormatError(`weights: ${name}: expected float32, got ${array.dtype}`, {
    hint: "convert it, for example: numpy.save(path, array.astype(numpy.float32))",
  });
}
