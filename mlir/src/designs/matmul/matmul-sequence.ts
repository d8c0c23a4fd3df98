import { type DType, ShapeError, UsageError } from "@aiekit/core";
import type { DesignBuilder } from "../../builder/design-builder.ts";
import type { FifoHandle } from "../../builder/handles.ts";
import type { SequenceBuilder, TransferOptions } from "../../builder/sequence-builder.ts";
import { tileModels } from "../../device-model/tile-model.ts";
import type { Value } from "../../ir/operation.ts";
import { type MemRefType, memref } from "../../ir/types.ts";
import type { DesignSequence } from "../../registry.ts";
import { type ControlWord, controlWords, type MatmulFabric, type MatmulFabricSpec } from "./matmul-fabric.ts";
import type { MatmulShape } from "./matmul-shapes.ts";
import {
  channelObjects,
  channelRows,
  channelsMeaning,
  channelsType,
  type MatmulType,
  takesResidual,
} from "./matmul-types.ts";

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
  const channels = spec.type.requantised || shape.bias ? channelsOf(shape, spec) : undefined;
  const args: Record<string, MemRefType> = {
    a: memref([steps.rows, steps.depth], input.type),
    b: memref([steps.depth, steps.columns], input.b.type),
    ...(channels && { channels: memref([channels.sentRows, (steps.columns * 4) / input.b.bytes], input.b.type) }),
    ...(shape.residual && { residual: memref([steps.rows, steps.columns], output.type) }),
    c: memref([steps.rows, steps.columns * output.each], output.type),
  };
  d.sequence({ name: shape.name, args }, (s, host) => {
    writeTransfers(s, host as unknown as MatmulHostBuffers, { fabric, spec, shape, steps, channels });
  });
  return { name: shape.name, units: 1, args: argSpecs(shape, steps, { spec, channels }) };
}

/** Words for the columns, as objects of b. */
interface MatmulChannels {
  readonly rows: number;
  /** Rows of the host's buffer. */
  readonly sentRows: number;
  readonly objects: number;
  /** How often the rows are sent, to fill an object. */
  readonly repeats: number;
}

/** Groups have as many rows as fill whole objects; four rows are sent as often as it takes to fill one. */
export function channelsOf(shape: MatmulShape, { type, tile }: MatmulFabricSpec): MatmulChannels {
  const { input } = type;
  const rows = channelRows(input, shape.k);
  const objects = channelObjects(input, tile.k, rows);
  const rowsEach = (tile.k * input.b.bytes) / 4;
  if (input.group === undefined) return { rows, sentRows: rows, objects, repeats: rowsEach / rows };
  return { rows, sentRows: objects * rowsEach, objects, repeats: 1 };
}

export interface MatmulHostBuffers {
  readonly a: Value;
  readonly b: Value;
  readonly channels: Value | undefined;
  readonly residual: Value | undefined;
  readonly c: Value;
}

interface MatmulWork {
  readonly fabric: MatmulFabric;
  readonly spec: MatmulFabricSpec;
  readonly shape: MatmulShape;
  readonly steps: MatmulSteps;
  readonly channels: MatmulChannels | undefined;
  /** Row of its buffer where c begins; 0 where left out. */
  readonly cFirstRow?: number;
}

const { queueDepth, iterationMax, strideMaxWords } = tileModels.shim.dma;

/** First BD of a shim tile for each use: as many for each as its queue holds. */
const firstBd = { a: 0, b: queueDepth, c: 2 * queueDepth } as const;
export const shimBdCount = 3 * queueDepth;

/** Steps that the results' transfers count: those of one queue. */
const mostColumnSteps = queueDepth * iterationMax;

/** A transfer to the array; `firstId` is the first of the BDs that its fifo takes in turn. */
export interface Planned extends Omit<TransferOptions, "id" | "issueToken"> {
  readonly fifo: FifoHandle;
  readonly firstId: number;
}

/** Everything a launch moves, and what it tells the cores. */
export function writeTransfers(s: SequenceBuilder, host: MatmulHostBuffers, work: MatmulWork): void {
  const { fabric, spec, steps, cFirstRow = 0 } = work;
  const { tile, cores } = spec;
  const { each } = spec.type.output;
  const width = tile.n * each;
  const columnsAtOnce = Math.min(steps.columnSteps, iterationMax);
  for (let first = 0; first < steps.columnSteps; first += columnsAtOnce) {
    fabric.c.forEach((fifo, c) => {
      const rows = cores.rows * tile.m;
      s.transfer({
        fifo,
        buffer: host.c,
        id: firstBd.c + first / columnsAtOnce,
        offset: cFirstRow * steps.columns * each + (first * cores.columns + c) * width,
        sizes: [Math.min(columnsAtOnce, steps.columnSteps - first), steps.rowSteps, rows, width],
        strides: [cores.columns * width, rows * steps.columns * each, steps.columns * each, 1],
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

function writeControls(s: SequenceBuilder, host: MatmulHostBuffers, work: MatmulWork): void {
  const { fabric, shape, spec, steps, channels } = work;
  const hasResidual = host.residual !== undefined;
  const flags = (channels ? storeFlags.channels : 0) + (shape.gelu ? storeFlags.gelu : 0);
  const activatesFirst = hasResidual && shape.gelu && spec.activates === true;
  const words: Readonly<Record<ControlWord, number>> = {
    columnSteps: steps.columnSteps,
    channelObjects: channels?.objects ?? 0,
    rowSteps: steps.rowSteps,
    kSteps: steps.kSteps,
    plainStores: hasResidual ? 0 : 1,
    residualObjects: hasResidual ? (spec.cores.rows * spec.tile.m) / spec.tile.k : 0,
    flags: activatesFirst ? 0 : flags,
    activations: activatesFirst ? 1 : 0,
  };
  for (const control of fabric.controls) {
    controlWords.forEach((name, i) => {
      if (name === "activations" && spec.activates !== true) return;
      s.writeParameter(control.words, i, words[name]);
    });
    s.setLock(control.go, 1);
  }
}

/** Transfers to the array in the order in which cores need them: each column step brings channels, then rows of a and b. */
function planInputs(host: MatmulHostBuffers, work: MatmulWork): readonly Planned[] {
  const { fabric, spec, steps, channels, shape } = work;
  const { tile, cores, type, stationary } = spec;
  const { aPitch = steps.depth } = shape;
  const planned: Planned[] = [];
  const aRows = (cores.rows / fabric.a.length) * tile.m;
  const rowStride = cores.rows * tile.m * aPitch;
  const elementsPerWord = 4 / type.input.b.bytes;
  for (let column = 0; column < steps.columnSteps; column++) {
    const columnOf = (c: number) => (column * cores.columns + c) * tile.n;
    const buffer = host.channels;
    if (channels !== undefined && buffer !== undefined) {
      const { repeats, sentRows } = channels;
      fabric.b.forEach((fifo, c) => {
        planned.push({
          fifo,
          firstId: firstBd.b,
          buffer,
          offset: columnOf(c) * elementsPerWord,
          sizes: [repeats, 1, sentRows, tile.n * elementsPerWord],
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
          offset: row * rowStride + stream * aRows * aPitch,
          sizes: [rows, steps.kSteps, aRows, tile.k],
          strides: [rowStride, tile.k, aPitch, 1],
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
export class InputQueue {
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
      `matmul ${shape.name}: a residual has to be of the operands' type: ${operandTypes(type.input)} in, ${type.output.dtype} out`,
      { hint: residualHint(type) },
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
    { what: "K", steps: rowSteps, size: shape.aPitch ?? depth, rows, bytes: type.input.bytes },
    { what: "N", steps: rowSteps, size: columns, rows, bytes: type.output.bytes },
    { what: "N", steps: kSteps, size: columns, rows: tile.k, bytes: type.input.b.bytes },
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

/** `i8`, or `i16 x i8` where they differ. */
function operandTypes({ dtype, b }: MatmulType["input"]): string {
  return dtype === b.dtype ? dtype : `${dtype} x ${b.dtype}`;
}

function residualHint({ input }: MatmulType): string {
  const other = "add it in a kernel of its own";
  if (input.dtype !== input.b.dtype || input.group !== undefined) return other;
  return `use dtype ${input.name}_${input.name}, or ${other}`;
}

function argSpecs(
  shape: MatmulShape,
  steps: MatmulSteps,
  { spec, channels }: { readonly spec: MatmulFabricSpec; readonly channels: MatmulChannels | undefined },
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
    arg("b", input.b.dtype, [k, n], [steps.depth, steps.columns]),
    ...(channels
      ? [
          {
            ...arg("channels", channelsType(input), [channels.rows, n], [channels.sentRows, steps.columns]),
            meaning: channelsMeaning(spec.type),
          },
        ]
      : []),
    ...(shape.residual ? [arg("residual", output.dtype, [m, n], [steps.rows, steps.columns])] : []),
    arg("c", output.dtype, [m, n], [steps.rows, steps.columns]),
  ];
}
