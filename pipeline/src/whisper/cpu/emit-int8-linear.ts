import { bytesOf, emitBias } from "./emit-bias.ts";
import { type BlockWeights, blockWeights } from "./int8-blocks.ts";
import type { LinearSource } from "./linear-source.ts";
import type { OnnxGraph } from "./onnx/onnx-graph.ts";

/** Weights of one scale; every published width is a multiple of it. Of 32 to 256, the fastest on AVX-512 VNNI. */
const block = 128;

/** x [rows, inputs] to [rows, outputs], the weights in 8 bits with a scale for each block of a row, x in 8 bits likewise. */
export function emitInt8Linear(graph: OnnxGraph, x: string, linear: LinearSource): string {
  const { name, outputs, inputs, bias } = linear;
  const { codes, scales } = blockConstants(graph, linear);
  // Level 4: products of integers.
  const attributes = { K: inputs, N: outputs, bits: 8, block_size: block, accuracy_level: 4 };
  const product = graph.contributedOp("MatMulNBits", [x, codes, scales], { attributes });
  return bias === undefined ? product : graph.op("Add", [product, emitBias(graph, name, outputs, bias)]);
}

/** Rows of the same constants by their indices, in float32: [...indices, inputs]. */
export function emitInt8Rows(graph: OnnxGraph, indices: string, linear: LinearSource): string {
  const { codes, scales } = blockConstants(graph, linear);
  const picked = graph.op("Cast", [graph.op("Gather", [codes, indices])], { attributes: { to: 1 } });
  const centred = graph.op("Sub", [picked, graph.floats(128)]);
  const factors = graph.op("Unsqueeze", [graph.op("Gather", [scales, indices]), graph.ints(-1)]);
  const blocks = graph.op("Mul", [centred, factors]);
  const rows = graph.op("Reshape", [blocks, graph.ints(0, 0, -1)]);
  if (linear.inputs % block === 0) return rows;
  return graph.op("Slice", [rows, graph.ints(0), graph.ints(linear.inputs), graph.ints(-1)]);
}

function blockConstants(graph: OnnxGraph, { name, outputs, inputs, weights }: LinearSource) {
  const blocks = Math.ceil(inputs / block);
  let quantised: Promise<BlockWeights> | undefined;
  const codes = graph.constant({
    ...{ name: `${name}.codes`, type: "u8", dims: [outputs, blocks, block] },
    read: async () => {
      quantised = weights().then((values) => blockWeights(values, { outputs, inputs, block }));
      return (await quantised).codes;
    },
  });
  const scales = graph.constant({
    ...{ name: `${name}.scales`, type: "f32", dims: [outputs, blocks] },
    // Written right behind the codes; then they are let go.
    read: async () => {
      const made = quantised ?? weights().then((values) => blockWeights(values, { outputs, inputs, block }));
      quantised = undefined;
      return bytesOf((await made).scales);
    },
  });
  return { codes, scales };
}
