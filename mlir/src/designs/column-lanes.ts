import { UsageError } from "@aiekit/core";
import type { DesignBuilder } from "../builder/design-builder.ts";
import type { FifoHandle, TileHandle } from "../builder/handles.ts";
import type { SequenceBuilder } from "../builder/sequence-builder.ts";
import type { Value } from "../ir/operation.ts";
import { type MemRefType, memref, memrefElements } from "../ir/types.ts";

/** One compute tile with the ends of its fifos. */
interface Lane {
  readonly tile: TileHandle;
  readonly inputs: readonly FifoHandle[];
  readonly output: FifoHandle;
}

/** A column of the array: what its shim tile sends and receives, and the tiles that share it. */
interface LaneColumn {
  readonly shim: TileHandle;
  readonly inputs: readonly FifoHandle[];
  readonly output: FifoHandle;
  readonly lanes: readonly Lane[];
}

interface LaneOptions {
  readonly columns: number;
  /** Compute tiles a column, 1..4. */
  readonly tiles: number;
  /** What a tile works on at a time, for each of its inputs; the shim tile sends one such object for each tile in turn. */
  readonly inputs: readonly { readonly name: string; readonly element: MemRefType }[];
  readonly output: { readonly name: string; readonly element: MemRefType };
}

/**
 * Columns that work side by side, each on a part of its own: shim, memtile, up to four compute tiles. The memtile cuts what
 * comes into one object a tile and puts the results together in the same order, so the host's arrays stay as they are.
 *
 *     host   column 0: objects 0 1 2 3 | 4 5 6 7 | ...     column 1: ...
 *                      tile    0 1 2 3 | 0 1 2 3 | ...
 */
export function columnLanes(d: DesignBuilder, options: LaneOptions): readonly LaneColumn[] {
  const { columns, tiles } = options;
  if (columns > d.device.columns) {
    throw new UsageError(`${columns} columns: ${d.device.name} has ${d.device.columns}`, {
      hint: `--param columns=${d.device.columns}, or a device with more`,
    });
  }
  return Array.from({ length: columns }, (_, col) => laneColumn(d, col, tiles, options));
}

function laneColumn(d: DesignBuilder, col: number, count: number, { inputs, output }: LaneOptions): LaneColumn {
  const shim = d.tile(col, 0);
  const tiles = Array.from({ length: count }, (_, i) => d.tile(col, 2 + i, { allocationScheme: "basic-sequential" }));
  if (count === 1) {
    const tile = tiles[0]!;
    const ins = inputs.map(({ name, element }) =>
      d.objectFifo({ name: `${name}_${col}`, producer: shim, consumers: [tile], depth: 2, element }),
    );
    const { name, element } = output;
    const out = d.objectFifo({ name: `${name}_${col}`, producer: tile, consumers: [shim], depth: 2, element });
    return { shim, inputs: ins, output: out, lanes: [{ tile, inputs: ins, output: out }] };
  }
  const memtile = d.tile(col, 1);
  const cut = inputs.map(({ name, element }) => {
    const whole = wholeOf(element, count);
    const feed = d.objectFifo({
      name: `${name}_${col}`,
      producer: shim,
      consumers: [memtile],
      depth: 2,
      element: whole.type,
    });
    const parts = tiles.map((tile, i) =>
      d.objectFifo({ name: `${name}_${col}_${i}`, producer: memtile, consumers: [tile], depth: 2, element }),
    );
    d.link({ inputs: [feed], outputs: parts, destOffsets: whole.offsets });
    return { feed, parts };
  });
  const whole = wholeOf(output.element, count);
  const drain = d.objectFifo({
    name: `${output.name}_${col}`,
    producer: memtile,
    consumers: [shim],
    depth: 2,
    element: whole.type,
  });
  const results = tiles.map((tile, i) =>
    d.objectFifo({
      name: `${output.name}_${col}_${i}`,
      producer: tile,
      consumers: [memtile],
      depth: 2,
      element: output.element,
    }),
  );
  d.link({ inputs: results, outputs: [drain], sourceOffsets: whole.offsets });
  return {
    shim,
    inputs: cut.map(({ feed }) => feed),
    output: drain,
    lanes: tiles.map((tile, i) => ({ tile, inputs: cut.map(({ parts }) => parts[i]!), output: results[i]! })),
  };
}

function wholeOf(element: MemRefType, count: number): { readonly type: MemRefType; readonly offsets: number[] } {
  const elements = memrefElements(element) ?? 0;
  return {
    type: memref([count * elements], element.element),
    offsets: Array.from({ length: count }, (_, i) => i * elements),
  };
}

/** Each column's share of a host buffer, in order: column 0 has the first. */
export function transferShares(
  s: SequenceBuilder,
  columns: readonly LaneColumn[],
  { buffer, elements, fifo, id }: { buffer: Value; elements: number; fifo: (c: LaneColumn) => FifoHandle; id: number },
): void {
  const share = elements / columns.length;
  columns.forEach((column, i) => {
    s.transfer({
      fifo: fifo(column),
      buffer,
      id,
      offset: i * share,
      sizes: [1, 1, 1, share],
      strides: [0, 0, 0, 1],
    });
  });
}

/** Waits for the output of every column. */
export function waitForAll(s: SequenceBuilder, columns: readonly LaneColumn[]): void {
  for (const column of columns) s.wait(column.output);
}
