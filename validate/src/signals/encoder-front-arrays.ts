import { bf16ToFloat, floatToBf16, type Tensor, tensor } from "@aiekit/core";
import { createRandom } from "./random.ts";

type F32 = Tensor<"f32">;

/** Weights of the two convolutions [outputs, inputs, 3] and of the positions, numbers that bfloat16 has, except the biases. */
export interface EncoderFrontArrays {
  readonly conv1: { readonly weights: F32; readonly bias: F32 };
  readonly conv2: { readonly weights: F32; readonly bias: F32 };
  /** [positions, width] */
  readonly positions: F32;
}

/** Normal noise; weights of 2 / sqrt(3 inputs), since features and what GELU leaves have half a deviation. */
export function encoderFrontNoise(
  { mels, width, positions }: { readonly mels: number; readonly width: number; readonly positions: number },
  seed: number,
): EncoderFrontArrays {
  const random = createRandom(seed);
  const noise = (shape: readonly number[], deviation: number): F32 => {
    const array = tensor("f32", shape);
    return tensor(
      "f32",
      shape,
      array.data.map(() => deviation * random.normal()),
    );
  };
  const rounded = ({ shape, data }: F32): F32 =>
    tensor(
      "f32",
      shape,
      data.map((value) => bf16ToFloat(floatToBf16(value))),
    );
  const convolution = (inputs: number) => ({
    weights: rounded(noise([width, inputs, 3], 2 / Math.sqrt(3 * inputs))),
    bias: noise([width], 0.1),
  });
  return { conv1: convolution(mels), conv2: convolution(width), positions: rounded(noise([positions, width], 0.5)) };
}
