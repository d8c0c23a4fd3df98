import { type Tensor, tensor } from "@aiekit/core";
import type { WeightSource } from "../encoder/encoder-weights.ts";
import type { ModelTensors } from "./model-tensors.ts";

/** The encoder's weights of a model, under the names and in the layouts of `WeightSource`. */
export function encoderWeightSource(tensors: Pick<ModelTensors, "places" | "read">): WeightSource {
  const plain = async (name: string) => (tensors.places.has(name) ? tensors.read(name) : undefined);
  return async (name) => {
    const stem = /^(conv[12])\.(weights|bias)$/.exec(name);
    if (stem) return plain(`model.encoder.${stem[1]}.${stem[2] === "bias" ? "bias" : "weight"}`);
    if (name === "positions") return plain("model.encoder.embed_positions.weight");
    const [, layer, part = "", array] = /^(\d+)\.(\w+)\.(gamma|beta|weights|bias)$/.exec(name) ?? [];
    const inside = `model.encoder.layers.${layer}`;
    const isNorm = array === "gamma" || array === "beta";
    if (isNorm) {
      const norm = { ln1: "self_attn_layer_norm", ln2: "final_layer_norm" }[part];
      return norm === undefined ? undefined : plain(`${inside}.${norm}.${array === "gamma" ? "weight" : "bias"}`);
    }
    if (part === "qkv") return sideBySide(tensors, `${inside}.self_attn`, array === "bias");
    const linear = { out: "self_attn.out_proj", fc1: "fc1", fc2: "fc2" }[part];
    if (linear === undefined || array === undefined) return undefined;
    if (array === "bias") return plain(`${inside}.${linear}.bias`);
    const weights = await plain(`${inside}.${linear}.weight`);
    return weights && transposedInto([weights]);
  };
}

/** Queries, keys, values: [width, 3 width], or their biases, of which the keys' is 0. */
async function sideBySide(
  tensors: Pick<ModelTensors, "places" | "read">,
  attention: string,
  isBias: boolean,
): Promise<Tensor<"f32"> | undefined> {
  if (!tensors.places.has(`${attention}.q_proj.weight`)) return undefined;
  const read = (part: string, array: string) => tensors.read(`${attention}.${part}.${array}`);
  if (!isBias) return transposedInto(await Promise.all(["q_proj", "k_proj", "v_proj"].map((p) => read(p, "weight"))));
  const [queries, values] = await Promise.all([read("q_proj", "bias"), read("v_proj", "bias")]);
  const width = queries.data.length;
  const bias = new Float32Array(3 * width);
  bias.set(queries.data);
  bias.set(values.data, 2 * width);
  return tensor("f32", [3 * width], bias);
}

/** Arrays [outputs, inputs] as one of [inputs, all outputs]. */
function transposedInto(parts: readonly Tensor<"f32">[]): Tensor<"f32"> {
  const inputs = parts[0]?.shape[1] ?? 0;
  const columns = parts.reduce((n, part) => n + (part.shape[0] ?? 0), 0);
  const data = new Float32Array(inputs * columns);
  let first = 0;
  for (const { shape, data: rows } of parts) {
    const outputs = shape[0] ?? 0;
    for (let output = 0; output < outputs; output++)
      for (let input = 0; input < inputs; input++)
        data[input * columns + first + output] = rows[output * inputs + input]!;
    first += outputs;
  }
  return tensor("f32", [inputs, columns], data);
}
