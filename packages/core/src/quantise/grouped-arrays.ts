import { UsageError } from "../errors.ts";
import { type Tensor, tensor } from "../tensor.ts";
import { checkBias, checkScales, type Int8LinearOptions } from "./matmul-arrays.ts";

/** Inputs that share a scale in the matmul kernels for grouped weights: a step of a core. Source: kernels/matmul/grouped.h. */
export const matmulGroupSize = 128;

/** Operands of the matmul kernels for grouped weights: `b`, and a row of biases and one of scales for each group. */
export interface GroupedMatmulArrays {
  readonly b: Tensor<"i8">;
  /** [1 + groups, outputs] */
  readonly channels: Tensor<"f32">;
}

/** Products of pairs of bfloat16 keep their error down to here. Source: kernels/math/bf16_parts.h. */
const leastScale = 2 ** -100;

/**
 * For int8 or int16 activations and int8 weights in groups of 128: sum over groups of (sum of the group) scale, plus bias.
 * With `outputScale` both are in steps of the result, which is as wide as the activations; without it the result is bfloat16.
 * @throws UsageError for weights in other groups, and for scales that binary32 does not hold well.
 */
export function groupedMatmulArrays(name: string, linear: Omit<Int8LinearOptions, "inputBits">): GroupedMatmulArrays {
  const { values, scales, groupSize } = linear.weights;
  const [inputs = 0, outputs = 0] = values.shape;
  const isWhole = groupSize === matmulGroupSize || (groupSize === inputs && inputs < matmulGroupSize);
  if (!isWhole) {
    throw new UsageError(
      `${name}: weights in groups of ${groupSize}: the matmul kernel takes groups of ${matmulGroupSize}`,
      {
        hint: `quantise with groupSize ${matmulGroupSize}, or with one scale for each column and int8MatmulArrays`,
      },
    );
  }
  checkBias(name, linear.bias, outputs);
  checkScales(name, linear);
  const { inputScale, outputScale = 1 } = linear;
  const groups = scales.data.length / outputs;
  const channels = new Float32Array((1 + groups) * outputs);
  channels.set(Float32Array.from(linear.bias.data, (bias) => bias / outputScale));
  channels.set(
    Float32Array.from(scales.data, (scale) => (scale * inputScale) / outputScale),
    outputs,
  );
  const wrong = channels.findIndex((scale, at) => at >= outputs && !(scale >= leastScale && scale <= 1 / leastScale));
  if (wrong >= 0) {
    throw new UsageError(
      `${name}: group ${Math.floor(wrong / outputs) - 1} of column ${wrong % outputs} has the scale ${channels[wrong]}: expected 2^-100 to 2^100`,
      { hint: "look at inputScale and outputScale: calibrate both with the same clips" },
    );
  }
  return { b: values, channels: tensor("f32", [1 + groups, outputs], channels) };
}
