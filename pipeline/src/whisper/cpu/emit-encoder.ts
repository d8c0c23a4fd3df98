import type { WhisperSizes } from "../whisper-sizes.ts";
import { type Emission, emitArray, emitFeedForward, emitLinear, emitNorm } from "./emit-layers.ts";
import { linearSource } from "./linear-source.ts";

/**
 * The encoder: `features` f32[1, mels, frames] to `encoded` f32[positions, width], positions = ceil(frames / 2). States are
 * two-dimensional, so that products and their biases are one node.
 */
export function emitEncoder(emission: Emission, sizes: WhisperSizes): void {
  const { graph } = emission;
  const { mels, width, encoderHidden: hidden } = sizes;
  const features = graph.input("features", "f32", [1, mels, "frames"]);
  const narrow = emitConvolution(emission, features, "model.encoder.conv1", { width, inputs: mels, stride: 1 });
  const columns = emitConvolution(emission, narrow, "model.encoder.conv2", { width, inputs: width, stride: 2 });
  const rows = graph.op("Transpose", [columns], { attributes: { perm: [0, 2, 1] } });
  let x = graph.op("Reshape", [rows, graph.ints(-1, width)]);
  const table = emitArray(emission, "model.encoder.embed_positions.weight", [sizes.audioPositions, width]);
  const count = graph.op("Shape", [x], { attributes: { start: 0, end: 1 } });
  x = graph.op("Add", [x, graph.op("Slice", [table, graph.ints(0), count, graph.ints(0)])]);
  for (let i = 0; i < sizes.encoderLayers; i++) {
    const layer = `model.encoder.layers.${i}`;
    x = graph.op("Add", [x, emitSelfAttention(emission, x, layer, sizes)]);
    x = emitFeedForward(emission, x, layer, { width, hidden });
  }
  const scale = emitArray(emission, "model.encoder.layer_norm.weight", [width]);
  const bias = emitArray(emission, "model.encoder.layer_norm.bias", [width]);
  const attributes = { axis: -1, epsilon: { float: 1e-5 } };
  graph.op("LayerNormalization", [x, scale, bias], { attributes, outputs: ["encoded"] });
  graph.output("encoded", "f32", ["positions", width]);
}

function emitConvolution(
  emission: Emission,
  x: string,
  name: string,
  { width, inputs, stride }: { readonly width: number; readonly inputs: number; readonly stride: number },
): string {
  const { graph } = emission;
  const weights = emitArray(emission, `${name}.weight`, [width, inputs, 3]);
  const bias = emitArray(emission, `${name}.bias`, [width]);
  const attributes = { kernel_shape: [3], pads: [1, 1], strides: [stride] };
  return graph.op("Gelu", [graph.op("Conv", [x, weights, bias], { attributes })]);
}

function emitSelfAttention(emission: Emission, x: string, layer: string, sizes: WhisperSizes): string {
  const { graph, source } = emission;
  const { width, encoderHeads } = sizes;
  const normed = emitNorm(emission, x, `${layer}.self_attn_layer_norm`, width);
  const project = (part: string, bias: boolean) => {
    const linear = linearSource(source, `${layer}.self_attn.${part}`, { outputs: width, inputs: width, bias });
    return graph.op("Reshape", [emitLinear(emission, normed, linear), graph.ints(1, -1, width)]);
  };
  const inputs = [project("q_proj", true), project("k_proj", false), project("v_proj", true)];
  const seen = graph.contributedOp("MultiHeadAttention", inputs, { attributes: { num_heads: encoderHeads } });
  const rows = graph.op("Reshape", [seen, graph.ints(-1, width)]);
  return emitLinear(
    emission,
    rows,
    linearSource(source, `${layer}.self_attn.out_proj`, { outputs: width, inputs: width }),
  );
}
