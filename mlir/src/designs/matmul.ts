import { type LaunchEstimate, ShapeError, UsageError } from "@aiekit/core";
import { DesignBuilder } from "../builder/design-builder.ts";
import { type DeviceModel, deviceModel } from "../device-model/device-model.ts";
import type { Design, DesignOptions, InputShape, KernelEntry, KernelSource } from "../registry.ts";
import {
  type MatmulCores,
  type MatmulFabricSpec,
  type MatmulStationary,
  matmulFabric,
} from "./matmul/matmul-fabric.ts";
import { type MatmulPlan, type MatmulPlanRequest, planMatmul, planTile } from "./matmul/matmul-plan.ts";
import { matmulSequence } from "./matmul/matmul-sequence.ts";
import { parseMatmulShapes, parseMatmulTile } from "./matmul/matmul-shapes.ts";
import {
  activatesFirst,
  channelRows,
  channelsMeaning,
  channelsType,
  type MatmulTypeName,
  matmulTypeNames,
  matmulTypes,
  mostChannelRows,
} from "./matmul/matmul-types.ts";

export type { MatmulPlan, MatmulShapePlan } from "./matmul/matmul-plan.ts";

/** How a build cuts its products, and what their launches cost by the model. @throws what `matmulDesign` throws for a wrong request. */
export function matmulPlan(options: DesignOptions): MatmulPlan {
  return planOf(readRequest(options), options.params.tile);
}

/** C = epilogue(A B) on one core, a column of four, or the whole array; one runtime sequence for each shape. */
export function matmulDesign(options: DesignOptions): Design {
  const d = new DesignBuilder(options.device);
  const request = readRequest(options);
  const { type, cores, shapes } = request;
  const plan = planOf(request, options.params.tile);
  const { tile, stationary } = plan;
  const residual = shapes.some((shape) => shape.residual);
  const spec: MatmulFabricSpec = {
    type,
    tile,
    stationary,
    cores,
    generation: d.device.generation,
    residual,
    activates: activatesFirst(type, shapes),
    channelRows: mostChannelRows(type.input, shapes),
  };
  const fabric = matmulFabric(d, spec);
  const sequences = shapes.map((shape, i) => ({
    ...matmulSequence(d, fabric, spec, shape),
    estimate: estimateOf(plan, i),
  }));
  return { module: d.build(), sequences, sources: [matmulSource(spec)] };
}

/** The kernels of the fabric, for its tile and types. */
export function matmulSource({ type, tile, residual, channelRows }: MatmulFabricSpec): KernelSource {
  const defines = {
    MATMUL_M: tile.m,
    MATMUL_K: tile.k,
    MATMUL_N: tile.n,
    MATMUL_OUT: type.output.cName,
    MATMUL_RESIDUAL: residual ? 1 : 0,
    ...(type.input.group !== undefined && { MATMUL_ROWS: channelRows }),
  };
  return { object: "matmul.o", file: `matmul/matmul_${type.input.name}.cc`, defines };
}

/** What the manifest says of a plan's shape. */
export function estimateOf({ stationary, tile: { m, k, n }, shapes }: MatmulPlan, index: number): LaunchEstimate {
  const { modelledCycles: cycles, bytesToArray, bytesFromArray } = shapes[index]!;
  const what = stationary === "weights" ? "weight-stationary" : "output-stationary";
  return { plan: `${what}, tile ${m}x${k}x${n}`, cycles, bytesToArray, bytesFromArray };
}

function readRequest({ device, params }: DesignOptions): MatmulPlanRequest {
  const model = deviceModel(device);
  return {
    device: model,
    type: matmulTypes[typeName(params.dtype)],
    cores: coresOf(model, String(params.array)),
    shapes: parseMatmulShapes(String(params.shapes)),
    stationary: stationaryOf(params.plan),
  };
}

function stationaryOf(plan: number | string = "auto"): MatmulStationary | undefined {
  if (plan === "auto") return undefined;
  if (plan === "outputs" || plan === "weights") return plan;
  throw new UsageError(`matmul: plan ${plan}: expected one of ${plans.join(", ")}`);
}

const plans = ["auto", "outputs", "weights"] as const;

function planOf(request: MatmulPlanRequest, tile: number | string = "auto"): MatmulPlan {
  if (tile === "auto" || tile === "whole") return planMatmul({ ...request, wholeColumns: tile === "whole" });
  return planTile(request, parseMatmulTile(String(tile)));
}

function typeName(dtype: unknown): MatmulTypeName {
  const found = matmulTypeNames.find((name) => name === dtype);
  if (found !== undefined) return found;
  throw new UsageError(`matmul: dtype ${dtype}: expected one of ${matmulTypeNames.join(", ")}`);
}

export function coresOf(device: DeviceModel, array: string): MatmulCores {
  const rows = device.rows - 1 - device.memtileRows;
  if (array === "tile") return { columns: 1, rows: 1 };
  return { columns: array === "column" ? 1 : device.columns, rows };
}

export const matmulEntry: KernelEntry = {
  name: "matmul",
  about: "C = epilogue(A B): int8, int16 or bfloat16 operands; bias, scales, GELU, residual; any sizes",
  params: [
    { name: "dtype", default: "i8_i8", choices: matmulTypeNames, about: "types of the operands and of the result" },
    { name: "array", default: "whole", choices: ["tile", "column", "whole"], about: "one core, a column of four, all" },
    {
      name: "shapes",
      default: "256x256x256",
      about: "MxKxN of each sequence, joined by dots; endings _bias, _gelu, _residual",
    },
    {
      name: "tile",
      default: "auto",
      about: "mxkxn of one step of a core; auto: the fewest modelled cycles; whole: of those without padded columns",
    },
    {
      name: "plan",
      default: "auto",
      choices: plans,
      about: "what stays in the cores: outputs, or weights, which then come once; auto: the fewest modelled cycles",
    },
  ],
  device: "npu1",
  design: matmulDesign,
  inputs: ["a", "b"],
  optionalInputs: ["channels", "residual"],
  fit: fitMatmul,
};

/** Sizes and types from the arrays. `channels` and `residual` may be left out where the type does without. */
function fitMatmul(
  inputs: Readonly<Record<string, InputShape>>,
  params: DesignOptions["params"],
): DesignOptions["params"] {
  const { a, b, channels, residual } = inputs;
  if (a === undefined || b === undefined) throw new UsageError("matmul: expected a[M, K] and b[K, N]");
  const [m, k] = matrix("a", a);
  const [depth, n] = matrix("b", b);
  if (depth !== k) throw new ShapeError(`matmul: a is [${m}, ${k}], b [${depth}, ${n}]: expected b of ${k} rows`);
  const pair = operandPair(a, b);
  const dtype = typeName(params.dtype ?? defaultType(pair, channels));
  const { input, requantised } = matmulTypes[dtype];
  if (pair !== `${input.dtype} x ${input.b.dtype}`) {
    throw new ShapeError(
      `matmul: dtype ${dtype} takes ${input.dtype} x ${input.b.dtype}, got ${a.dtype} x ${b.dtype}`,
      {
        hint: `dtypes for them: ${namesOf(pair).join(", ")}`,
      },
    );
  }
  if (requantised && channels === undefined) {
    const meaning = channelsMeaning(matmulTypes[dtype]);
    const type = `${channelsType(input)}[${channelRows(input, k)}, ${n}]`;
    throw new UsageError(`matmul: dtype ${dtype} needs channels, ${type}: ${meaning.replace(/^rows: /, "")}`);
  }
  const bias = channels !== undefined && !requantised;
  const shapes = `${m}x${k}x${n}${bias ? "_bias" : ""}${residual ? "_residual" : ""}`;
  return { dtype, shapes };
}

const pairs = ["i8 x i8", "i16 x i16", "i16 x i8", "bf16 x bf16", "bf16 x i8"] as const;
type Pair = (typeof pairs)[number];

const namesOf = (pair: Pair): readonly MatmulTypeName[] =>
  matmulTypeNames.filter((name) => `${matmulTypes[name].input.dtype} x ${matmulTypes[name].input.b.dtype}` === pair);

/** Numbers in float32 and float64 are rounded to bfloat16 on their way in. */
function operandPair(a: InputShape, b: InputShape): Pair {
  const element = ({ dtype }: InputShape) => (dtype === "f32" || dtype === "f64" ? "bf16" : dtype);
  const found = pairs.find((pair) => pair === `${element(a)} x ${element(b)}`);
  if (found !== undefined) return found;
  throw new ShapeError(
    `matmul: a is ${a.dtype}, b ${b.dtype}: expected ${pairs.join(", ")} or floats, rounded to bf16`,
    {
      hint: `nearest choice: ${nearestPair(element(a), element(b))}`,
    },
  );
}

/** The pair that holds the values of both operands, or most of them. */
function nearestPair(a: string, b: string): string {
  if ([a, b].includes("bf16")) return "bf16 x bf16: quantise both, or round both to bf16";
  if (a === "i8" && b === "i16") return "i16 x i16, a widened; or b^T a^T with weights in int8: i16 x i8";
  const beyond = [a, b].find((dtype) => ["u16", "i32", "u32", "i64", "u64"].includes(dtype));
  if (beyond === undefined) return "i16 x i16, which holds all values of u8";
  return `i16 x i16, for values of ${beyond} within -32768 ... 32767`;
}

/** Without channels the exact product; with rows of words one element as wide as a; with rows of floats groups. */
function defaultType(pair: Pair, channels: InputShape | undefined): MatmulTypeName {
  const isGrouped = channels !== undefined && ["f32", "f64"].includes(channels.dtype);
  switch (pair) {
    case "i8 x i8":
      return channels ? (isGrouped ? "i8g128_bf16" : "i8_i8") : "i8_i32";
    case "i16 x i16":
      return channels ? "i16_i16" : "i16_i64";
    case "i16 x i8":
      return channels ? (isGrouped ? "i16xi8g128_bf16" : "i16xi8_bf16") : "i16xi8_i32";
    case "bf16 x i8":
      return "bf16xi8_bf16";
    case "bf16 x bf16":
      return "bf16_bf16";
  }
}

function matrix(name: string, { shape }: InputShape): readonly [number, number] {
  const [rows, columns] = shape;
  if (shape.length === 2 && rows !== undefined && columns !== undefined && rows > 0 && columns > 0)
    return [rows, columns];
  throw new ShapeError(`matmul: ${name}: expected a matrix of at least 1 x 1, got [${shape.join(", ")}]`);
}
