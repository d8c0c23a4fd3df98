import { UsageError } from "@aiekit/core";
import { DesignBuilder } from "../builder/design-builder.ts";
import type { Design, DesignOptions, KernelEntry } from "../registry.ts";
import { type MatmulCores, type MatmulFabricSpec, matmulFabric } from "./matmul/matmul-fabric.ts";
import { matmulSequence } from "./matmul/matmul-sequence.ts";
import { parseMatmulShapes } from "./matmul/matmul-shapes.ts";
import { type MatmulTypeName, matmulTypeNames, matmulTypes } from "./matmul/matmul-types.ts";

/** C = epilogue(A B) on one core, a column of four, or the whole array; one runtime sequence for each shape. */
export function matmulDesign({ device, params }: DesignOptions): Design {
  const d = new DesignBuilder(device);
  const typeName = String(params.dtype) as MatmulTypeName;
  if (!matmulTypeNames.includes(typeName)) {
    throw new UsageError(`matmul: dtype ${params.dtype}: expected one of ${matmulTypeNames.join(", ")}`);
  }
  const type = matmulTypes[typeName];
  const { generation } = d.device;
  const cores: MatmulCores = {
    tile: { columns: 1, rows: 1 },
    column: { columns: 1, rows: 4 },
    whole: { columns: d.device.columns, rows: 4 },
  }[String(params.array)] ?? { columns: 1, rows: 1 };
  const tile = { m: 64, k: type.output.bytes === 4 ? 64 : 128, n: 64 };
  const spec: MatmulFabricSpec = { type, tile, cores, generation };
  const fabric = matmulFabric(d, spec);
  const sequences = parseMatmulShapes(String(params.shapes)).map((shape) => matmulSequence(d, fabric, spec, shape));
  const defines = { MATMUL_M: tile.m, MATMUL_K: tile.k, MATMUL_N: tile.n, MATMUL_OUT: type.output.cName };
  return {
    module: d.build(),
    sequences,
    sources: [{ object: "matmul.o", file: `matmul/matmul_${type.input.name}.cc`, defines }],
  };
}

export const matmulEntry: KernelEntry = {
  name: "matmul",
  about: "C = epilogue(A B) for int8 operands",
  params: [
    { name: "dtype", default: "i8_i8", choices: matmulTypeNames, about: "types of the operands and of the result" },
    { name: "array", default: "whole", choices: ["tile", "column", "whole"], about: "one core, a column of four, all" },
    { name: "shapes", default: "256x256x256", about: "MxKxN of each sequence, joined by dots; endings: _bias" },
  ],
  device: "npu1",
  design: matmulDesign,
};
