import { ShapeError } from "@aiekit/core";
import { DesignBuilder } from "../builder/design-builder.ts";
import type { FifoHandle } from "../builder/handles.ts";
import { bf16, f32, i32, memref } from "../ir/types.ts";
import type { Design, DesignOptions, KernelEntry } from "../registry.ts";
import { columnsOf, expectInput, numberParam, parseCounts, roundUp } from "./array-shape.ts";

const mostEntries = 32;
/** The longest stride of a shim BD is 2^20 words; the rest is for padding. */
const mostLength = 2 ** 20 - 2 ** 15;
const blockElements = 128;
/** One dimension of a shim BD: 1,023 words. */
const mostObject = { f32: 896, bf16: 1920 } as const;
/** Tiles of a column: one for each channel of its shim tile. */
const tilesOfColumn = 2;

export const topkKernel: KernelEntry = {
  name: "topk",
  about: "the k largest of each row of float[rows, length] or bfloat16, and their indices; k = 1 is argmax",
  inputs: ["x"],
  params: [
    { name: "rows", default: "1", about: "numbers of rows, a sequence for each: 1.5" },
    { name: "length", default: 51865, min: 1, max: mostLength, about: "numbers of a row" },
    { name: "k", default: 5, min: 1, max: mostEntries, about: "how many" },
    { name: "dtype", default: "f32", choices: ["f32", "bf16"], about: "type of x" },
    { name: "columns", default: 8, min: 1, max: 8, about: "columns of the array at most" },
  ],
  device: "npu1",
  fit: ({ x }) => {
    const [rows, length] = expectInput("topk", "x", x, { dtypes: ["f32", "bf16"], dimensions: 2 });
    return { rows: String(rows), length: length!, dtype: x!.dtype === "bf16" ? "bf16" : "f32" };
  },
  design: topkDesign,
};

/**
 * f32[rows, length] or bf16 to values f32[rows, k] and indices i32[rows, k], largest first, the lower index first among equals.
 * Two tiles a column, each with a channel of the shim tile, scan a part of the row; their lists pass through the memory
 * that neighbours share, and the last tile sends what is left.
 *
 *     (0,3) -> (1,3)    (2,3) -> (3,3)
 *       ^        v        ^        v
 *     (0,2)    (1,2) -> (2,2)    (3,2) -> host
 */
export function topkDesign({ device, params }: DesignOptions): Design {
  const columns = columnsOf(device, params);
  const rows = parseCounts("topk", "rows", params.rows);
  const [length, k] = [numberParam(params, "length"), numberParam(params, "k")];
  const dtype = params.dtype === "bf16" ? "bf16" : "f32";
  if (k > length) {
    throw new ShapeError(`topk: k = ${k} of rows of ${length}: there are not so many`, { hint: `--param k=${length}` });
  }
  const parts = columns * tilesOfColumn;
  const { chunks, object } = objectsOfPart(Math.ceil(length / parts), mostObject[dtype]);
  const padded = parts * chunks * object;
  // A list has three parts, each of whole vectors.
  const entries = roundUp(k, 8);
  const d = new DesignBuilder(device);
  const numbers = dtype === "bf16" ? bf16 : f32;
  const element = memref([object], numbers);
  const list = memref([3 * entries], i32);
  const linked = { object: "topk.o" };
  const scan = d.kernel(`topk_scan_${dtype}`, [element, list, i32, i32, i32, i32, i32], linked);
  const copy = d.kernel("topk_copy", [list, list, i32], linked);
  const merge = d.kernel("topk_merge", [list, list, list, i32], linked);
  const finish = d.kernel("topk_finish", [list, memref([entries], f32), memref([entries], i32), i32], linked);

  const shims = Array.from({ length: columns }, (_, col) => d.tile(col, 0));
  // Up one column, down the next.
  const tiles = Array.from({ length: parts }, (_, i) => {
    const [col, step] = [Math.floor(i / tilesOfColumn), i % tilesOfColumn];
    return d.tile(col, col % 2 === 0 ? 2 + step : 3 - step, { allocationScheme: "basic-sequential" });
  });
  const inputs = tiles.map((tile, i) =>
    d.objectFifo({ name: `x_${i}`, producer: shims[tile.col]!, consumers: [tile], depth: 2, element }),
  );
  const passed = tiles
    .slice(1)
    .map((tile, i) =>
      d.objectFifo({ name: `best_${i}`, producer: tiles[i]!, consumers: [tile], depth: 2, element: list }),
    );
  const last = tiles.at(-1)!;
  const result = (name: string, type: typeof f32 | typeof i32): FifoHandle => {
    const consumers = [shims[last.col]!];
    return d.objectFifo({ name, producer: last, consumers, depth: 2, element: memref([entries], type) });
  };
  const results = [result("values", f32), result("indices", i32)] as const;

  tiles.forEach((tile, i) => {
    const found = d.buffer({ tile, name: `found_${i}`, type: list }).value;
    const merged = i === parts - 1 ? d.buffer({ tile, name: "merged", type: list }).value : undefined;
    const [before, after] = [passed[i - 1], passed[i]];
    d.core(tile, { stackBytes: 2048, choosesObjectsAtRunTime: true }, (core) => {
      const number = (value: number) => core.constant(value, i32);
      core.forever(() => {
        core.repeat(chunks, (index) => {
          const x = core.acquire(inputs[i]!, "Consume");
          const where = [number(i * chunks * object), core.cast(index, i32), number(length)];
          core.call(scan, [x, found, number(object), ...where, number(k)]);
          core.release(inputs[i]!, "Consume");
        });
        const to = merged ?? core.acquire(after!, "Produce");
        if (before === undefined) {
          core.call(copy, [found, to, number(k)]);
        } else {
          core.call(merge, [core.acquire(before, "Consume"), found, to, number(k)]);
          core.release(before, "Consume");
        }
        if (after !== undefined) {
          core.release(after, "Produce");
        } else {
          const [values, indices] = results.map((fifo) => core.acquire(fifo, "Produce"));
          core.call(finish, [to, values!, indices!, number(k)]);
          for (const fifo of results) core.release(fifo, "Produce");
        }
      });
    });
  });

  for (const count of rows) {
    const args = {
      x: memref([count * padded], numbers),
      values: memref([count * entries], f32),
      indices: memref([count * entries], i32),
    };
    d.sequence({ name: `rows_${count}`, args }, (s, host) => {
      inputs.forEach((fifo, i) => {
        s.transfer({
          fifo,
          buffer: host.x,
          id: i % tilesOfColumn,
          offset: i * chunks * object,
          // No limit on the size of this dimension: it has the rows.
          sizes: [1, count, chunks, object],
          strides: [0, count > 1 ? padded : 0, chunks > 1 ? object : 0, 1],
        });
      });
      s.transfer({ fifo: results[0], buffer: host.values, id: 2 });
      s.transfer({ fifo: results[1], buffer: host.indices, id: 3 });
      for (const fifo of results) s.wait(fifo);
    });
  }
  return {
    module: d.build(),
    sequences: rows.map((count) => {
      const best = { shape: [count, k], padded: [count, entries] };
      return {
        name: `rows_${count}`,
        units: 1,
        args: [
          { name: "x", direction: "in", dtype, shape: [count, length], padded: [count, padded] },
          { name: "values", direction: "out", dtype: "f32", ...best, meaning: "largest first" },
          { name: "indices", direction: "out", dtype: "i32", ...best, meaning: "positions in the row" },
        ],
      };
    }),
    sources: [{ object: "topk.o", file: "topk/topk.cc" }],
  };
}

/** Objects that a part's numbers fit with the least padding, large ones before small ones. */
function objectsOfPart(numbers: number, most: number): { readonly chunks: number; readonly object: number } {
  const fewest = Math.ceil(numbers / most);
  const choices = Array.from({ length: 2 * fewest + 1 }, (_, i) => {
    const chunks = fewest + i;
    return { chunks, object: roundUp(Math.ceil(numbers / chunks), blockElements) };
  });
  return choices.reduce((best, one) => (one.chunks * one.object < best.chunks * best.object ? one : best));
}
