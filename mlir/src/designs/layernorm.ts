import { ShapeError, UsageError } from "@aiekit/core";
import { DesignBuilder } from "../builder/design-builder.ts";
import { bf16, i32, index, memref } from "../ir/types.ts";
import type { Design, DesignOptions, KernelEntry } from "../registry.ts";
import { expectInput } from "./array-shape.ts";
import { columnLanes, transferShares, waitForAll } from "./column-lanes.ts";
import { rowBlocks, rowParams } from "./row-blocks.ts";

/** Two objects in, two out, gamma and beta, stack: 52 KiB. */
const mostCols = 4096;

/** One number, and as many behind it as keep the buffers of the tile aligned to 32 bytes. */
const parameterBlock = memref([8], i32);

export const layernormKernel: KernelEntry = {
  name: "layernorm",
  about: "(x - mean) / sqrt(variance + epsilon) * gamma + beta over the rows of bfloat16[rows, cols]",
  inputs: ["x", "gamma", "beta"],
  params: [
    rowParams.rows,
    rowParams.cols(384),
    { name: "epsilon", default: "1e_5", about: "added to the variance, with _ for -: 1e_5" },
    rowParams.columns,
    rowParams.tiles,
  ],
  device: "npu1",
  fit: ({ x, gamma, beta }) => {
    const [rows, cols] = expectInput("layernorm", "x", x, { dtypes: ["bf16"], dimensions: 2 });
    for (const [name, input] of Object.entries({ gamma, beta })) {
      const [size] = expectInput("layernorm", name, input, { dtypes: ["bf16"], dimensions: 1 });
      if (size !== cols)
        throw new ShapeError(`layernorm: input ${name}: expected [${cols}] as the rows of x, got [${size}]`);
    }
    return { rows: String(rows), cols: cols! };
  },
  design: layernormDesign,
};

/**
 * bf16[rows, cols] to the same. Gamma and beta come once a launch and stay while the rows pass, so a core has to know how
 * many objects a launch has: each sequence writes it and opens the core's lock.
 */
function layernormDesign(options: DesignOptions): Design {
  const {
    columns: columnCount,
    tiles,
    rows,
    cols,
    pitch,
    rowsPerObject,
    paddedRows,
  } = rowBlocks("layernorm", options, mostCols);
  const d = new DesignBuilder(options.device);
  const element = memref([rowsPerObject * pitch], bf16);
  const factors = memref([pitch], bf16);
  const layernorm = d.kernel("layernorm_rows_bf16", [element, factors, factors, element, i32, i32, i32, i32, i32], {
    object: "layernorm.o",
  });

  const columns = columnLanes(d, {
    columns: columnCount,
    tiles,
    inputs: [{ name: "x", element }],
    output: { name: "y", element },
  });
  const scalars = [rowsPerObject, pitch, cols, floatBits(1 / cols), floatBits(parseEpsilon(options.params.epsilon))];
  const programs = columns.map(({ shim, lanes }) => {
    const gammaBeta = d.objectFifo({
      name: `gamma_beta_${shim.col}`,
      producer: shim,
      consumers: lanes.map(({ tile }) => tile),
      depth: 2,
      element: factors,
    });
    const tilesOfColumn = lanes.map(({ tile, inputs, output }) => {
      const place = `${tile.col}_${tile.row}`;
      const count = d.buffer({ tile, name: `objects_${place}`, type: parameterBlock, initialValues: 0 });
      const start = d.lock({ tile, name: `start_${place}`, init: 0 });
      d.core(tile, { stackBytes: 4096, choosesObjectsAtRunTime: true }, (core) => {
        core.forever(() => {
          core.useLock(start, "AcquireGreaterEqual");
          const objects = core.load(count.value, [core.constant(0, index)]);
          const [gamma, beta] = core.acquireMany(gammaBeta, "Consume", 2);
          core.repeatTimes(objects, () => {
            const from = core.acquire(inputs[0]!, "Consume");
            const to = core.acquire(output, "Produce");
            core.call(layernorm, [from, gamma!, beta!, to, ...scalars.map((n) => core.constant(n, i32))]);
            core.release(inputs[0]!, "Consume");
            core.release(output, "Produce");
          });
          core.release(gammaBeta, "Consume", 2);
        });
      });
      return { count, start };
    });
    return { gammaBeta, tiles: tilesOfColumn };
  });

  rows.forEach((count, i) => {
    const elements = paddedRows[i]! * pitch;
    const buffer = memref([elements], bf16);
    d.sequence({ name: `rows_${count}`, args: { x: buffer, gamma: factors, beta: factors, y: buffer } }, (s, host) => {
      for (const { count, start } of programs.flatMap((program) => program.tiles)) {
        s.writeParameter(count, 0, paddedRows[i]! / (columnCount * tiles * rowsPerObject));
        s.setLock(start, 1);
      }
      for (const { gammaBeta } of programs) {
        s.transfer({ fifo: gammaBeta, buffer: host.gamma, id: 2 });
        s.transfer({ fifo: gammaBeta, buffer: host.beta, id: 3 });
      }
      transferShares(s, columns, { buffer: host.x, elements, fifo: (c) => c.inputs[0]!, id: 0 });
      transferShares(s, columns, { buffer: host.y, elements, fifo: (c) => c.output, id: 1 });
      waitForAll(s, columns);
    });
  });
  return {
    module: d.build(),
    sequences: rows.map((count, i) => {
      const array = { dtype: "bf16", shape: [count, cols], padded: [paddedRows[i]!, pitch] } as const;
      const factor = { dtype: "bf16", shape: [cols], padded: [pitch] } as const;
      return {
        name: `rows_${count}`,
        units: 1,
        args: [
          { name: "x", direction: "in", ...array },
          { name: "gamma", direction: "in", ...factor },
          { name: "beta", direction: "in", ...factor },
          { name: "y", direction: "out", ...array },
        ],
      };
    }),
    sources: [{ object: "layernorm.o", file: "layernorm/layernorm.cc" }],
  };
}

const floatBits = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0]!;

/** Text of parameters has no minus sign. */
function parseEpsilon(text: number | string | undefined): number {
  const epsilon = Number(String(text).replace("_", "-"));
  if (epsilon > 0 && Number.isFinite(epsilon)) return epsilon;
  throw new UsageError(`layernorm: parameter epsilon: expected a number above 0 such as 1e_5, got ${text}`);
}
