import { bf16GemvArrays, bf16Weights, type GemvArrays, int8GemvArrays, type Tensor } from "@aiekit/core";
import type { Affine, Norm, WhisperWeights } from "../reference/reference-weights.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { floatWeights } from "./float-weights.ts";
import { layerType, type WeightType, type WeightTypes } from "./weight-types.ts";

/**
 * What the decoder's launches read besides tokens, by their names: `0.self.q.w` [outputs, inputs], `0.self.q.channels`. Keys
 * and values are there side by side (`pair`), and apart for launches whose results do not lie side by side.
 */
export function decoderArrays(
  { decoder }: WhisperWeights,
  { width, vocab }: WhisperSizes,
  types: WeightTypes,
): ReadonlyMap<string, Tensor> {
  const arrays = new Map<string, Tensor>();
  const put = (name: string, part: Affine, type: WeightType) => {
    const { w, channels } = gemvArrays(name, part, type);
    arrays.set(`${name}.w`, w);
    arrays.set(`${name}.channels`, channels);
  };
  const norm = (name: string, { gamma, beta }: Norm) => {
    arrays.set(`${name}.gamma`, bf16Weights(`${name}.gamma`, floatWeights([width], gamma)));
    arrays.set(`${name}.beta`, bf16Weights(`${name}.beta`, floatWeights([width], beta)));
  };
  decoder.layers.forEach(({ self, cross, feedForward }, i) => {
    const type = layerType(types, "decoder", i);
    norm(`${i}.self.norm`, self.norm);
    for (const name of ["q", "k", "v", "out"] as const) put(`${i}.self.${name}`, self[name], type);
    put(`${i}.self.pair`, stacked(self.k, self.v), type);
    norm(`${i}.cross.norm`, cross.norm);
    for (const name of ["q", "out"] as const) put(`${i}.cross.${name}`, cross[name], type);
    norm(`${i}.ffn.norm`, feedForward.norm);
    for (const name of ["fc1", "fc2"] as const) put(`${i}.ffn.${name}`, feedForward[name], type);
  });
  norm("norm", decoder.norm);
  put("head", { outputs: vocab, weights: decoder.tokens, bias: undefined }, types.head);
  // A head of bfloat16 has no bias, so its launch takes no channels.
  if (types.head === "bf16") arrays.delete("head.channels");
  return arrays;
}

function gemvArrays(name: string, { outputs, weights, bias }: Affine, type: WeightType): GemvArrays {
  const linear = {
    weights: floatWeights([outputs, weights.length / outputs], weights),
    bias: bias && floatWeights([outputs], bias),
  };
  return type === "int8" ? int8GemvArrays(name, linear) : bf16GemvArrays(name, linear);
}

/** Outputs of `first`, then of `second`. */
function stacked(first: Affine, second: Affine): Affine {
  const weights = new Float32Array(first.weights.length + second.weights.length);
  weights.set(first.weights);
  weights.set(second.weights, first.weights.length);
  const bias = new Float32Array(first.outputs + second.outputs);
  bias.set(first.bias ?? []);
  bias.set(second.bias ?? [], first.outputs);
  return { outputs: bias.length, weights, bias };
}
