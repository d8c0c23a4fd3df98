import type { WhisperSizes } from "../whisper-sizes.ts";
import { type Emission, emitLinear } from "./emit-layers.ts";
import { linearSource } from "./linear-source.ts";

/**
 * Keys and values that the decoder's layers make of an encoded window, once a window. `encoded` f32[positions, width] to,
 * for each layer, `key.LAYER` f32[heads, 1, columns, positions], which a query is multiplied by as it lies there and which
 * holds the 1 / sqrt(columns) of attention, and `value.LAYER` f32[heads, 1, positions, columns].
 */
export function emitCross(emission: Emission, { width, decoderHeads: heads, decoderLayers }: WhisperSizes): void {
  const { graph, source } = emission;
  const columns = width / heads;
  const encoded = graph.input("encoded", "f32", ["positions", width]);
  const scale = graph.floats(1 / Math.sqrt(columns));
  for (let i = 0; i < decoderLayers; i++) {
    const layer = `model.decoder.layers.${i}.encoder_attn`;
    const shape = { outputs: width, inputs: width };
    const keys = emitLinear(emission, encoded, linearSource(source, `${layer}.k_proj`, { ...shape, bias: false }));
    const values = emitLinear(emission, encoded, linearSource(source, `${layer}.v_proj`, shape));
    const split = (x: string) => graph.op("Reshape", [x, graph.ints(-1, 1, heads, columns)]);
    const scaled = split(graph.op("Mul", [keys, scale]));
    graph.op("Transpose", [scaled], { attributes: { perm: [2, 1, 3, 0] }, outputs: [`key.${i}`] });
    graph.op("Transpose", [split(values)], { attributes: { perm: [2, 1, 0, 3] }, outputs: [`value.${i}`] });
    graph.output(`key.${i}`, "f32", [heads, 1, columns, "positions"]);
    graph.output(`value.${i}`, "f32", [heads, 1, "positions", columns]);
  }
}
