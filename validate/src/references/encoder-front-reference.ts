import { conv1dReference } from "./conv1d-reference.ts";
import type { ProductObserver } from "./encoder-layer-reference.ts";
import { geluReference } from "./normal-distribution.ts";
import { whisperFeatures } from "./whisper-reference.ts";

interface ConvolutionReference {
  /** [outputs, inputs, 3] */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

interface EncoderFrontReferenceWeights {
  readonly conv1: ConvolutionReference;
  readonly conv2: ConvolutionReference;
  /** [positions, width]; those behind the end of the sound are left out. */
  readonly positions: Float64Array;
}

/**
 * From sound to the hidden state before the first layer in float64: log-mel features, two convolutions of three taps with
 * GELU, the second at stride 2, plus positions. Nothing is rounded on the way. `samples` in full scale. `observe` is shown the
 * inputs of conv1 and conv2.
 * Source: OpenAI's whisper/model.py, AudioEncoder.
 */
export function encoderFrontReference(
  samples: ArrayLike<number>,
  mels: number,
  { conv1, conv2, positions }: EncoderFrontReferenceWeights,
  observe: ProductObserver = () => {},
): Float64Array {
  const { frames, values } = whisperFeatures(samples, mels);
  const x = Float64Array.from({ length: values.length }, (_, i) => values[(i % mels) * frames + Math.floor(i / mels)]!);
  observe("conv1", x);
  const stem = convolved({ x, frames, inputs: mels }, conv1, 1);
  observe("conv2", stem);
  const y = convolved({ x: stem, frames, inputs: conv1.bias.length }, conv2, 2);
  return y.map((value, i) => value + positions[i]!);
}

function convolved(
  { x, frames, inputs }: { readonly x: Float64Array; readonly frames: number; readonly inputs: number },
  { weights, bias }: ConvolutionReference,
  stride: number,
): Float64Array {
  const sizes = { frames, inputs, outputs: bias.length, taps: 3, stride, zeros: 1 };
  return conv1dReference({ x, weights, bias }, sizes).sums.map(geluReference);
}
