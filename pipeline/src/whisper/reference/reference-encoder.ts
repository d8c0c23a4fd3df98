import type { Tensor } from "@aiekit/core";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { attention } from "./attention.ts";
import { gelu } from "./gelu.ts";
import type { Affine, FeedForward, WhisperWeights } from "./reference-weights.ts";
import { affine, layerNorm, mapped, type Rows, rows, sum } from "./rows.ts";

/** The encoder: f32[mels, frames] to states [positions, width], positions = ceil(frames / 2). */
export function referenceEncoder(
  features: Tensor<"f32">,
  { encoder }: WhisperWeights,
  { encoderHeads }: WhisperSizes,
): Rows {
  const [mels = 0, frames = 0] = features.shape;
  const input = rows(frames, mels);
  for (let frame = 0; frame < frames; frame++) {
    for (let mel = 0; mel < mels; mel++) input.data[frame * mels + mel] = features.data[mel * frames + frame]!;
  }
  const wide = mapped(convolution(input, encoder.conv1, 1), gelu);
  let x = mapped(convolution(wide, encoder.conv2, 2), gelu);
  x = rows(
    x.count,
    x.width,
    x.data.map((value, i) => value + encoder.positions[i]!),
  );
  for (const { self, feedForward } of encoder.layers) {
    const normed = layerNorm(x, self.norm);
    const [keys, values] = [affine(normed, self.k).data, affine(normed, self.v).data];
    const seen = attention(affine(normed, self.q), { count: x.count, keys, values }, { heads: encoderHeads });
    x = sum(x, affine(seen, self.out));
    x = sum(x, feedForwardOf(x, feedForward));
  }
  return layerNorm(x, encoder.norm);
}

/** fc2(gelu(fc1(norm(x)))). */
export function feedForwardOf(x: Rows, { norm, fc1, fc2 }: FeedForward): Rows {
  return affine(mapped(affine(layerNorm(x, norm), fc1), gelu), fc2);
}

/** Convolution over rows by three taps, a row of zeros at each end. Weights [outputs, inputs, 3]. */
function convolution(x: Rows, { weights, bias, outputs }: Affine, stride: number): Rows {
  const y = rows(Math.ceil(x.count / stride), outputs);
  for (let row = 0; row < y.count; row++) {
    for (let output = 0; output < outputs; output++) {
      let total = bias?.[output] ?? 0;
      for (let tap = 0; tap < 3; tap++) {
        const from = row * stride + tap - 1;
        if (from < 0 || from >= x.count) continue;
        for (let i = 0; i < x.width; i++) {
          total += x.data[from * x.width + i]! * weights[(output * x.width + i) * 3 + tap]!;
        }
      }
      y.data[row * outputs + output] = total;
    }
  }
  return y;
}
