import { ShapeError } from "@aiekit/core";
import { DesignBuilder } from "../builder/design-builder.ts";
import type { Design, DesignOptions, InputShape, KernelEntry } from "../registry.ts";
import { attentionFabric } from "./attention/attention-fabric.ts";
import { attentionSequence } from "./attention/attention-sequence.ts";
import { checkAttentionWidth, parseAttentionShapes } from "./attention/attention-shapes.ts";

/** softmax(Q K^T / sqrt(width)) V on the whole array, scores never leave a core; one runtime sequence for each shape. */
function attentionDesign({ device, params }: DesignOptions): Design {
  const d = new DesignBuilder(device);
  const width = Number(params.width);
  checkAttentionWidth(width);
  const columns = attentionFabric(d, width);
  const shapes = parseAttentionShapes(String(params.shapes));
  const sequences = shapes.map((shape) => attentionSequence(d, columns, shape, width));
  return {
    module: d.build(),
    sequences,
    sources: [{ object: "attention.o", file: "attention/attention.cc", defines: { ATTENTION_WIDTH: width } }],
  };
}

/** The shape that `q` and `kv` ask for. @throws ShapeError when their columns are not heads of the width. */
function fitAttention(
  inputs: Readonly<Record<string, InputShape>>,
  params: DesignOptions["params"],
): DesignOptions["params"] {
  if (params.shapes !== undefined) return {};
  const width = Number(params.width ?? defaultWidth);
  checkAttentionWidth(width);
  const [queries = 0, columns = 0] = inputs.q?.shape ?? [];
  const [keys = 0, pairs = 0] = inputs.kv?.shape ?? [];
  for (const [name, input] of Object.entries(inputs)) {
    if (input.shape.length !== 2) {
      throw new ShapeError(`attention: ${name}: expected [rows, columns], got [${input.shape}]`);
    }
  }
  if (columns === 0 || columns % width !== 0 || pairs !== 2 * columns) {
    throw new ShapeError(
      `attention: expected q [queries, heads * ${width}] and kv [keys, 2 * heads * ${width}], got [${queries}, ${columns}] and [${keys}, ${pairs}]`,
      {
        hint: "kv has the keys of all heads, then their values, in each row; --param width=... is the width of a head",
      },
    );
  }
  return { shapes: `${columns / width}x${queries}x${keys}` };
}

const defaultWidth = 64;

export const attentionEntry: KernelEntry = {
  name: "attention",
  about: "softmax(Q K^T / sqrt(width)) V, bfloat16, heads and blocks of queries over the whole array",
  params: [
    { name: "width", default: defaultWidth, about: "columns of a head: a multiple of 8 from 8 to 64" },
    {
      name: "shapes",
      default: "6x1500x1500",
      about: "HEADSxQUERIESxKEYS of each sequence, joined by dots; endings: _causal _qkv _cache",
    },
  ],
  device: "npu1",
  design: attentionDesign,
  inputs: ["q", "kv"],
  fit: fitAttention,
};
