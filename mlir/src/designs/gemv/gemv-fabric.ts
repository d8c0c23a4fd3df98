import type { CoreBuilder } from "../../builder/core-builder.ts";
import type { DesignBuilder } from "../../builder/design-builder.ts";
import type { BufferHandle, FifoHandle, KernelHandle, LockHandle, TileHandle } from "../../builder/handles.ts";
import { Operation, type Value } from "../../ir/operation.ts";
import { f32, i32, index, memref } from "../../ir/types.ts";
import { roundUp } from "../array-shape.ts";
import { type GemvPlan, type GemvSteps, rowsOfObject, stackBytes, tableWordsOf } from "./gemv-plan.ts";
import type { GemvType } from "./gemv-types.ts";

export interface GemvFabricSpec {
  readonly type: GemvType;
  readonly plan: GemvPlan;
  readonly columns: number;
}

/** What runtime sequences work with. */
export interface GemvFabric {
  /** Streams of weights and of results, two for each column. */
  readonly weights: readonly FifoHandle[];
  readonly results: readonly FifoHandle[];
  /** How cores are told which shape comes; none where there is only one. */
  readonly choices: readonly ShapeChoice[];
}

interface ShapeChoice {
  readonly shape: BufferHandle;
  readonly go: LockHandle;
}

const firstComputeRow = 2;
const channelsOfColumn = 2;
const coresOfChannel = 2;
/** Objects that a memtile holds for its cores: what the host's memory may be late by. */
const prefetched = 4;

/**
 * Two channels a column, each for two cores. Both get all objects of the channel and work on half of the rows of each, so
 * x and what belongs to the rows is sent once.
 *
 *     shim c, MM2S 0 -> memtile c ===> (c,2) (c,3)      y: (c,3) -> (c,2) -> shim c, S2MM 0
 *     shim c, MM2S 1 -> memtile c ===> (c,4) (c,5)         (c,5) -> (c,4) -> shim c, S2MM 1
 */
export function gemvFabric(d: DesignBuilder, spec: GemvFabricSpec): GemvFabric {
  const kernels = declareKernels(d, spec);
  const parts = Array.from({ length: spec.columns * channelsOfColumn }, (_, channel) =>
    writeChannel(d, spec, { channel, kernels }),
  );
  return {
    weights: parts.map(({ fromShim }) => fromShim),
    results: parts.map(({ toShim }) => toShim),
    choices: parts.flatMap(({ choices }) => choices),
  };
}

interface Kernels {
  readonly keep: KernelHandle;
  readonly step: KernelHandle;
  readonly finish: KernelHandle;
  readonly join: KernelHandle;
}

const words = (count: number) => memref([count], i32);
const floats = (count: number) => memref([count], f32);

/** Sizes of a core's arrays: kernels/gemv/gemv.cc. Everything that is streamed is counted in words. */
function arraysOf({ type, plan }: GemvFabricSpec) {
  const { m, o, objectWords, keptWords } = plan;
  return {
    object: words(objectWords),
    kept: words(keptWords),
    lanes: floats(4 * m * 32),
    sums: floats(m * roundUp(o, 16)),
    half: words((m * roundUp(o, 16) * type.output.bytes) / 4),
    results: words((2 * m * o * type.output.bytes) / 4),
  };
}

function declareKernels(d: DesignBuilder, spec: GemvFabricSpec): Kernels {
  const { object, kept, lanes, sums, half, results } = arraysOf(spec);
  const linked = { object: "gemv.o" };
  return {
    keep: d.kernel("gemv_keep", [object, kept, i32], linked),
    step: d.kernel("gemv_step", [object, kept, lanes, sums, i32, i32, i32, i32], linked),
    finish: d.kernel("gemv_finish", [sums, kept, half, i32, i32, i32, i32, i32], linked),
    join: d.kernel("gemv_join", [sums, kept, half, results, i32, i32, i32, i32, i32], linked),
  };
}

function writeChannel(
  d: DesignBuilder,
  spec: GemvFabricSpec,
  { channel, kernels }: { channel: number; kernels: Kernels },
) {
  const arrays = arraysOf(spec);
  const [col, pair] = [Math.floor(channel / channelsOfColumn), channel % channelsOfColumn];
  const [shim, memtile] = [d.tile(col, 0), d.tile(col, 1)];
  const cores = Array.from({ length: coresOfChannel }, (_, half) =>
    d.tile(col, firstComputeRow + pair * coresOfChannel + half, { allocationScheme: "basic-sequential" }),
  );
  const fromShim = d.objectFifo({
    name: `w${channel}`,
    producer: shim,
    consumers: [memtile],
    depth: prefetched,
    element: arrays.object,
  });
  const toCores = d.objectFifo({
    name: `w${channel}_objects`,
    producer: memtile,
    consumers: cores,
    depth: [prefetched, 2, 2],
    element: arrays.object,
  });
  d.link({ inputs: [fromShim], outputs: [toCores] });

  const [first, second] = cores as [TileHandle, TileHandle];
  const half = d.objectFifo({
    name: `half${channel}`,
    producer: second,
    consumers: [first],
    depth: 2,
    element: arrays.half,
  });
  const toShim = d.objectFifo({
    name: `y${channel}`,
    producer: first,
    consumers: [shim],
    depth: 2,
    element: arrays.results,
  });
  const choices = cores.flatMap((tile) => writeCore(d, spec, { tile, kernels, weights: toCores, half, toShim }) ?? []);
  return { fromShim, toShim, choices };
}

interface CoreParts {
  readonly tile: TileHandle;
  readonly kernels: Kernels;
  readonly weights: FifoHandle;
  /** Results of the second core, on their way to the first one. */
  readonly half: FifoHandle;
  readonly toShim: FifoHandle;
}

/** What a core reads of a shape in its table, in this order. */
const tableWords = [
  "chapters",
  "keptObjects",
  "units",
  "chunks",
  "chapterRows",
  "channelsAt",
  "residualAt",
  "flags",
] as const;
type TableWord = (typeof tableWords)[number];

/** Bits of the word `flags`. Source: kernels/gemv/finish.h. */
const finishFlags = { bias: 1, gelu: 2, residual: 4 } as const;

function tableOf({ shape, ...steps }: GemvSteps): Readonly<Record<TableWord, number>> {
  return {
    ...steps,
    units: steps.unitsOfChapter,
    flags:
      (steps.channelRows > 0 ? finishFlags.bias : 0) +
      (shape.gelu ? finishFlags.gelu : 0) +
      (shape.residual ? finishFlags.residual : 0),
  };
}

function writeCore(d: DesignBuilder, spec: GemvFabricSpec, parts: CoreParts): ShapeChoice | undefined {
  const { tile, kernels, weights, half, toShim } = parts;
  const { plan } = spec;
  const isFirst = toShim.producer === tile;
  const arrays = arraysOf(spec);
  const place = `${tile.col}_${tile.row}`;
  const buffer = (name: string, type: (typeof arrays)["kept"]) => d.buffer({ tile, name: `${name}_${place}`, type });
  // All that is larger than a vector is whole vectors, so that wherever they come to lie, the largest first, each is aligned.
  const [kept, lanes, sums] = [buffer("kept", arrays.kept), buffer("lanes", arrays.lanes), buffer("sums", arrays.sums)];
  const entries = plan.shapes.flatMap((steps) => tableWords.map((word) => tableOf(steps)[word]));
  const tableLength = tableWordsOf(plan.shapes);
  const table = d.buffer({
    tile,
    name: `table_${place}`,
    type: words(tableLength),
    initialValues: [...entries, ...new Array<number>(tableLength - entries.length).fill(0)],
  });
  const choice: ShapeChoice | undefined =
    plan.shapes.length > 1
      ? {
          shape: d.buffer({ tile, name: `shape_${place}`, type: words(8), initialValues: 0 }),
          go: d.lock({ tile, name: `go_${place}`, init: 0 }),
        }
      : undefined;
  d.core(tile, { stackBytes, choosesObjectsAtRunTime: true }, (core) => {
    const number = (value: number) => core.constant(value, i32);
    core.forever(() => {
      if (choice !== undefined) core.useLock(choice.go, "AcquireGreaterEqual");
      const first = choice && core.load(choice.shape.value, [core.constant(0, index)]);
      const word = (name: TableWord) => loadWord(core, table.value, { first, position: tableWords.indexOf(name) });
      const [chunks, units, keptObjects] = [word("chunks"), word("units"), word("keptObjects")];
      const places = (["chapterRows", "channelsAt", "residualAt", "flags"] as const).map(word);
      core.repeatTimes(word("chapters"), () => {
        core.repeatTimes(keptObjects, (object) => {
          core.call(kernels.keep, [core.acquire(weights, "Consume"), kept.value, core.cast(object, i32)]);
          core.release(weights, "Consume");
        });
        core.repeatTimes(units, (unit) => {
          core.repeat((2 * plan.o) / rowsOfObject, (block) => {
            core.repeatTimes(chunks, (chunk) => {
              const position = [core.cast(block, i32), core.cast(chunk, i32), chunks];
              const work = [kept.value, lanes.value, sums.value, number(isFirst ? 0 : 1)];
              core.call(kernels.step, [core.acquire(weights, "Consume"), ...work, ...position]);
              core.release(weights, "Consume");
            });
          });
          const by = [core.cast(unit, i32), ...places];
          if (isFirst) {
            const y = core.acquire(toShim, "Produce");
            core.call(kernels.join, [sums.value, kept.value, core.acquire(half, "Consume"), y, ...by]);
            core.release(half, "Consume");
            core.release(toShim, "Produce");
          } else {
            core.call(kernels.finish, [sums.value, kept.value, core.acquire(half, "Produce"), ...by]);
            core.release(half, "Produce");
          }
        });
      });
    });
  });
  return choice;
}

/** A word of the table, from the shape's first one on. */
function loadWord(
  core: CoreBuilder,
  table: Value,
  { first, position }: { first: Value | undefined; position: number },
): Value {
  const at = core.constant(position, index);
  if (first === undefined) return core.load(table, [at]);
  const sum = core.emit(new Operation("arith.addi", { operands: [core.cast(first, index), at], results: [index] }));
  return core.load(table, [sum.result]);
}
