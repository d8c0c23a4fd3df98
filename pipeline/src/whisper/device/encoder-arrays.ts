import { bf16ByInt8MatmulArrays, bf16MatmulArrays, bf16Weights, type Tensor, tensor, type Weights } from "@aiekit/core";
import { encoderFrontArrays } from "../../encoder/encoder-front-weights.ts";
import { encoderLayerArrays, type Linear } from "../../encoder/encoder-layer-weights.ts";
import type { Affine, LayerWeights, Norm, WhisperWeights } from "../reference/reference-weights.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { floatWeights } from "./float-weights.ts";
import { layerType, type WeightType, type WeightTypes } from "./weight-types.ts";

/**
 * What the launches of the encoder read besides features, by their names: `conv1.weights`, `0.qkv.channels`. They are the
 * same for every window but `positions`, of which a window has the first rows.
 */
export function encoderArrays(
  { encoder, decoder }: WhisperWeights,
  sizes: WhisperSizes,
  types: WeightTypes,
): ReadonlyMap<string, Tensor> {
  const { width, mels, encoderHidden: ffn, encoderHeads: heads, audioPositions } = sizes;
  const convolution = ({ weights, bias }: Affine, inputs: number) => ({
    weights: floatWeights([width, inputs, 3], weights),
    bias: floatWeights([width], bias ?? new Float32Array(width)),
  });
  const front = {
    conv1: convolution(encoder.conv1, mels),
    conv2: convolution(encoder.conv2, width),
    positions: floatWeights([audioPositions, width], encoder.positions),
  };
  const arrays = new Map<string, Tensor>(encoderFrontArrays(front, { samples: 320 * audioPositions, mels, width }));
  const product = (name: string, linear: Linear, type: WeightType) => {
    const { b, channels } = type === "int8" ? bf16ByInt8MatmulArrays(name, linear) : bf16MatmulArrays(name, linear);
    arrays.set(`${name}.weights`, b);
    arrays.set(`${name}.channels`, channels);
  };
  encoder.layers.forEach((layer, i) => {
    const weights = layerOf(layer);
    for (const [name, array] of encoderLayerArrays(
      weights,
      { positions: audioPositions, width, heads, ffn },
      `${i}.`,
    )) {
      arrays.set(name, array);
    }
    if (layerType(types, "encoder", i) === "bf16") return;
    for (const name of ["qkv", "out", "fc1", "fc2"] as const) product(`${i}.${name}`, weights[name], "int8");
  });
  arrays.set("norm.gamma", bf16Weights("norm.gamma", factor(encoder.norm.gamma)));
  arrays.set("norm.beta", bf16Weights("norm.beta", factor(encoder.norm.beta)));
  decoder.layers.forEach(({ cross }, i) => {
    product(`${i}.cross`, sideBySide([cross.k, cross.v]), layerType(types, "decoder", i));
  });
  return arrays;
}

function layerOf({ self, feedForward }: LayerWeights) {
  return {
    ln1: normOf(self.norm),
    qkv: sideBySide([self.q, self.k, self.v]),
    out: sideBySide([self.out]),
    ln2: normOf(feedForward.norm),
    fc1: sideBySide([feedForward.fc1]),
    fc2: sideBySide([feedForward.fc2]),
  };
}

const factor = (data: Float32Array): Weights => floatWeights([data.length], data);

const normOf = ({ gamma, beta }: Norm) => ({ gamma: factor(gamma), beta: factor(beta) });

/** Weights [outputs, inputs] as one matrix [inputs, all outputs], and their biases; zeros where there is none. */
function sideBySide(parts: readonly Affine[]): Linear {
  const outputs = parts.reduce((sum, part) => sum + part.outputs, 0);
  const inputs = parts[0]!.weights.length / parts[0]!.outputs;
  const weights = tensor("f32", [inputs, outputs]);
  const bias = tensor("f32", [outputs]);
  let first = 0;
  for (const part of parts) {
    if (part.bias !== undefined) bias.data.set(part.bias, first);
    for (let output = 0; output < part.outputs; output++) {
      for (let input = 0; input < inputs; input++) {
        weights.data[input * outputs + first + output] = part.weights[output * inputs + input]!;
      }
    }
    first += part.outputs;
  }
  return { weights, bias };
}
