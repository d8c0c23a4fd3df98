/** y[positions, outputs] of a convolution over x[frames, inputs], weights[outputs, inputs, taps]. */
interface Conv1dSizes {
  readonly frames: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly taps: number;
  readonly stride: number;
  /** Frames of zeros before the first and behind the last. */
  readonly zeros: number;
}

interface Convolution {
  readonly positions: number;
  readonly sums: Float64Array;
  /** Σ|x w| + |bias|, what errors of the sum are relative to. */
  readonly magnitudes: Float64Array;
}

/**
 * y[p, o] = bias[o] + Σ x[p stride + t - zeros, i] w[o, i, t] over inputs and taps, frames that are not there left out.
 * Source: the definition of torch.nn.Conv1d, cross-correlation.
 */
export function conv1dReference(
  { x, weights, bias }: Readonly<Record<"x" | "weights" | "bias", ArrayLike<number>>>,
  { frames, inputs, outputs, taps, stride, zeros }: Conv1dSizes,
): Convolution {
  const positions = Math.floor((frames + 2 * zeros - taps) / stride) + 1;
  const sums = new Float64Array(positions * outputs);
  const magnitudes = new Float64Array(positions * outputs);
  for (let position = 0; position < positions; position++) {
    for (let output = 0; output < outputs; output++) {
      let [sum, magnitude] = [bias[output]!, Math.abs(bias[output]!)];
      for (let input = 0; input < inputs; input++) {
        for (let tap = 0; tap < taps; tap++) {
          const frame = position * stride + tap - zeros;
          if (frame < 0 || frame >= frames) continue;
          const term = x[frame * inputs + input]! * weights[(output * inputs + input) * taps + tap]!;
          sum += term;
          magnitude += Math.abs(term);
        }
      }
      sums[position * outputs + output] = sum;
      magnitudes[position * outputs + output] = magnitude;
    }
  }
  return { positions, sums, magnitudes };
}
