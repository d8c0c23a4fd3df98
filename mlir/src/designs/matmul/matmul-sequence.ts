import { type DType, ShapeError, UsageError } from "@aiekit/core";
import type { DesignBuilder } from "../../builder/design-builder.ts";
import type { FifoHandle } from "../../builder/handles.ts";
import type { SequenceBuilder, TransferOptions } from "../../builder/sequence-builder.ts";
import { tileModels } from "../../device-model/tile-model.ts";
import type { Value } from "../../ir/operation.ts";
import { type MemRefType, memref } from "../../ir/types.ts";
import type { DesignSequence } from "../../registry.ts";
import {
  type ControlWord,
  channelRows,
  controlWords,
  type MatmulFabric,
  type MatmulFabricSpec,
} from "./matmul-fabric.ts";
import type { MatmulShape } from "./matmul-shapes.ts";
import { type MatmulType, takesResidual } from "./matmul-types.ts";

/** How a shape is cut into the steps of the array. */
export interface MatmulSteps {
  readonly rowSteps: number;
  readonly columnSteps: number;
  readonly kSteps: number;
  /** Sizes of the host buffers: whole steps. */
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

export function matmulSteps(
  { m, k, n }: MatmulShape,
  { tile, cores }: Pick<MatmulFabricSpec, "tile" | "cores">,
): MatmulSteps {
  const rowSteps = Math.ceil(m / (cores.rows * tile.m));
  const columnSteps = Math.ceil(n / (cores.columns * tile.n));
  const kSteps = Math.ceil(k / tile.k);
  return {
    rowSteps,
    columnSteps,
    kSteps,
    rows: rowSteps * cores.rows * tile.m,
    columns: columnSteps * cores.columns * tile.n,
    depth: kSteps * tile.k,
  };
}

/** One launch: `c = epilogue(a b)` for one shape. Columns are the outer loop, so their channels are sent once for each. */
export function matmulSequence(
  d: DesignBuilder,
  fabric: MatmulFabric,
  spec: MatmulFabricSpec,
  shape: MatmulShape,
): DesignSequence {
  const steps = matmulSteps(shape, spec);
  checkLimits(shape, spec);
  const { input, output } = spec.type;
  const hasChannels = spec.type.requantised || shape.bias;
  const args: Record<string, MemRefType> = {
    a: memref([steps.rows, steps.depth], input.type),
    b: memref([steps.depth, steps.columns], input.type),
    ...(hasChannels && { channels: memref([channelRows, (steps.columns * 4) / input.bytes], input.type) }),
    ...(shape.residual && { residual: memref([steps.rows, steps.columns], output.type) }),
    c: memref([steps.rows, steps.columns], output.type),
  };
  d.sequence({ name: shape.name, args }, (s, host) => {
    writeTransfers(s, host as unknown as HostBuffers, { fabric, spec, shape, steps });
  });
  return { name: shape.name, units: 1, args: argSpecs(shape, steps, { spec, hasChannels }) };
}

interface HostBuffers {
  readonly a: Value;
  readonly b: Value;
  readonly channels: Value | undefined;
  readonly residual: Value | undefined;
  readonly c: Value;
}

interface Work {
  readonly fabric: MatmulFabric;
  readonly spec: MatmulFabricSpec;
  readonly shape: MatmulShape;
  readonly steps: MatmulSteps;
}

const { queueDepth, iterationMax, strideMaxWords } = tileModels.shim.dma;

/** First BD of a shim tile for each use: as many for each as its queue holds. */
const firstBd = { a: 0, b: queueDepth, c: 2 * queueDepth } as const;
export const shimBdCount = 3 * queueDepth;

/** Steps that the results' transfers count: those of one queue. */
const mostColumnSteps = queueDepth * iterationMax;

interface Planned extends Omit<TransferOptions, "id" | "issueToken"> {
  readonly fifo: FifoHandle;
  readonly firstId: number;
}

function writeTransfers(s: SequenceBuilder, host: HostBuffers, work: Work): void {
  const { fabric, spec, steps } = work;
  const { tile, cores } = spec;
  const columnsAtOnce = Math.min(steps.columnSteps, iterationMax);
  for (let first = 0; first < steps.columnSteps; first += columnsAtOnce) {
    fabric.c.forEach((fifo, c) => {
      const rows = cores.rows * tile.m;
      s.transfer({
        fifo,
        buffer: host.c,
        id: firstBd.c + first / columnsAtOnce,
        offset: (first * cores.columns + c) * tile.n,
        sizes: [Math.min(columnsAtOnce, steps.columnSteps - first), steps.rowSteps, rows, tile.n],
        strides: [cores.columns * tile.n, rows * steps.columns, steps.columns, 1],
      });
    });
  }
  const inputs = planInputs(host, work);
  // The first transfers fill memtiles while the cores are told what to do.
  const early = inputs.findIndex((_, i) => inputs.filter((p, j) => j <= i && p.fifo === inputs[i]?.fifo).length > 1);
  const queue = new InputQueue(s, inputs);
  for (const planned of inputs.slice(0, early < 0 ? inputs.length : early)) queue.push(planned);
  writeControls(s, host, work);
  for (const planned of early < 0 ? [] : inputs.slice(early)) queue.push(planned);
  for (let first = 0; first < steps.columnSteps; first += columnsAtOnce) for (const fifo of fabric.c) s.wait(fifo);
}

/** Bits of the word `flags`. Source: kernels/matmul/channels.h. */
const storeFlags = { channels: 1, gelu: 2 } as const;

function writeControls(s: SequenceBuilder, host: HostBuffers, { fabric, shape, spec, steps }: Work): void {
  const hasChannels = host.channels !== undefined;
  const hasResidual = host.residual !== undefined;
  const words: Readonly<Record<ControlWord, number>> = {
    columnSteps: steps.columnSteps,
    channelObjects: hasChannels ? 1 : 0,
    rowSteps: steps.rowSteps,
    kSteps: steps.kSteps,
    plainStores: hasResidual ? 0 : 1,
    residualObjects: hasResidual ? (spec.cores.rows * spec.tile.m) / spec.tile.k : 0,
    flags: (hasChannels ? storeFlags.channels : 0) + (shape.gelu ? storeFlags.gelu : 0),
  };
  for (const control of fabric.controls) {
    controlWords.forEach((name, i) => {
      s.writeParameter(control.words, i, words[name]);
    });
    s.setLock(control.go, 1);
  }
}

/** Transfers to the array in the order in which cores need them: each column step brings channels, then rows of a and b. */
function planInputs(host: HostBuffers, { fabric, spec, steps }: Work): readonly Planned[] {
  const { tile, cores, type, stationary } = spec;
  const planned: Planned[] = [];
  const aRows = (cores.rows / fabric.a.length) * tile.m;
  const rowStride = cores.rows * tile.m * steps.depth;
  const elementsPerWord = 4 / type.input.bytes;
  for (let column = 0; column < steps.columnSteps; column++) {
    const columnOf = (c: number) => (column * cores.columns + c) * tile.n;
    const { channels } = host;
    if (channels !== undefined) {
      // The words of n columns, as often as it takes to fill an object.
      const repeats = (tile.k * tile.n) / (channelRows * tile.n * elementsPerWord);
      fabric.b.forEach((fifo, c) => {
        planned.push({
          fifo,
          firstId: firstBd.b,
          buffer: channels,
          offset: columnOf(c) * elementsPerWord,
          sizes: [repeats, 1, channelRows, tile.n * elementsPerWord],
          strides: [0, 0, steps.columns * elementsPerWord, 1],
        });
      });
    }
    // A residual comes between the rows of b, so each row step has transfers of its own.
    const rowsAtOnce = host.residual === undefined ? iterationMax : 1;
    const sendB = (rows: number) => {
      fabric.b.forEach((fifo, c) => {
        planned.push({
          fifo,
          firstId: firstBd.b,
          buffer: host.b,
          offset: columnOf(c),
          sizes: [rows, steps.kSteps, tile.k, tile.n],
          strides: [0, tile.k * steps.columns, steps.columns, 1],
        });
      });
    };
    if (stationary === "weights") sendB(1);
    for (let row = 0; row < steps.rowSteps; row += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, steps.rowSteps - row);
      fabric.a.forEach((fifo, stream) => {
        planned.push({
          fifo,
          firstId: firstBd.a,
          buffer: host.a,
          offset: row * rowStride + stream * aRows * steps.depth,
          sizes: [rows, steps.kSteps, aRows, tile.k],
          strides: [rowStride, tile.k, steps.depth, 1],
        });
      });
      if (stationary === "outputs") sendB(rows);
      fabric.b.forEach((fifo, c) => {
        if (host.residual === undefined) return;
        const height = cores.rows * tile.m;
        planned.push({
          fifo,
          firstId: firstBd.b,
          buffer: host.residual,
          offset: row * height * steps.columns + columnOf(c),
          sizes: [1, 1, height, tile.n],
          strides: [0, 0, steps.columns, 1],
        });
      });
    }
  }
  return planned;
}

/** Keeps each input's queue from running over: a transfer waits for the one that is a queue's depth before it. */
class InputQueue {
  readonly #sequence: SequenceBuilder;
  readonly #total = new Map<FifoHandle, number>();
  readonly #pushed = new Map<FifoHandle, number>();

  constructor(sequence: SequenceBuilder, planned: readonly Planned[]) {
    this.#sequence = sequence;
    for (const { fifo } of planned) this.#total.set(fifo, (this.#total.get(fifo) ?? 0) + 1);
  }

  push({ firstId, ...transfer }: Planned): void {
    const { fifo } = transfer;
    const position = this.#pushed.get(fifo) ?? 0;
    this.#pushed.set(fifo, position + 1);
    if (position >= queueDepth) this.#sequence.wait(fifo);
    const isWaitedFor = position + queueDepth < (this.#total.get(fifo) ?? 0);
    const id = firstId + (position % queueDepth);
    this.#sequence.transfer({ ...transfer, id, ...(isWaitedFor && { issueToken: true }) });
  }
}

/** @throws UsageError for an ending that the types do not have; ShapeError for arrays that the shim DMAs do not reach. */
function checkLimits(shape: MatmulShape, { type, tile, cores }: MatmulFabricSpec): void {
  if (shape.gelu && !type.floats) {
    throw new UsageError(
      `matmul ${shape.name}: GELU needs a result that is a number in bf16 or f32, got ${type.output.dtype}`,
      {
        hint: `use dtype ${type.input.name}_bf16`,
      },
    );
  }
  if (shape.residual && !takesResidual(type)) {
    throw new UsageError(
      `matmul ${shape.name}: a residual has to be as wide as the operands: ${type.input.dtype} in, ${type.output.dtype} out`,
      { hint: `use dtype ${type.input.name}_${type.input.name}, or add it in a kernel of its own` },
    );
  }
  const problem = reachProblem(shape, { type, tile, cores });
  if (problem !== undefined) throw reachError(problem);
}

/** A size of a product that is too large for a shim BD's fields. */
export interface ReachProblem {
  readonly shape: MatmulShape;
  readonly what: "K" | "N";
  /** The largest size that works with the same tile. */
  readonly most: number;
  readonly why: string;
}

/** Which size is too large for the strides and steps of shim BDs; a step that is taken once needs no stride. */
export function reachProblem(
  shape: MatmulShape,
  spec: Pick<MatmulFabricSpec, "type" | "tile" | "cores">,
): ReachProblem | undefined {
  const { type, tile, cores } = spec;
  const { rowSteps, columnSteps, kSteps, depth, columns } = matmulSteps(shape, spec);
  const rows = cores.rows * tile.m;
  const strides = [
    { what: "K", steps: rowSteps, size: depth, rows, bytes: type.input.bytes },
    { what: "N", steps: rowSteps, size: columns, rows, bytes: type.output.bytes },
    { what: "N", steps: kSteps, size: columns, rows: tile.k, bytes: type.input.bytes },
  ] as const;
  for (const { what, steps, size, rows: apart, bytes } of strides) {
    const most = Math.floor((strideMaxWords * 4) / (apart * bytes));
    if (steps > 1 && size > most) return { shape, what, most, why: "what a shim DMA's stride reaches" };
  }
  if (columnSteps <= mostColumnSteps) return undefined;
  return { shape, what: "N", most: mostColumnSteps * cores.columns * tile.n, why: "the steps of its shim BDs" };
}

export function reachError({ shape, what, most, why }: ReachProblem): ShapeError {
  const got = what === "K" ? shape.k : shape.n;
  return new ShapeError(`matmul ${shape.name}: ${what} = ${got}: expected at most ${most}, ${why}`, {
    hint: `split ${what} and ${what === "K" ? "add the parts" : "join the parts"}`,
  });
}

function argSpecs(
  shape: MatmulShape,
  steps: MatmulSteps,
  { spec, hasChannels }: { readonly spec: MatmulFabricSpec; readonly hasChannels: boolean },
): DesignSequence["args"] {
  const { input, output } = spec.type;
  const arg = (name: string, dtype: DType, shape: readonly number[], padded: readonly number[]) => ({
    name,
    direction: name === "c" ? ("out" as const) : ("in" as const),
    dtype,
    shape,
    ...(shape.some((size, axis) => size !== padded[axis]) && { padded }),
  });
  const { m, k, n } = shape;
  return [
    arg("a", input.dtype, [m, k], [steps.rows, steps.depth]),
    arg("b", input.dtype, [k, n], [steps.depth, steps.columns]),
    ...(hasChannels
      ? [
          {
            ...arg("channels", "i32", [channelRows, n], [channelRows, steps.columns]),
            meaning: channelsMeaning(spec.type),
          },
        ]
      : []),
    ...(shape.residual ? [arg("residual", output.dtype, [m, n], [steps.rows, steps.columns])] : []),
    arg("c", output.dtype, [m, n], [steps.rows, steps.columns]),
  ];
}

/** What the rows of `channels` are. Source: the kernels' header comments. */
function channelsMeaning({ requantised, floats, input }: MatmulType): string {
  if (input.dtype === "bf16") return "rows: bits of bias as f32, 0, 0, 0";
  if (floats) return "rows: bias, bits of scale as f32, 0, 0";
  return requantised ? "rows: bias, multiplier, shift (one value in all columns), 0" : "rows: bias, 0, 0, 0";
}
