import { ShapeError } from "../errors.ts";
import { describeShape, type Tensor, tensor } from "../tensor.ts";
import { bf16Weights } from "./bf16-weights.ts";
import type { Weights } from "./finite-weights.ts";
import { biasChannels } from "./matmul-arrays.ts";

/** The arrays that the conv1d kernel takes besides its input. */
export interface Conv1dArrays {
  /** [taps, inputs, outputs] */
  readonly weights: Tensor<"bf16">;
  /** Four words of each output: the bits of its bias as float32, and nothing. */
  readonly channels: Tensor<"i32">;
}

/**
 * Weights [outputs, inputs, taps], as PyTorch keeps them, rounded once and with their axes turned round.
 * @throws FormatError for a number that is not finite; ShapeError for another shape.
 */
export function bf16Conv1dArrays(
  name: string,
  { weights, bias }: { readonly weights: Weights; readonly bias: Weights },
): Conv1dArrays {
  const [outputs = 0, inputs = 0, taps = 0] = weights.shape;
  if (weights.shape.length !== 3 || outputs * inputs * taps === 0) {
    throw new ShapeError(
      `${name}: expected weights [outputs, inputs, taps], got ${describeShape(weights.dtype, weights.shape)}`,
    );
  }
  const rounded = bf16Weights(name, weights).data;
  const turned = new Uint16Array(rounded.length);
  for (let at = 0, tap = 0; tap < taps; tap++) {
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) turned[at++] = rounded[(output * inputs + input) * taps + tap]!;
    }
  }
  return { weights: tensor("bf16", [taps, inputs, outputs], turned), channels: biasChannels(name, bias, outputs) };
}
