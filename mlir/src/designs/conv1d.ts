import { ShapeError, UsageError } from "@aiekit/core";
import { DesignBuilder } from "../builder/design-builder.ts";
import type { Design, DesignOptions, KernelEntry } from "../registry.ts";
import { expectInput } from "./array-shape.ts";
import { conv1dReachError, conv1dSequence } from "./conv1d/conv1d-sequence.ts";
import { type Conv1dShape, parseConv1dShapes, productOf, taps } from "./conv1d/conv1d-shapes.ts";
import { type MatmulFabricSpec, matmulFabric } from "./matmul/matmul-fabric.ts";
import { type MatmulPlan, type MatmulPlanRequest, planMatmul, planTile } from "./matmul/matmul-plan.ts";
import { parseMatmulTile } from "./matmul/matmul-shapes.ts";
import { activatesFirst, matmulTypes, mostChannelRows } from "./matmul/matmul-types.ts";
import { coresOf, estimateOf, matmulSource } from "./matmul.ts";

/** Convolutions of three taps on the cores of matmul: what differs is how the host's buffers are read and written. */
export function conv1dDesign({ device, params }: DesignOptions): Design {
  const d = new DesignBuilder(device);
  const shapes = parseConv1dShapes(String(params.shapes));
  const type = matmulTypes.bf16_bf16;
  const cores = coresOf(d.device, String(params.array));
  const products = shapes.map(productOf);
  const request: MatmulPlanRequest = {
    ...{ device: d.device, type, cores, shapes: products },
    reachError: (problem) => conv1dReachError(shapes[products.indexOf(problem.shape)]!, problem),
  };
  const plan = planOf(String(params.tile ?? "auto"), shapes, request);
  const { tile, stationary } = plan;
  const residual = shapes.some((shape) => shape.residual);
  const spec: MatmulFabricSpec = {
    type,
    tile,
    stationary,
    cores,
    generation: d.device.generation,
    residual,
    activates: activatesFirst(type, products),
    channelRows: mostChannelRows(type.input, products),
  };
  const fabric = matmulFabric(d, spec);
  const sequences = shapes.map((shape, i) => ({
    ...conv1dSequence(d, fabric, spec, shape),
    estimate: estimateOf(plan, i),
  }));
  return { module: d.build(), sequences, sources: [matmulSource(spec)] };
}

function planOf(wanted: string, shapes: readonly Conv1dShape[], request: MatmulPlanRequest): MatmulPlan {
  const depths = depthsOf(shapes);
  if (wanted === "auto") {
    // Columns that whole tiles can fill are filled: then the result lies as the next kernel reads it.
    const columns = leastTileColumns * request.cores.columns;
    const wholeColumns = shapes.every(({ outputs }) => outputs % columns === 0);
    return planMatmul({ ...request, depths, wholeColumns });
  }
  const tile = parseMatmulTile(wanted);
  const overreaching = shapes.find(({ pitch }) => (taps * pitch) % tile.k !== 0);
  if (overreaching === undefined) return planTile(request, tile);
  throw new UsageError(
    `conv1d: tile ${wanted}: expected k that divides ${taps * overreaching.pitch}, the products of ${overreaching.name}`,
    { hint: `k of ${depths.join(", ")}` },
  );
}

/** Columns that a core holds at least, of bfloat16. Source: kernels/matmul/mmul_tile.h. */
const leastTileColumns = 16;
const depthStep = 8;
const deepest = 256;

/** Depths of a step that divide the products of every shape: a step must not read past its row, where the next frames are. */
function depthsOf(shapes: readonly Conv1dShape[]): readonly number[] {
  return Array.from({ length: deepest / depthStep }, (_, i) => (i + 1) * depthStep).filter((depth) =>
    shapes.every(({ pitch }) => (taps * pitch) % depth === 0),
  );
}

export const conv1dEntry: KernelEntry = {
  name: "conv1d",
  about: "convolution of bfloat16[frames, inputs], 3 taps, stride 1 or 2, zeros around; bias, GELU, residual",
  params: [
    {
      name: "shapes",
      default: "3000x80x384_bias_gelu_margin.3000x384x384_s2_bias_gelu_residual",
      about: "FRAMESxINPUTSxOUTPUTS of each sequence, joined by dots; endings _s2, _bias, _gelu, _residual, _margin",
    },
    { name: "array", default: "whole", choices: ["tile", "column", "whole"], about: "one core, a column of four, all" },
    { name: "tile", default: "auto", about: "mxkxn of one step of a core; auto: the fewest modelled cycles" },
  ],
  device: "npu1",
  design: conv1dDesign,
  inputs: ["x", "weights"],
  optionalInputs: ["channels", "residual"],
  fit: ({ x, weights, channels, residual }) => {
    const [frames, inputs] = expectInput("conv1d", "x", x, { dtypes: ["bf16"], dimensions: 2 }) as [number, number];
    const [tapCount, depth, outputs] = expectInput("conv1d", "weights", weights, { dtypes: ["bf16"], dimensions: 3 });
    if (tapCount !== taps || depth !== inputs) {
      throw new ShapeError(
        `conv1d: weights are [${weights?.shape}], x has ${inputs} columns: expected [${taps}, ${inputs}, outputs]`,
        { hint: "weights of [outputs, inputs, taps] have their axes turned round: numpy.transpose(w, (2, 1, 0))" },
      );
    }
    return { shapes: shapeText({ frames, inputs, outputs: outputs!, channels, residual }) };
  },
};

/** The stride is 2 where the residual has half of the frames' rows. */
function shapeText(given: {
  readonly frames: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly channels: unknown;
  readonly residual: { readonly shape: readonly number[] } | undefined;
}): string {
  const { frames, inputs, outputs, channels, residual } = given;
  const halved = residual !== undefined && residual.shape[0] !== frames;
  const endings = [halved && "s2", channels !== undefined && "bias", residual !== undefined && "residual"];
  return [`${frames}x${inputs}x${outputs}`, ...endings.filter((ending) => ending !== false)].join("_");
}
