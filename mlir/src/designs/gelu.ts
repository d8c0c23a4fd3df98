import { DesignBuilder } from "../builder/design-builder.ts";
import { bf16, i32, memref } from "../ir/types.ts";
import type { Design, DesignOptions, KernelEntry } from "../registry.ts";
import { columnsOf, expectInput, numberParam, parseShape, shapeText } from "./array-shape.ts";
import { columnLanes, transferShares, waitForAll } from "./column-lanes.ts";
import { elementwiseShape } from "./elementwise-shape.ts";

export const geluKernel: KernelEntry = {
  name: "gelu",
  about: "x Phi(x), the exact GELU, of bfloat16 of any shape",
  inputs: ["x"],
  params: [
    { name: "shape", default: "1500x1536", about: "shape of x" },
    { name: "columns", default: 8, min: 1, max: 8, about: "columns of the array at most" },
    { name: "tiles", default: 4, min: 1, max: 4, about: "compute tiles a column" },
  ],
  device: "npu1",
  fit: ({ x }) => ({ shape: shapeText(expectInput("gelu", "x", x, { dtypes: ["bf16"] })) }),
  design: geluDesign,
};

/** bf16 of a shape to the same: each column has a part of it, its tiles take objects in turn. */
function geluDesign({ device, params }: DesignOptions): Design {
  const [columnCount, tiles] = [columnsOf(device, params), numberParam(params, "tiles")];
  const { shape, padded, elements, object } = elementwiseShape(
    "gelu",
    parseShape("gelu", "shape", params.shape),
    columnCount * tiles,
  );
  const d = new DesignBuilder(device);
  const element = memref([object], bf16);
  const gelu = d.kernel("gelu_bf16", [element, element, i32], { object: "gelu.o" });

  const columns = columnLanes(d, {
    columns: columnCount,
    tiles,
    inputs: [{ name: "x", element }],
    output: { name: "y", element },
  });
  for (const { tile, inputs, output } of columns.flatMap((column) => column.lanes)) {
    d.core(tile, { stackBytes: 4096 }, (core) => {
      core.forever(() => {
        const from = core.acquire(inputs[0]!, "Consume");
        const to = core.acquire(output, "Produce");
        core.call(gelu, [from, to, core.constant(object, i32)]);
        core.release(inputs[0]!, "Consume");
        core.release(output, "Produce");
      });
    });
  }

  const buffer = memref([elements], bf16);
  d.sequence({ name: "run", args: { x: buffer, y: buffer } }, (s, host) => {
    transferShares(s, columns, { buffer: host.x, elements, fifo: (c) => c.inputs[0]!, id: 0 });
    transferShares(s, columns, { buffer: host.y, elements, fifo: (c) => c.output, id: 1 });
    waitForAll(s, columns);
  });
  const array = { dtype: "bf16", shape, padded } as const;
  return {
    module: d.build(),
    sequences: [
      {
        name: "run",
        units: 1,
        args: [
          { name: "x", direction: "in", ...array },
          { name: "y", direction: "out", ...array },
        ],
      },
    ],
    sources: [{ object: "gelu.o", file: "gelu/gelu.cc" }],
  };
}
