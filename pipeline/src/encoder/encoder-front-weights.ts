import { bf16Conv1dArrays, bf16Weights, describeShape, ShapeError, type Tensor, type Weights } from "@aiekit/core";
import { type EncoderFrontSizes, encoderFrontPositions } from "./encoder-front-chain.ts";

/** Weights [outputs, inputs, 3], as PyTorch keeps them. */
export interface Convolution {
  readonly weights: Weights;
  readonly bias: Weights;
}

/** Weights of the stem, and what is added to the hidden state of each position. */
export interface EncoderFrontWeights {
  readonly conv1: Convolution;
  readonly conv2: Convolution;
  /** [positions, width] */
  readonly positions: Weights;
}

/**
 * The arrays that the launches read besides the sound, by their names. @throws ShapeError for a size that is not the
 * front's; FormatError for a weight that is not finite.
 */
export function encoderFrontArrays(
  weights: EncoderFrontWeights,
  sizes: EncoderFrontSizes,
): ReadonlyMap<string, Tensor> {
  const { mels, width } = sizes;
  const { positions } = encoderFrontPositions(sizes);
  const arrays = new Map<string, Tensor>();
  for (const [name, inputs] of [
    ["conv1", mels],
    ["conv2", width],
  ] as const) {
    checkShape(`${name}.weights`, weights[name].weights, [width, inputs, 3]);
    const made = bf16Conv1dArrays(name, weights[name]);
    arrays.set(`${name}.weights`, made.weights);
    arrays.set(`${name}.channels`, made.channels);
  }
  checkShape("positions", weights.positions, [positions, width]);
  arrays.set("positions", bf16Weights("positions", weights.positions));
  return arrays;
}

function checkShape(name: string, array: Weights, shape: readonly number[]): void {
  const [expected, got] = [describeShape("f32", shape), describeShape(array.dtype, array.shape)];
  if (expected !== got) throw new ShapeError(`encoder front: ${name}: expected ${expected}, got ${got}`);
}
