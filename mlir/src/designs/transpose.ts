import { type ArgSpec, ShapeError, UsageError } from "@aiekit/core";
import { DesignBuilder } from "../builder/design-builder.ts";
import type { FifoHandle, KernelHandle } from "../builder/handles.ts";
import { tileModels } from "../device-model/tile-model.ts";
import { bf16, f32, i32, type MemRefType, memref } from "../ir/types.ts";
import type { Design, DesignOptions, KernelEntry } from "../registry.ts";
import { columnsOf, expectInput, numberParam, parseCounts, roundUp } from "./array-shape.ts";

/** f32[rows, cols] to bf16[cols, rows]: DMAs transpose, cores narrow. One sequence for each number of columns. */
export function transposeDesign({ device, params }: DesignOptions): Design {
  const d = new DesignBuilder(device);
  const blocks = blocksOf(params);
  const { rows, cols, width, height, pitch, hasMargin } = blocks;
  const narrow = d.kernel("transpose_narrow_f32", [memref([width, height], f32), memref([width, height], bf16), i32], {
    object: "transpose.o",
  });
  const lanes = Array.from({ length: columnsOf(device, params) }, (_, column) => column).flatMap((column) =>
    Array.from({ length: tileModels.shim.dma.channels }, (_, channel) =>
      writeLane(d, { column, channel }, narrow, blocks),
    ),
  );
  const lead = hasMargin ? 1 : 0;
  for (const count of cols) {
    const args = { x: memref([pitch, count], f32), y: memref([count + 2 * lead, pitch], bf16) };
    d.sequence({ name: `cols_${count}`, args }, (s, host) => {
      const works = lanes.map((lane, i) => ({ lane, runs: runsOf(count, width, { lane: i, lanes: lanes.length }) }));
      for (const { lane, runs } of works) {
        for (const [i, { first, blocks: many }] of runs.entries()) {
          const chunks = pitch / height;
          s.transfer({
            fifo: lane.input,
            buffer: host.x,
            id: lane.firstBd + i,
            offset: first,
            sizes: [chunks, many, height, width],
            strides: [chunks > 1 ? height * count : 0, width, count, 1],
          });
          s.transfer({
            fifo: lane.output,
            buffer: host.y,
            id: lane.firstBd + mostRuns + i,
            offset: (lead + first) * pitch,
            sizes: [chunks, many, width, height],
            strides: [chunks > 1 ? height : 0, width * pitch, pitch, 1],
          });
        }
      }
      for (const { lane, runs } of works) for (const _ of runs) s.wait(lane.output);
    });
  }
  return {
    module: d.build(),
    sequences: cols.map((count) => {
      const x = { name: "x", direction: "in", dtype: "f32", shape: [rows, count], padded: [pitch, count] } as const;
      const y: Omit<ArgSpec, "bytes"> = {
        name: "y",
        direction: "out",
        dtype: "bf16",
        shape: [count, rows],
        padded: [count + 2 * lead, pitch],
        ...(hasMargin && { margin: { before: 1, after: 1 } }),
      };
      return { name: `cols_${count}`, units: 1, args: [x, y] };
    }),
    sources: [{ object: "transpose.o", file: "transpose/transpose.cc" }],
  };
}

/** How the array is cut: a tile takes `height` rows and `width` columns of x at a time. */
interface Blocks {
  readonly rows: number;
  readonly cols: readonly number[];
  readonly width: number;
  readonly height: number;
  /** Elements of a row of y in its buffer: whole blocks. */
  readonly pitch: number;
  readonly hasMargin: boolean;
}

/** 64 bytes of a row of x: what a shim DMA asks host memory for at once. */
const widest = 16;
const lanesOfVector = 16;
/** Two objects of each kind take 24 KiB; one dimension of a tile's BD counts to 255. */
const highest = 128;

function blocksOf(params: DesignOptions["params"]): Blocks {
  const rows = numberParam(params, "rows");
  const cols = parseCounts("transpose", "cols", params.cols);
  const chunks = Math.ceil(rows / highest);
  const height = roundUp(Math.ceil(rows / chunks), lanesOfVector);
  const { iterationMax, strideMaxWords } = tileModels.shim.dma;
  const most = { rows: iterationMax * highest, cols: Math.floor(strideMaxWords / (chunks > 1 ? height : 1)) };
  if (rows > most.rows || Math.max(...cols) > most.cols) {
    throw new ShapeError(
      `transpose: [${rows}, ${Math.max(...cols)}]: expected at most ${most.rows} rows and ${most.cols} columns, what a shim DMA reaches`,
      { hint: "split the array" },
    );
  }
  if (new Set(cols).size < cols.length) throw new UsageError(`transpose: cols: ${params.cols} has a count twice`);
  const width = Math.min(widest, ...cols);
  return { rows, cols, width, height, pitch: chunks * height, hasMargin: numberParam(params, "margin") === 1 };
}

interface TransposeLane {
  readonly input: FifoHandle;
  readonly output: FifoHandle;
  /** BDs of the shim tile: for each run one that sends and one that fetches. */
  readonly firstBd: number;
}

/** A whole run of blocks, and one that ends with the last column. */
const mostRuns = 2;

/** A tile with a channel of the shim tile each way. A row of x arrives as it lies and is written down a column of the object. */
function writeLane(
  d: DesignBuilder,
  { column, channel }: { readonly column: number; readonly channel: number },
  narrow: KernelHandle,
  { width, height }: Blocks,
): TransposeLane {
  const [shim, tile] = [d.tile(column, 0), d.tile(column, 2 + channel)];
  const name = `${column}_${channel}`;
  const element = (type: MemRefType["element"]) => memref([width, height], type);
  const input = d.objectFifo({
    name: `x_${name}`,
    producer: shim,
    consumers: [tile],
    depth: 2,
    element: element(f32),
    fromStream: [
      [
        { size: height, stride: 1 },
        { size: width, stride: height },
      ],
    ],
  });
  const output = d.objectFifo({
    name: `y_${name}`,
    producer: tile,
    consumers: [shim],
    depth: 2,
    element: element(bf16),
  });
  d.core(tile, { stackBytes: 2048 }, (core) => {
    core.forever(() => {
      const [from, to] = [core.acquire(input, "Consume"), core.acquire(output, "Produce")];
      core.call(narrow, [from, to, core.constant(width * height, i32)]);
      core.release(input, "Consume");
      core.release(output, "Produce");
    });
  });
  return { input, output, firstBd: 2 * mostRuns * channel };
}

interface Run {
  /** Column of x. */
  readonly first: number;
  readonly blocks: number;
}

/**
 * What one of several lanes does of `cols` columns. Where they are no whole blocks, the last block begins earlier and writes
 * some rows a second time, with the same values: nothing is read or written past the array.
 */
function runsOf(
  cols: number,
  width: number,
  { lane, lanes }: { readonly lane: number; readonly lanes: number },
): Run[] {
  const all = Math.ceil(cols / width);
  const share = Math.ceil(all / lanes);
  const first = lane * share;
  const blocks = Math.min(share, all - first);
  if (blocks <= 0) return [];
  const isCut = first + blocks === all && cols % width !== 0;
  const whole = isCut ? blocks - 1 : blocks;
  return [
    ...(whole > 0 ? [{ first: first * width, blocks: whole }] : []),
    ...(isCut ? [{ first: cols - width, blocks: 1 }] : []),
  ];
}

export const transposeKernel: KernelEntry = {
  name: "transpose",
  about: "float32[rows, cols] to bfloat16[cols, rows], as logmel's features become what conv1d takes",
  inputs: ["x"],
  params: [
    { name: "rows", default: 80, min: 1, about: "rows of x" },
    { name: "cols", default: "3000", about: "numbers of columns, a sequence for each: 3000.1000.100" },
    {
      name: "margin",
      default: 0,
      choices: [0, 1],
      about: "1: a row of zeros before y and one behind, as conv1d takes it",
    },
    { name: "columns", default: 4, min: 1, max: 8, about: "columns of the array at most" },
  ],
  device: "npu1",
  fit: ({ x }) => {
    const [rows, cols] = expectInput("transpose", "x", x, { dtypes: ["f32"], dimensions: 2 }) as [number, number];
    return { rows, cols: String(cols) };
  },
  design: transposeDesign,
};
