import { bf16ToFloat, floatToBf16, type Tensor, tensor } from "@aiekit/core";
import { createRandom } from "./random.ts";

export interface EncoderLayerShape {
  readonly positions: number;
  readonly width: number;
  readonly heads: number;
  readonly ffn: number;
}

type F32 = Tensor<"f32">;

/** A hidden state and weights, all of them numbers that bfloat16 has, except the biases. */
export interface EncoderLayerArrays {
  /** [positions, width] */
  readonly x: F32;
  readonly weights: Readonly<Record<"ln1" | "ln2", { readonly gamma: F32; readonly beta: F32 }>> &
    Readonly<Record<"qkv" | "out" | "fc1" | "fc2", { readonly weights: F32; readonly bias: F32 }>>;
}

/**
 * Normal noise with the deviations that keep every part of a layer busy: weights of 1 / sqrt(inputs), so that hidden states,
 * scores and what GELU sees have a deviation near 1; gamma around 1; beta and biases of 0.1.
 */
export function encoderLayerNoise({ positions, width, ffn }: EncoderLayerShape, seed: number): EncoderLayerArrays {
  const random = createRandom(seed);
  const noise = (shape: readonly number[], deviation: number, mean = 0): F32 => {
    const count = shape.reduce((n, size) => n * size, 1);
    return tensor(
      "f32",
      shape,
      Float32Array.from({ length: count }, () => mean + deviation * random.normal()),
    );
  };
  const rounded = (array: F32): F32 =>
    tensor(
      "f32",
      array.shape,
      array.data.map((v) => bf16ToFloat(floatToBf16(v))),
    );
  const norm = () => ({ gamma: rounded(noise([width], 0.1, 1)), beta: rounded(noise([width], 0.1)) });
  const linear = (inputs: number, outputs: number) => ({
    weights: rounded(noise([inputs, outputs], 1 / Math.sqrt(inputs))),
    bias: noise([outputs], 0.1),
  });
  return {
    x: rounded(noise([positions, width], 1)),
    weights: {
      ln1: norm(),
      qkv: linear(width, 3 * width),
      out: linear(width, width),
      ln2: norm(),
      fc1: linear(width, ffn),
      fc2: linear(ffn, width),
    },
  };
}
