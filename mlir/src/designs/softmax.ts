import { DesignBuilder } from "../builder/design-builder.ts";
import { bf16, f32, i32, memref } from "../ir/types.ts";
import type { Design, DesignOptions, KernelEntry } from "../registry.ts";
import { expectInput } from "./array-shape.ts";
import { columnLanes, transferShares, waitForAll } from "./column-lanes.ts";
import { rowBlocks, rowParams } from "./row-blocks.ts";

/** Two objects in, two out, the exponentials of a row in float, stack: 60 KiB. */
const mostCols = 4096;

export const softmaxKernel: KernelEntry = {
  name: "softmax",
  about: "softmax over the rows of bfloat16[rows, cols]",
  inputs: ["x"],
  params: [rowParams.rows, rowParams.cols(1500), rowParams.columns, rowParams.tiles],
  device: "npu1",
  fit: ({ x }) => {
    const [rows, cols] = expectInput("softmax", "x", x, { dtypes: ["bf16"], dimensions: 2 });
    return { rows: String(rows), cols: cols! };
  },
  design: softmaxDesign,
};

/** bf16[rows, cols] to the same: a row stays on one tile. */
function softmaxDesign(options: DesignOptions): Design {
  const {
    columns: columnCount,
    tiles,
    rows,
    cols,
    pitch,
    rowsPerObject,
    paddedRows,
  } = rowBlocks("softmax", options, mostCols);
  const d = new DesignBuilder(options.device);
  const element = memref([rowsPerObject * pitch], bf16);
  const scratchType = memref([pitch], f32);
  const softmax = d.kernel("softmax_rows_bf16", [element, element, scratchType, i32, i32, i32], {
    object: "softmax.o",
  });

  const columns = columnLanes(d, {
    columns: columnCount,
    tiles,
    inputs: [{ name: "x", element }],
    output: { name: "y", element },
  });
  for (const { tile, inputs, output } of columns.flatMap((column) => column.lanes)) {
    const scratch = d.buffer({ tile, name: `scratch_${tile.col}_${tile.row}`, type: scratchType });
    d.core(tile, { stackBytes: 4096 }, (core) => {
      core.forever(() => {
        const from = core.acquire(inputs[0]!, "Consume");
        const to = core.acquire(output, "Produce");
        const sizes = [rowsPerObject, pitch, cols].map((n) => core.constant(n, i32));
        core.call(softmax, [from, to, scratch.value, ...sizes]);
        core.release(inputs[0]!, "Consume");
        core.release(output, "Produce");
      });
    });
  }

  rows.forEach((count, i) => {
    const elements = paddedRows[i]! * pitch;
    const buffer = memref([elements], bf16);
    d.sequence({ name: `rows_${count}`, args: { x: buffer, y: buffer } }, (s, host) => {
      transferShares(s, columns, { buffer: host.x, elements, fifo: (c) => c.inputs[0]!, id: 0 });
      transferShares(s, columns, { buffer: host.y, elements, fifo: (c) => c.output, id: 1 });
      waitForAll(s, columns);
    });
  });
  return {
    module: d.build(),
    sequences: rows.map((count, i) => {
      const array = { dtype: "bf16", shape: [count, cols], padded: [paddedRows[i]!, pitch] } as const;
      return {
        name: `rows_${count}`,
        units: 1,
        args: [
          { name: "x", direction: "in", ...array },
          { name: "y", direction: "out", ...array },
        ],
      };
    }),
    sources: [{ object: "softmax.o", file: "softmax/softmax.cc" }],
  };
}
