import { floatToBf16 } from "../bf16.ts";
import { FormatError } from "../errors.ts";
import { type Tensor, tensor } from "../tensor.ts";
import { checkFinite, describeIndex, type Weights } from "./finite-weights.ts";

/**
 * Weights rounded to bfloat16, to nearest and ties to even: at most 2^-8 of the value away.
 * @throws FormatError for a weight that is not finite, or that bfloat16 has no number for.
 */
export function bf16Weights(name: string, weights: Weights): Tensor<"bf16"> {
  checkFinite(name, weights);
  const bits = Uint16Array.from(weights.data, floatToBf16);
  const at = bits.findIndex((value) => (value & 0x7fff) === 0x7f80);
  if (at >= 0) {
    throw new FormatError(
      `${name}: weight ${describeIndex(at, weights.shape)} is ${weights.data[at]}, bfloat16 ends at 3.3895e38`,
    );
  }
  return tensor("bf16", weights.shape, bits);
}
