import type { WeightSource } from "../../encoder/encoder-weights.ts";
import { readArray } from "../read-array.ts";
import { bytesOf, emitBias } from "./emit-bias.ts";
import { emitInt8Linear } from "./emit-int8-linear.ts";
import { type LinearSource, linearSource } from "./linear-source.ts";
import type { OnnxGraph } from "./onnx/onnx-graph.ts";

/** Where a layer's nodes go, and how its weights are stored. */
export interface Emission {
  readonly graph: OnnxGraph;
  readonly source: WeightSource;
  readonly precision: CpuPrecision;
}

export const cpuPrecisions = ["f32", "int8"] as const;
export type CpuPrecision = (typeof cpuPrecisions)[number];

/** An array of the model as it is. */
export function emitArray({ graph, source }: Emission, name: string, dims: readonly number[]): string {
  return graph.constant({ name, type: "f32", dims, read: async () => bytesOf(await readArray(source, name, dims)) });
}

/** LayerNorm over the last dimension; `width` columns. */
export function emitNorm(emission: Emission, x: string, name: string, width: number): string {
  const scale = emitArray(emission, `${name}.weight`, [width]);
  const bias = emitArray(emission, `${name}.bias`, [width]);
  const attributes = { axis: -1, epsilon: { float: 1e-5 } };
  return emission.graph.op("LayerNormalization", [x, scale, bias], { attributes });
}

/** x [rows, inputs] to [rows, outputs]. */
export function emitLinear(emission: Emission, x: string, linear: LinearSource): string {
  if (emission.precision === "int8") return emitInt8Linear(emission.graph, x, linear);
  const { graph } = emission;
  const { name, outputs, inputs, weights, bias } = linear;
  const read = async () => bytesOf(await weights());
  const matrix = graph.constant({ name: `${name}.weight`, type: "f32", dims: [outputs, inputs], read });
  const more = bias === undefined ? [] : [emitBias(graph, name, outputs, bias)];
  return graph.op("Gemm", [x, matrix, ...more], { attributes: { transB: 1 } });
}

/** x + fc2(gelu(fc1(norm(x)))). */
export function emitFeedForward(
  emission: Emission,
  x: string,
  layer: string,
  { width, hidden }: { readonly width: number; readonly hidden: number },
): string {
  const { graph, source } = emission;
  const normed = emitNorm(emission, x, `${layer}.final_layer_norm`, width);
  const wide = emitLinear(emission, normed, linearSource(source, `${layer}.fc1`, { outputs: hidden, inputs: width }));
  const active = graph.op("Gelu", [wide]);
  const out = emitLinear(emission, active, linearSource(source, `${layer}.fc2`, { outputs: width, inputs: hidden }));
  return graph.op("Add", [x, out]);
}
