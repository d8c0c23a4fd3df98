import { ShapeError, UsageError } from "@aiekit/core";
import { DesignBuilder } from "../builder/design-builder.ts";
import type { Design, DesignOptions, InputShape, KernelEntry } from "../registry.ts";
import { columnsOf, expectInput } from "./array-shape.ts";
import { type GemvFabricSpec, gemvFabric } from "./gemv/gemv-fabric.ts";
import { mostRows, planGemv } from "./gemv/gemv-plan.ts";
import { gemvSequence } from "./gemv/gemv-sequence.ts";
import { gemvTypeName, gemvTypeNames, gemvTypes } from "./gemv/gemv-types.ts";
import { parseMatmulShapes } from "./matmul/matmul-shapes.ts";

/** y = epilogue(x w^T) for few rows of x: weights are streamed once, by all channels; one runtime sequence for each shape. */
export function gemvDesign({ device, params }: DesignOptions): Design {
  const type = gemvTypes[gemvTypeName(params.dtype)];
  const columns = columnsOf(device, params);
  const shapes = parseMatmulShapes(String(params.shapes), "gemv");
  const plan = planGemv({ type, channels: 2 * columns, shapes, whole: params.tile === "whole" });
  const spec: GemvFabricSpec = { type, plan, columns };
  const d = new DesignBuilder(device);
  const fabric = gemvFabric(d, spec);
  const sequences = shapes.map((_, position) => gemvSequence(d, fabric, { spec, position }));
  const defines = {
    GEMV_M: plan.m,
    GEMV_KC: plan.kc,
    GEMV_O: plan.o,
    GEMV_WEIGHT: type.weights.cName,
    GEMV_OUT: type.output.cName,
  };
  return { module: d.build(), sequences, sources: [{ object: "gemv.o", file: "gemv/gemv.cc", defines }] };
}

export const gemvEntry: KernelEntry = {
  name: "gemv",
  about: `y = epilogue(x w^T), x of 1 to ${mostRows} rows: int8 or bfloat16 weights [N, K] streamed once; bias, scales, GELU, residual`,
  params: [
    { name: "dtype", default: "i8_bf16", choices: gemvTypeNames, about: "types of the weights and of the result" },
    {
      name: "shapes",
      default: "1x384x384",
      about: "MxKxN of each sequence, joined by dots, M the same; endings _bias (bf16; i8 has it), _gelu, _residual",
    },
    {
      name: "tile",
      default: "auto",
      choices: ["auto", "whole"],
      about: "auto: the fewest modelled cycles; whole: of those without padded columns",
    },
    { name: "columns", default: 8, min: 1, max: 8, about: "columns of the array at most" },
  ],
  device: "npu1",
  design: gemvDesign,
  inputs: ["x", "w"],
  optionalInputs: ["channels", "residual"],
  fit: fitGemv,
};

/** Sizes and types from the arrays. `channels` may be left out for bfloat16 weights, `residual` always. */
function fitGemv(
  inputs: Readonly<Record<string, InputShape>>,
  params: DesignOptions["params"],
): DesignOptions["params"] {
  const [m = 0, k] = expectInput("gemv", "x", inputs.x, { dtypes: ["bf16"], dimensions: 2 });
  const [n, depth] = expectInput("gemv", "w", inputs.w, { dtypes: ["i8", "bf16"], dimensions: 2 });
  const { channels, residual } = inputs;
  if (depth !== k) {
    throw new ShapeError(`gemv: x is [${m}, ${k}], w [${n}, ${depth}]: expected w[N, ${k}]`, {
      hint:
        n === k
          ? "w has a row for each output, as a layer's weights in a checkpoint: transpose this one"
          : "x and w end in the same K",
    });
  }
  if (m > mostRows) {
    throw new ShapeError(`gemv: x has ${m} rows: expected 1 to ${mostRows}`, {
      hint: `use matmul, or ${mostRows} rows at a time`,
    });
  }
  const weights = inputs.w?.dtype === "i8" ? "i8" : "bf16";
  const dtype = gemvTypeName(params.dtype ?? `${weights}_bf16`);
  const type = gemvTypes[dtype];
  if (type.weights.name !== weights) {
    throw new ShapeError(`gemv: dtype ${dtype} takes ${type.weights.dtype} weights, w is ${inputs.w?.dtype}`, {
      hint: `--param dtype=${weights}_${type.output.dtype}`,
    });
  }
  if (weights === "i8" && channels === undefined) {
    throw new UsageError(`gemv: int8 weights need channels, f32[2, ${n}]: rows of bias and scale`);
  }
  const bias = channels !== undefined && weights === "bf16";
  return { dtype, shapes: `${m}x${k}x${n}${bias ? "_bias" : ""}${residual ? "_residual" : ""}` };
}
