import type { DesignBuilder } from "../../builder/design-builder.ts";
import type { BufferHandle, FifoHandle, KernelHandle, LockHandle, TileHandle } from "../../builder/handles.ts";
import type { BdDim } from "../../ir/attributes.ts";
import { i32, index, type MemRefType, memref } from "../../ir/types.ts";
import type { Generation, MatmulType } from "./matmul-types.ts";

/** Elements of one step of a core: c[m, n] += a[m, k] b[k, n]. */
export interface MatmulTile {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/**
 * What a core keeps while the rest passes it. `outputs`: the sums of one tile, while k is walked. `weights`: b of its column,
 * all of K deep, while rows of a pass; b then comes once in a launch.
 */
export type MatmulStationary = "outputs" | "weights";

/** Cores side by side, from the array's first column and its first compute row on. */
export interface MatmulCores {
  readonly columns: number;
  readonly rows: number;
}

export interface MatmulFabricSpec {
  readonly type: MatmulType;
  readonly tile: MatmulTile;
  readonly stationary: MatmulStationary;
  readonly cores: MatmulCores;
  readonly generation: Generation;
  /** Some sequence adds a residual. */
  readonly residual: boolean;
  /** Rows of words that a core keeps for its columns, of the sequence with the most. */
  readonly channelRows: number;
  /** Some sequence adds a residual to what comes out of GELU. */
  readonly activates?: boolean;
}

/** What runtime sequences work with. */
export interface MatmulFabric {
  /** Streams of a: each brings the tiles of `rows / a.length` rows of cores. */
  readonly a: readonly FifoHandle[];
  /** Streams of b and of c, one for each column. */
  readonly b: readonly FifoHandle[];
  readonly c: readonly FifoHandle[];
  readonly controls: readonly CoreControl[];
}

/** How a sequence tells a core what to do: words, and a lock that says that they are there. */
export interface CoreControl {
  readonly words: BufferHandle;
  readonly go: LockHandle;
}

/** Words of `CoreControl.words`, by their position. */
export const controlWords = [
  "columnSteps",
  /** Objects of channels before the rows of a column step. */
  "channelObjects",
  "rowSteps",
  "kSteps",
  /** 1, or 0 where the objects of a residual bring the tiles out. */
  "plainStores",
  "residualObjects",
  /** Of the store kernels. Source: kernels/matmul/channels.h. */
  "flags",
  /** 1: sums pass through GELU before a residual is added, and GELU is no part of `flags`. */
  "activations",
] as const;
export type ControlWord = (typeof controlWords)[number];

const firstComputeRow = 2;
/**
 * The kernels' WebAssembly form uses 2,576 B where GELU follows and 1,024 B, the sums of eight blocks, elsewhere. What the
 * device's compiler spills is not known: 4 KiB are four times what it gives a core that asks for nothing, or 32 accumulators
 * of 1,024 bits.
 */
export const stackBytes = 4096;

/**
 * Core (c, r) has the m x n tile of sums of its place, or the k x n weights of its column. A tile of `a` goes to all cores of a row,
 * a tile of `b` to all cores of a column; the tiles of `c` of a column are put together in its memtile. Memtiles turn rows
 * into the blocks that the multiplier takes, and blocks back into rows:
 *
 *     shim 0 -a0-> memtile 0 ====> (0,2) (1,2) (2,2) (3,2)      ^ b0  ^ b1  ^ b2  ^ b3
 *     shim 1 -a1-> memtile 1 ====> (0,3) (1,3) (2,3) (3,3)      |     |     |     |
 *     ...                                                    memtile memtile ...
 */
export function matmulFabric(d: DesignBuilder, spec: MatmulFabricSpec): MatmulFabric {
  const kernels = declareKernels(d, spec);
  const tiles = placeTiles(d, spec.cores);
  const a = aStreams(d, spec, tiles);
  const b = tiles.columns.map((column, c) => bStream(d, spec, { ...column, c }));
  const c = tiles.columns.map((column, at) => cStream(d, spec, { ...column, c: at }));
  const controls = tiles.columns.flatMap(({ cores }, col) =>
    cores.map((tile, row) => {
      const inputs = { a: at(a.toCores, row), b: at(b, col).toCores, c: at(at(c, col).fromCores, row) };
      return writeCore(d, spec, { tile, kernels, ...inputs });
    }),
  );
  return { a: a.fromShim, b: b.map((s) => s.fromShim), c: c.map((s) => s.toShim), controls };
}

/** Columns by which `a` enters: one for each row of cores, as far as there are so many. */
export function aStreamCount({ rows, columns }: MatmulCores): number {
  return [rows, rows / 2].find((n) => Number.isInteger(n) && n <= columns) ?? 1;
}

interface Kernels {
  readonly step: KernelHandle;
  readonly channels: KernelHandle;
  readonly store: KernelHandle;
  readonly storeResidual: KernelHandle | undefined;
  readonly activate: KernelHandle | undefined;
}

interface Column {
  readonly shim: TileHandle;
  readonly memtile: TileHandle;
  readonly cores: readonly TileHandle[];
}

interface Tiles {
  readonly columns: readonly Column[];
}

/** Shapes of the objects, as the cores see them: blocks of the multiplier. */
function blocked({ type, tile, generation }: MatmulFabricSpec): Record<"a" | "b" | "c" | "sums", MemRefType> {
  const { input, output } = type;
  const { m, k, n } = tile;
  const { r, s, t } = input.native[generation];
  return {
    a: memref([m / r, k / s, r, s], input.type),
    b: memref([k / s, n / t, s, t], input.b.type),
    c: memref([m / r, n / t, r, t * output.each], output.type),
    sums: memref([m / r, n / t, r, t * input.sums.each], input.sums.type),
  };
}

function declareKernels(d: DesignBuilder, spec: MatmulFabricSpec): Kernels {
  const { a, b, c, sums } = blocked(spec);
  const { name, group } = spec.type.input;
  const object = { object: "matmul.o" };
  const channels = memref([spec.channelRows, spec.tile.n], i32);
  const isGrouped = group !== undefined;
  return {
    step: d.kernel(`matmul_step_${name}`, [a, b, ...(isGrouped ? [channels] : []), sums, i32], object),
    channels: d.kernel(`matmul_channels_${name}`, [b, channels, ...(isGrouped ? [i32] : [])], object),
    store: d.kernel(`matmul_store_${name}`, [sums, channels, c, i32], object),
    storeResidual: spec.residual
      ? d.kernel(`matmul_store_residual_${name}`, [sums, channels, b, c, i32, i32, i32], object)
      : undefined,
    activate: spec.activates ? d.kernel(`matmul_activate_${name}`, [sums, channels, i32], object) : undefined,
  };
}

function placeTiles(d: DesignBuilder, cores: MatmulCores): Tiles {
  const columns = Array.from({ length: cores.columns }, (_, col) => ({
    shim: d.tile(col, 0),
    memtile: d.tile(col, 1),
    cores: Array.from({ length: cores.rows }, (_, row) =>
      d.tile(col, firstComputeRow + row, { allocationScheme: "basic-sequential" }),
    ),
  }));
  return { columns };
}

/** Rows of `rows` elements in the order of blocks of `height` x `width`: as a memtile reads (or writes) them. */
function blockOrder(
  rows: number,
  columns: number,
  block: { readonly height: number; readonly width: number },
): BdDim[] {
  const { height, width } = block;
  return [
    { size: rows / height, stride: height * columns },
    { size: columns / width, stride: width },
    { size: height, stride: columns },
    { size: width, stride: 1 },
  ];
}

/**
 * Streams of `a` enter in columns of their own, one for each row of cores. Where there are fewer columns than rows, a
 * stream brings the tiles of several rows and the memtile deals them out.
 */
function aStreams(
  d: DesignBuilder,
  spec: MatmulFabricSpec,
  { columns }: Tiles,
): { readonly fromShim: readonly FifoHandle[]; readonly toCores: readonly FifoHandle[] } {
  const { tile, cores, type, generation } = spec;
  const streams = aStreamCount(cores);
  const rowsEach = cores.rows / streams;
  const { r, s } = type.input.native[generation];
  const toStream = blockOrder(tile.m, tile.k, { height: r, width: s });
  const parts = Array.from({ length: streams }, (_, stream) => {
    // On a wide array the streams stand as far apart as they can, so that wires of neighbours are free for them.
    const { shim, memtile } = at(columns, stream * Math.max(1, Math.floor(cores.columns / streams)));
    const element = memref([rowsEach * tile.m, tile.k], type.input.type);
    const input = d.objectFifo({ name: `a${stream}`, producer: shim, consumers: [memtile], depth: 2, element });
    const outputs = Array.from({ length: rowsEach }, (_, i) => {
      const row = stream * rowsEach + i;
      const consumers = columns.map((column) => at(column.cores, row));
      const name = `a${row}_tiles`;
      return d.objectFifo({ name, producer: memtile, consumers, depth: 2, element: blocked(spec).a, toStream });
    });
    const destOffsets = outputs.map((_, i) => i * tile.m * tile.k);
    d.link({ inputs: [input], outputs, ...(outputs.length > 1 && { destOffsets }) });
    return { input, outputs };
  });
  return { fromShim: parts.map((p) => p.input), toCores: parts.flatMap((p) => p.outputs) };
}

/** Objects of b in a core; weights that stay have no room for a second one. */
export const weightObjects = (stationary: MatmulStationary): 1 | 2 => (stationary === "weights" ? 1 : 2);

function bStream(d: DesignBuilder, spec: MatmulFabricSpec, { shim, memtile, cores, c }: Column & { c: number }) {
  const { tile, type, generation } = spec;
  const { s, t } = type.input.native[generation];
  const element = memref([tile.k, tile.n], type.input.b.type);
  const fromShim = d.objectFifo({ name: `b${c}`, producer: shim, consumers: [memtile], depth: 2, element });
  const toCores = d.objectFifo({
    name: `b${c}_tiles`,
    producer: memtile,
    consumers: cores,
    depth: [2, ...cores.map(() => weightObjects(spec.stationary))],
    element: blocked(spec).b,
    toStream: blockOrder(tile.k, tile.n, { height: s, width: t }),
  });
  d.link({ inputs: [fromShim], outputs: [toCores] });
  return { fromShim, toCores };
}

function cStream(d: DesignBuilder, spec: MatmulFabricSpec, { shim, memtile, cores, c }: Column & { c: number }) {
  const { tile, type, generation } = spec;
  const { r, t } = type.input.native[generation];
  const { each } = type.output;
  const element = memref([cores.length * tile.m, tile.n * each], type.output.type);
  const fromCores = cores.map((core, row) =>
    d.objectFifo({
      name: `c${c}_${row}`,
      producer: core,
      consumers: [memtile],
      depth: [1, 2],
      element: blocked(spec).c,
      fromStream: [blockOrder(tile.m, tile.n * each, { height: r, width: t * each })],
    }),
  );
  const toShim = d.objectFifo({ name: `c${c}`, producer: memtile, consumers: [shim], depth: 2, element });
  const sourceOffsets = fromCores.map((_, row) => row * tile.m * tile.n * each);
  d.link({ inputs: fromCores, outputs: [toShim], ...(fromCores.length > 1 && { sourceOffsets }) });
  return { fromCores, toShim };
}

interface CoreParts {
  readonly tile: TileHandle;
  readonly kernels: Kernels;
  readonly a: FifoHandle;
  readonly b: FifoHandle;
  readonly c: FifoHandle;
}

function writeCore(d: DesignBuilder, spec: MatmulFabricSpec, parts: CoreParts): CoreControl {
  const { tile, kernels, a, b, c } = parts;
  const place = `${tile.col}_${tile.row}`;
  // A whole vector, so that what lies behind it is aligned.
  const wordsType = memref([8], i32);
  const words = d.buffer({ tile, name: `control_${place}`, type: wordsType, initialValues: 0 });
  const channelsType = memref([spec.channelRows, spec.tile.n], i32);
  const isGrouped = spec.type.input.group !== undefined;
  const channels = d.buffer({ tile, name: `channels_${place}`, type: channelsType });
  const sums = d.buffer({ tile, name: `sums_${place}`, type: blocked(spec).sums });
  const go = d.lock({ tile, name: `go_${place}`, init: 0 });
  d.core(tile, { stackBytes, choosesObjectsAtRunTime: true }, (core) => {
    core.forever(() => {
      core.useLock(go, "AcquireGreaterEqual");
      const word = (name: ControlWord) => core.load(words.value, [core.constant(controlWords.indexOf(name), index)]);
      const [channelObjects, rowSteps, kSteps] = [word("channelObjects"), word("rowSteps"), word("kSteps")];
      const [plainStores, residualObjects] = [word("plainStores"), word("residualObjects")];
      const [flags, activations] = [word("flags"), word("activations")];
      const scales = isGrouped ? [channels.value] : [];
      core.repeatTimes(word("columnSteps"), () => {
        core.repeatTimes(channelObjects, (object) => {
          const place = isGrouped ? [core.cast(object, i32)] : [];
          core.call(kernels.channels, [core.acquire(b, "Consume"), channels.value, ...place]);
          core.release(b, "Consume");
        });
        if (spec.stationary === "weights") {
          const right = core.acquire(b, "Consume");
          core.repeatTimes(rowSteps, () => {
            const left = core.acquire(a, "Consume");
            core.call(kernels.step, [left, right, ...scales, sums.value, core.constant(0, i32)]);
            core.release(a, "Consume");
            const out = core.acquire(c, "Produce");
            core.call(kernels.store, [sums.value, channels.value, out, flags]);
            core.release(c, "Produce");
          });
          core.release(b, "Consume");
          return;
        }
        core.repeatTimes(rowSteps, () => {
          core.repeatTimes(kSteps, (step) => {
            const left = core.acquire(a, "Consume");
            const right = core.acquire(b, "Consume");
            core.call(kernels.step, [left, right, ...scales, sums.value, core.cast(step, i32)]);
            core.release(a, "Consume");
            core.release(b, "Consume");
          });
          const { activate, storeResidual } = kernels;
          if (activate !== undefined)
            core.repeatTimes(activations, () => {
              core.call(activate, [sums.value, channels.value, channelObjects]);
            });
          const out = core.acquire(c, "Produce");
          core.repeatTimes(plainStores, () => {
            core.call(kernels.store, [sums.value, channels.value, out, flags]);
          });
          if (storeResidual !== undefined)
            core.repeatTimes(residualObjects, (object) => {
              const residual = core.acquire(b, "Consume");
              const place = [core.cast(object, i32), core.constant(tile.row - firstComputeRow, i32)];
              core.call(storeResidual, [sums.value, channels.value, residual, out, flags, ...place]);
              core.release(b, "Consume");
            });
          core.release(c, "Produce");
        });
      });
    });
  });
  return { words, go };
}

function at<T>(items: readonly T[], position: number): T {
  const item = items[position];
  if (item === undefined) throw new RangeError(`matmul: no part ${position} of ${items.length}`);
  return item;
}
