import type { DesignBuilder } from "../../builder/design-builder.ts";
import type { BufferHandle, FifoHandle, KernelHandle, LockHandle, TileHandle } from "../../builder/handles.ts";
import type { BdDim } from "../../ir/attributes.ts";
import { bf16, f32, i32, index, type MemRefType, memref } from "../../ir/types.ts";
import { attentionBlocks, roundRows } from "./attention-shapes.ts";

/** How a sequence tells a core what to do: words, and a lock that says that they are there. */
export interface CoreControl {
  readonly words: BufferHandle;
  readonly go: LockHandle;
}

/** What runtime sequences work with in one column of the array. */
export interface AttentionColumn {
  readonly queries: FifoHandle;
  readonly keysAndValues: FifoHandle;
  readonly out: FifoHandle;
  readonly controls: readonly CoreControl[];
}

/** Words of `CoreControl.words`, by their position. Source: parameters in kernels/attention/attention_shape.h. */
export const controlWords = ["units", "firstBlock", "blocks", "lastStrips", "queries", "keys", "causal"] as const;
export type ControlWord = (typeof controlWords)[number];

const firstComputeRow = 2;
const stackBytes = 8192;
const { stripRows, strips, keys: blockKeys, columnCores } = attentionBlocks;

/**
 * A column works on one head at a time. Keys and values go to its four cores at once, queries are dealt out 8 rows to each
 * core, results are collected in the same order. The DMAs of the cores turn rows into slices of 8 columns and back:
 *
 *     shim -kv--------------------------> (c,2) (c,3) (c,4) (c,5)     32 keys and values of a head, to all
 *     shim -q--> memtile, 32 rows --8---> (c,2) (c,3) (c,4) (c,5)     8 rows to each
 *     shim <-o-- memtile, 32 rows <--8--- (c,2) (c,3) (c,4) (c,5)
 */
export function attentionFabric(d: DesignBuilder, width: number): readonly AttentionColumn[] {
  const types = blockTypes(width);
  const kernels = declareKernels(d, types);
  return Array.from({ length: d.device.columns }, (_, col) => {
    const [shim, memtile] = [d.tile(col, 0), d.tile(col, 1)];
    const cores = Array.from({ length: columnCores }, (_, row) =>
      d.tile(col, firstComputeRow + row, { allocationScheme: "basic-sequential" }),
    );
    const kv = d.objectFifo({
      name: `kv${col}`,
      producer: shim,
      consumers: cores,
      depth: 2,
      element: types.kv,
      fromStream: cores.map(() => sliceOrder(blockKeys, 2 * width)),
    });
    const element = memref([roundRows, width], bf16);
    const q = d.objectFifo({ name: `q${col}`, producer: shim, consumers: [memtile], depth: 2, element });
    const o = d.objectFifo({ name: `o${col}`, producer: memtile, consumers: [shim], depth: 2, element });
    const strips = cores.map((core, row) => ({
      q: d.objectFifo({
        name: `q${col}_${row}`,
        producer: memtile,
        consumers: [core],
        depth: 2,
        element: types.strip,
        fromStream: [sliceOrder(stripRows, width)],
      }),
      o: d.objectFifo({
        name: `o${col}_${row}`,
        producer: core,
        consumers: [memtile],
        depth: 2,
        element: types.strip,
        toStream: sliceOrder(stripRows, width),
      }),
    }));
    const offsets = cores.map((_, row) => row * stripRows * width);
    d.link({ inputs: [q], outputs: strips.map((s) => s.q), destOffsets: offsets });
    d.link({ inputs: strips.map((s) => s.o), outputs: [o], sourceOffsets: offsets });
    const controls = cores.map((tile, row) =>
      writeCore(d, { tile, row, kernels, types, kv, q: at(strips, row).q, o: at(strips, row).o }),
    );
    return { queries: q, keysAndValues: kv, out: o, controls };
  });
}

/** Rows of `columns` elements, to or from a memory that has slices of 8 columns: [columns / 8][rows][8]. */
function sliceOrder(rows: number, columns: number): BdDim[] {
  return [
    { size: rows, stride: 8 },
    { size: columns / 8, stride: rows * 8 },
    { size: 8, stride: 1 },
  ];
}

type BlockTypes = Readonly<Record<"kv" | "strip" | "queries" | "p" | "sums" | "state" | "words", MemRefType>>;

/** Layouts of a core's memory. Source: kernels/attention/attention_shape.h. */
function blockTypes(width: number): BlockTypes {
  const slices = width / 8;
  return {
    kv: memref([2 * slices, blockKeys, 8], bf16),
    strip: memref([slices, stripRows, 8], bf16),
    queries: memref([strips, slices, 2, 8, 4], bf16),
    p: memref([strips, 2, blockKeys / 8, 8, 4], bf16),
    sums: memref([strips, 2, 2 * slices + 1, 16], f32),
    state: memref([2, strips, 2, 16], i32),
    words: memref([8], i32),
  };
}

type Kernels = Readonly<Record<"plan" | "begin" | "queries" | "scores" | "values" | "finish", KernelHandle>>;

function declareKernels(d: DesignBuilder, t: BlockTypes): Kernels {
  const object = { object: "attention.o" };
  return {
    plan: d.kernel("attention_plan_i32", [t.words, t.words, i32, i32], object),
    begin: d.kernel("attention_begin_bf16", [t.state, t.sums], object),
    queries: d.kernel("attention_queries_bf16", [t.strip, t.queries, i32], object),
    scores: d.kernel("attention_scores_bf16", [t.kv, t.queries, t.state, t.sums, t.p, t.words, i32], object),
    values: d.kernel("attention_values_bf16", [t.kv, t.p, t.sums, t.words, i32], object),
    finish: d.kernel("attention_finish_bf16", [t.sums, t.strip, i32], object),
  };
}

interface CoreParts {
  readonly tile: TileHandle;
  /** Position in the column. */
  readonly row: number;
  readonly kernels: Kernels;
  readonly types: BlockTypes;
  readonly kv: FifoHandle;
  readonly q: FifoHandle;
  readonly o: FifoHandle;
}

function writeCore(d: DesignBuilder, { tile, row, kernels, types, kv, q, o }: CoreParts): CoreControl {
  const place = `${tile.col}_${tile.row}`;
  const buffer = (name: keyof BlockTypes) => d.buffer({ tile, name: `${name}_${place}`, type: types[name] });
  const [queries, p, sums, state] = [buffer("queries"), buffer("p"), buffer("sums"), buffer("state")];
  const words = d.buffer({ tile, name: `control_${place}`, type: types.words, initialValues: 0 });
  const plan = d.buffer({ tile, name: `plan_${place}`, type: types.words });
  const go = d.lock({ tile, name: `go_${place}`, init: 0 });
  d.core(tile, { stackBytes, choosesObjectsAtRunTime: true }, (core) => {
    const word = (of: BufferHandle, position: number) => core.load(of.value, [core.constant(position, index)]);
    core.forever(() => {
      core.useLock(go, "AcquireGreaterEqual");
      core.repeatTimes(word(words, controlWords.indexOf("units")), (unit) => {
        core.call(kernels.plan, [words.value, plan.value, core.cast(unit, i32), core.constant(row, i32)]);
        core.call(kernels.begin, [state.value, sums.value]);
        const [stripCount, keyBlocks] = [word(plan, 0), word(plan, 1)];
        core.repeatTimes(stripCount, (strip) => {
          const rows = core.acquire(q, "Consume");
          core.call(kernels.queries, [rows, queries.value, core.cast(strip, i32)]);
          core.release(q, "Consume");
        });
        core.repeatTimes(keyBlocks, (block) => {
          const rows = core.acquire(kv, "Consume");
          const number = core.cast(block, i32);
          core.call(kernels.scores, [rows, queries.value, state.value, sums.value, p.value, plan.value, number]);
          core.call(kernels.values, [rows, p.value, sums.value, plan.value, number]);
          core.release(kv, "Consume");
        });
        core.repeatTimes(stripCount, (strip) => {
          const rows = core.acquire(o, "Produce");
          core.call(kernels.finish, [sums.value, rows, core.cast(strip, i32)]);
          core.release(o, "Produce");
        });
      });
    });
  });
  return { words, go };
}

function at<T>(items: readonly T[], position: number): T {
  const item = items[position];
  if (item === undefined) throw new RangeError(`attention: no part ${position} of ${items.length}`);
  return item;
}
