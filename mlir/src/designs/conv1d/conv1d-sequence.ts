import { type RowMargin, ShapeError } from "@aiekit/core";
import type { DesignBuilder } from "../../builder/design-builder.ts";
import { type MemRefType, memref } from "../../ir/types.ts";
import type { DesignSequence } from "../../registry.ts";
import type { MatmulFabric, MatmulFabricSpec } from "../matmul/matmul-fabric.ts";
import {
  channelsOf,
  type MatmulHostBuffers,
  type MatmulSteps,
  matmulSteps,
  type ReachProblem,
  reachProblem,
  writeTransfers,
} from "../matmul/matmul-sequence.ts";
import { type Conv1dShape, productOf, taps } from "./conv1d-shapes.ts";

/**
 * One launch: the product of the rows of x, which overlap, and the weights.
 *
 *     buffer of x       row 0   zeros          position p is the product of rows p s .. p s + 2, side by side,
 *                       row 1   frame 0        and weights[3 * pitch, outputs]: tap after tap
 *                       ...
 *                       row F   frame F - 1    a row of the product begins s rows behind the one before and is
 *                       row F+1 zeros          three rows long: the shim DMA reads it so, nothing is copied
 */
export function conv1dSequence(
  d: DesignBuilder,
  fabric: MatmulFabric,
  spec: MatmulFabricSpec,
  shape: Conv1dShape,
): DesignSequence {
  const product = productOf(shape);
  const steps = matmulSteps(product, spec);
  const problem = reachProblem(product, spec);
  if (problem !== undefined) throw conv1dReachError(shape, problem);
  const buffers = bufferRows(shape, steps);
  const { input, output } = spec.type;
  const words = shape.bias ? channelsOf(product, spec) : undefined;
  const args: Record<string, MemRefType> = {
    x: memref([buffers.x, shape.pitch], input.type),
    weights: memref([steps.depth, steps.columns], input.b.type),
    ...(words && { channels: memref([words.sentRows, (steps.columns * 4) / input.b.bytes], input.b.type) }),
    ...(shape.residual && { residual: memref([steps.rows, steps.columns], output.type) }),
    y: memref([buffers.y, steps.columns], output.type),
  };
  d.sequence({ name: shape.name, args }, (s, host) => {
    const { x, weights, channels, residual, y } = host as Record<string, MatmulHostBuffers["a"]>;
    writeTransfers(
      s,
      { a: x!, b: weights!, channels, residual, c: y! },
      {
        fabric,
        spec,
        shape: product,
        steps,
        channels: words,
        cFirstRow: shape.margin ? 1 : 0,
      },
    );
  });
  return { name: shape.name, units: 1, args: argSpecs(shape, steps, { ...buffers, channels: words?.rows }) };
}

/** Rows of the host's buffers: x is read as far as the last of whole tiles of positions reaches. */
function bufferRows({ frames, stride, margin }: Conv1dShape, steps: MatmulSteps): { readonly x: number; y: number } {
  const x = Math.max(frames + 2, (steps.rows - 1) * stride + taps);
  return { x, y: steps.rows + (margin ? 2 : 0) };
}

function argSpecs(
  shape: Conv1dShape,
  steps: MatmulSteps,
  buffers: { readonly x: number; readonly y: number; readonly channels: number | undefined },
): DesignSequence["args"] {
  const { frames, inputs, outputs, stride, positions, pitch } = shape;
  const bf16 = (name: string, arg: { shape: readonly number[]; padded: readonly number[]; margin?: RowMargin }) => ({
    name,
    direction: name === "y" ? ("out" as const) : ("in" as const),
    dtype: "bf16" as const,
    ...arg,
  });
  // The last position reads past the last frame where the stride ends on it: always, or where the frames are odd.
  const after = (positions - 1) * stride + taps - 1 - frames;
  // Rows of whole tiles behind the last position are written; where there are none, the row of zeros is still there.
  const kept = steps.rows === positions ? 1 : 0;
  const result = { shape: [positions, outputs], padded: [buffers.y, steps.columns] };
  return [
    bf16("x", { shape: [frames, inputs], padded: [buffers.x, pitch], margin: { before: 1, after } }),
    {
      ...bf16("weights", { shape: [taps, inputs, outputs], padded: [taps, pitch, steps.columns] }),
      meaning: "[tap, input, output]",
    },
    ...(buffers.channels !== undefined
      ? [
          {
            name: "channels",
            direction: "in" as const,
            dtype: "i32" as const,
            shape: [buffers.channels, outputs],
            padded: [buffers.channels, steps.columns],
            meaning: "rows: bits of bias as f32, 0, 0, 0",
          },
        ]
      : []),
    ...(shape.residual ? [bf16("residual", { shape: [positions, outputs], padded: [steps.rows, steps.columns] })] : []),
    bf16("y", { ...result, ...(shape.margin && { margin: { before: 1, after: kept } }) }),
  ];
}

/** A product's size that is too large, as the convolution's: a row of the product begins `stride` frames behind the one before. */
export function conv1dReachError(
  shape: Pick<Conv1dShape, "name" | "inputs" | "outputs" | "stride">,
  { what, most, why }: ReachProblem,
): ShapeError {
  const [size, limit] = what === "K" ? (["inputs", most / shape.stride] as const) : (["outputs", most] as const);
  return new ShapeError(`conv1d ${shape.name}: ${shape[size]} ${size}: expected at most ${Math.floor(limit)}, ${why}`, {
    hint: what === "K" ? "split the inputs and add the parts" : "split the outputs and join the parts",
  });
}
