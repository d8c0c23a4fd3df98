import { tileModels } from "../../device-model/tile-model.ts";
import {
  aStreamCount,
  channelRows,
  controlWords,
  type MatmulCores,
  type MatmulStationary,
  type MatmulTile,
  weightObjects,
} from "./matmul-fabric.ts";
import { type MatmulSteps, matmulSteps } from "./matmul-sequence.ts";
import type { MatmulShape } from "./matmul-shapes.ts";
import type { Generation, MatmulType } from "./matmul-types.ts";

export interface MatmulCyclesRequest {
  readonly type: MatmulType;
  readonly generation: Generation;
  readonly cores: MatmulCores;
  readonly tile: MatmulTile;
  readonly stationary: MatmulStationary;
  readonly shape: MatmulShape;
  /** The build has kernels for a residual, whether this shape adds one or not. */
  readonly residualBuilt: boolean;
}

/**
 * Cycles of one launch, as the simulator models them: an estimate of its cost model, not a measurement. All columns do the
 * same at the same time, so one stream of `a`, one of `b`, one core and one stream of `c` are followed, object by object:
 * who waits for whose buffer. Row and column steps repeat after a few, and are not followed to the end.
 */
export function matmulCycles(request: MatmulCyclesRequest): number {
  const steps = matmulSteps(request.shape, request);
  const rows = Math.min(steps.rowSteps, followedRows);
  const columns = Math.min(steps.columnSteps, Math.max(leastColumns, Math.ceil(followedSteps / rows)));
  const followed = new Timeline(request, steps, { rows, columns }).run();
  const { end, rowCycles, columnCycles } = followed;
  const moreRows = (steps.rowSteps - rows) * rowCycles;
  return Math.round(end + columns * moreRows + (steps.columnSteps - columns) * (columnCycles + moreRows));
}

/** Cycles in which no kernel and no lock lets a core do less for a product: what the streams and cores need at least. */
export function leastMatmulCycles(request: MatmulCyclesRequest): number {
  const { rowSteps, columnSteps, kSteps } = matmulSteps(request.shape, request);
  const { step, firstStep, store } = kernelCycles(request);
  const words = objectWords(request);
  const streams = request.stationary === "weights" ? words.a.cycles : Math.max(words.a.cycles, words.b.cycles);
  const perRow = Math.max(kSteps * Math.max(Math.min(step, firstStep), streams) + store, words.c.cycles);
  return rowSteps * columnSteps * perRow;
}

/** As many steps as it takes until the buffers of the slowest stream are full, or empty. */
const followedRows = 24;
const followedSteps = 24;
const leastColumns = 3;

/**
 * The simulator's cost model (packages/sim/src/cost-model.ts) and what it charges for the loops of a core's body
 * (matmul-fabric.ts), counted in its reports. matmul-cycles.test.ts holds both together.
 */
const cost = {
  bdStart: 8,
  lock: 2,
  record: 20,
  token: 20,
  hostBurstWords: 16,
  call: 40,
  /** Waking up and reading the counts. */
  wake: 34,
  column: 5,
  channels: 25,
  row: 28,
  step: 48,
  residualObject: 26,
  weights: 24,
} as const;
/** A BD that takes a lock before it moves anything. */
const lockedStart = cost.bdStart + cost.lock;
/** Records of a transfer: BD, address, queue; one more where its end is reported. */
const transferRecords = 3;
const coreRecords = controlWords.length + 1;

interface ObjectWords {
  readonly words: number;
  /** From or to host memory, whose bandwidth short runs do not use. */
  readonly cycles: number;
}

function objectWords({
  type,
  tile,
  cores,
}: MatmulCyclesRequest): Record<"a" | "b" | "channels" | "residual" | "c", ObjectWords> {
  const { m, k, n } = tile;
  const { input, output } = type;
  const object = (rows: number, columns: number, bytes: number): ObjectWords => {
    const words = (rows * columns * bytes) / 4;
    const efficiency = Math.min(1, (columns * bytes) / 4 / cost.hostBurstWords);
    return { words, cycles: Math.ceil(words / efficiency) };
  };
  const tilesEach = cores.rows / aStreamCount(cores);
  const b = object(k, n, input.bytes);
  return {
    a: object(tilesEach * m, k, input.bytes),
    b,
    channels: { words: b.words, cycles: Math.ceil(b.words / Math.min(1, n / cost.hostBurstWords)) },
    residual: b,
    c: object(cores.rows * m, n, output.bytes),
  };
}

interface KernelCycles {
  /** The first step of a tile, and the others, which load sums. */
  readonly firstStep: number;
  readonly step: number;
  readonly channels: number;
  readonly store: number;
  /** A residual's object that has rows of the core's tile. */
  readonly storeResidual: number;
}

/** Calls of the kernels: the busiest unit of a core in each, counted in their loops (kernels/matmul). */
function kernelCycles({ type, generation, tile, shape }: MatmulCyclesRequest): KernelCycles {
  const { input } = type;
  const { m, k, n } = tile;
  const { r, s, t, blocksDown, blocksAcross } = input.native[generation];
  const wide = generation === "aie2p" ? 2 : 1;
  const groups = (m / r / blocksDown) * (n / t / blocksAcross);
  const sums = m * n * input.sums.bytes;
  const operands = groups * (k / s) * (blocksDown * r * s + blocksAcross * s * t) * input.bytes;
  const macs = (m * k * n) / input.macsPerCycle[generation];
  const step = (loads: number) => cost.call + Math.max(macs, loads / (64 * wide), sums / (32 * wide));
  const runs = storeRuns(type, shape.gelu, generation);
  const store = (rows: number, more: number) =>
    cost.call + runs.once + (rows * n * (runs.each + more)) / 32 + (r * n * runs.perColumns) / 32;
  return {
    firstStep: step(operands),
    step: step(operands + sums),
    channels: cost.call + 2 * channelRows * n,
    store: store(m, 0),
    storeResidual: store(Math.min(m, k), type.floats ? 2 : 6),
  };
}

/** Vector issues for a run of 32 values on its way out, for the run's columns, and once. Counted in the kernels' loops. */
function storeRuns({ floats, input, output }: MatmulType, gelu: boolean, generation: Generation) {
  const wide = generation === "aie2p" ? 2 : 1;
  if (!floats) return { each: output.bytes === 4 ? 4 / wide : 6, perColumns: 0, once: 0 };
  const activation = gelu ? 46 : 0;
  const once = gelu ? 42 : 0;
  if (input.dtype === "i8") return { each: 8 + activation, perColumns: 3, once };
  if (output.bytes === 4) return { each: gelu ? 2 + activation : 4 / wide, perColumns: gelu ? 1 : 0, once };
  return { each: 3 + activation, perColumns: 1, once };
}

/** Objects that pass shim, memtile and cores: two of them in the memtile, one or two in a core. */
class InputStream {
  /** Ends of the transfers from the host, by position. */
  readonly transferEnds: number[] = [];
  /** When a core gave back its last objects, and the memtile its; the oldest first. */
  readonly #released: number[];
  readonly #forwarded = [0, 0];
  #arrived = 0;

  constructor(objectsInCore: 1 | 2) {
    this.#released = Array.from({ length: objectsInCore }, () => 0);
  }

  /** When the next object is in the cores. `issued`: set where it is the first of an execution of a shim BD. */
  next(host: ObjectWords, coreWords: number, issued: number | undefined): number {
    const [before, last] = this.#forwarded as [number, number];
    const taken = Math.max(this.#arrived, before) + lockedStart;
    const sent = issued === undefined ? 0 : Math.max(issued, this.#arrived) + cost.bdStart;
    this.#arrived = Math.max(taken, sent) + host.cycles;
    const ready = Math.max(last, this.#arrived, this.#released[0]!) + lockedStart;
    const inCores = ready + coreWords;
    this.#forwarded.shift();
    this.#forwarded.push(inCores);
    return inCores;
  }

  release(at: number): void {
    this.#released.shift();
    this.#released.push(at);
  }

  /** The last object so far ended a transfer. */
  endTransfer(): void {
    this.transferEnds.push(this.#arrived);
  }
}

interface Followed {
  readonly end: number;
  /** Of the last row step, and of the last column step. */
  readonly rowCycles: number;
  readonly columnCycles: number;
}

class Timeline {
  readonly #request: MatmulCyclesRequest;
  readonly #steps: MatmulSteps;
  readonly #followed: { readonly rows: number; readonly columns: number };
  readonly #kernels: KernelCycles;
  readonly #words: ReturnType<typeof objectWords>;
  readonly #a = new InputStream(2);
  readonly #b: InputStream;
  /** Transfers of each stream in this launch, for which of them report their end. */
  readonly #transfers: { readonly a: number; readonly b: number };
  #controller = 0;
  #core = 0;
  #coresStarted = false;
  /** When the core's object of c is free, and ends of what the memtile sent to the host. */
  #cFree = 0;
  readonly #cSent = [0, 0];
  #cJoined = 0;
  /** The memtile was still sending results when the last ones came. */
  #cWaited = false;

  constructor(
    request: MatmulCyclesRequest,
    steps: MatmulSteps,
    followed: { readonly rows: number; readonly columns: number },
  ) {
    this.#request = request;
    this.#steps = steps;
    this.#followed = followed;
    this.#kernels = kernelCycles(request);
    this.#words = objectWords(request);
    this.#b = new InputStream(weightObjects(request.stationary));
    const rowTransfers = request.shape.residual ? steps.rowSteps : 1;
    const perColumn = (hasChannels(request) ? 1 : 0) + (request.shape.residual ? 2 : 1) * rowTransfers;
    this.#transfers = { a: steps.columnSteps * rowTransfers, b: steps.columnSteps * perColumn };
  }

  run(): Followed {
    const { rows, columns } = this.#followed;
    const { cores } = this.#request;
    this.#controller = (cores.columns * (transferRecords + 1) - 1) * cost.record;
    const [rowEnds, columnEnds]: [number[], number[]] = [[0], [0]];
    for (let column = 0; column < columns; column++) {
      this.#columnStep(() => rowEnds.push(this.#core));
      columnEnds.push(this.#core);
    }
    // Buffers of two objects make steps alternate.
    const last = (ends: readonly number[]) => (ends.at(-1)! - ends.at(-3)!) / 2;
    return {
      end: this.#cSent[1]! - this.#lead() + cost.token + (cores.columns - 1) * cost.record,
      rowCycles: rows > 2 ? last(rowEnds) : 0,
      columnCycles: columns > 2 ? last(columnEnds) : 0,
    };
  }

  /**
   * Cycles that the last results gain because the upper cores of a column were told first: what they have done is on its way
   * when the last core is done. Objects that go to all of them at once keep the cores together, two objects apart at most.
   */
  #lead(): number {
    const { cores } = this.#request;
    const { a, b, c } = this.#words;
    if (this.#cWaited) return 0;
    const apart = (cores.rows - 1) * coreRecords * cost.record;
    const { rowSteps, columnSteps, kSteps } = this.#steps;
    const isShort = rowSteps * columnSteps * kSteps <= 2;
    const kept = this.#kernels.step + cost.step - lockedStart - Math.max(a.words, b.words);
    const lead = isShort ? apart : Math.min(apart, Math.max(0, kept));
    return Math.min(lead, (c.cycles / cores.rows) * (cores.rows - 1));
  }

  #columnStep(onRow: () => void): void {
    const { rows } = this.#followed;
    const { stationary, shape } = this.#request;
    const { residual } = shape;
    this.#core += cost.column;
    if (hasChannels(this.#request)) {
      const issued = this.#issue("b");
      this.#takeChannels(issued);
    }
    if (stationary === "weights") {
      this.#weightRows(onRow);
      return;
    }
    let [aIssued, bIssued] = [0, 0];
    for (let row = 0; row < rows; row++) {
      const isFirst = row === 0 || residual;
      if (isFirst) [aIssued, bIssued] = [this.#issue("a"), this.#issue("b")];
      this.#rowStep({ aIssued, bIssued, endsTransfer: residual || row === rows - 1 });
      onRow();
    }
  }

  /** Rows of a past the weights of a column. */
  #weightRows(onRow: () => void): void {
    const { a, b } = this.#words;
    const weightsIssued = this.#issue("b");
    const aIssued = this.#issue("a");
    this.#startCores();
    this.#useChannels();
    const weights = this.#b.next(b, b.words, weightsIssued);
    this.#b.endTransfer();
    this.#core = Math.max(this.#core, weights) + cost.weights;
    for (let row = 0; row < this.#followed.rows; row++) {
      const rows = this.#a.next(a, this.#aCoreWords, aIssued);
      const released = Math.max(this.#core, rows) + cost.step / 2 + this.#kernels.firstStep;
      this.#a.release(released);
      this.#core = released;
      this.#store();
      onRow();
    }
    this.#a.endTransfer();
    this.#b.release(this.#core);
  }

  get #aCoreWords(): number {
    const { cores } = this.#request;
    return this.#words.a.words / (cores.rows / aStreamCount(cores));
  }

  /** When the controller has queued the next transfer of all streams of a kind; it waits where a queue is full. */
  #issue(kind: "a" | "b"): number {
    const { cores } = this.#request;
    const stream = kind === "a" ? this.#a : this.#b;
    const count = kind === "a" ? aStreamCount(cores) : cores.columns;
    const position = this.#issued[kind]++;
    const { queueDepth } = tileModels.shim.dma;
    // What comes second on a stream comes after the cores were told what to do.
    if (position > 0) this.#startCores();
    let records = transferRecords;
    if (position + queueDepth < this.#transfers[kind]) records++;
    if (position >= queueDepth) {
      this.#controller = Math.max(this.#controller, stream.transferEnds[position - queueDepth]! + cost.token);
      records++;
    }
    this.#controller += count * records * cost.record;
    return this.#controller;
  }
  readonly #issued = { a: 0, b: 0 };

  #startCores(): void {
    if (this.#coresStarted) return;
    this.#coresStarted = true;
    const { columns, rows } = this.#request.cores;
    this.#controller += columns * rows * coreRecords * cost.record;
    this.#core += this.#controller + cost.wake;
  }

  #takeChannels(issued: number): void {
    const arrived = this.#b.next(this.#words.channels, this.#words.b.words, issued);
    this.#pendingChannels = arrived;
    this.#b.endTransfer();
  }
  #pendingChannels: number | undefined;

  #rowStep(at: { readonly aIssued: number; readonly bIssued: number; readonly endsTransfer: boolean }): void {
    this.#startCores();
    this.#useChannels();
    const { kSteps } = this.#steps;
    const { a, b } = this.#words;
    for (let step = 0; step < kSteps; step++) {
      const left = this.#a.next(a, this.#aCoreWords, step === 0 ? at.aIssued : undefined);
      const right = this.#b.next(b, b.words, step === 0 ? at.bIssued : undefined);
      const kernel = step === 0 ? this.#kernels.firstStep : this.#kernels.step;
      const released = Math.max(this.#core, left, right) + cost.step / 2 + kernel;
      this.#a.release(released);
      this.#b.release(released);
      this.#core = released + cost.step / 2;
    }
    if (at.endsTransfer) {
      this.#a.endTransfer();
      this.#b.endTransfer();
    }
    this.#store();
  }

  #useChannels(): void {
    if (this.#pendingChannels === undefined) return;
    this.#core = Math.max(this.#core, this.#pendingChannels) + this.#kernels.channels + cost.channels;
    this.#b.release(this.#core);
    this.#pendingChannels = undefined;
  }

  #store(): void {
    const { shape, cores, residualBuilt } = this.#request;
    this.#core = Math.max(this.#core, this.#cFree) + cost.row;
    if (shape.residual) this.#storeResidual();
    else this.#core += this.#kernels.store + (residualBuilt ? 1 : 0);
    const { c } = this.#words;
    const [before, last] = this.#cSent as [number, number];
    this.#cFree = Math.max(this.#core, this.#cJoined, before) + lockedStart + c.words / cores.rows;
    this.#cJoined = this.#cFree;
    const starts = lockedStart * cores.rows;
    this.#cSent.shift();
    this.#cWaited = last > this.#cJoined;
    this.#cSent.push(Math.max(this.#cJoined, last) + starts + c.cycles);
  }

  #storeResidual(): void {
    const { cores, tile } = this.#request;
    const objects = (cores.rows * tile.m) / tile.k;
    const mine = Math.max(1, tile.m / tile.k);
    const issued = this.#issue("b");
    const { residual, b } = this.#words;
    for (let object = 0; object < objects; object++) {
      const arrived = this.#b.next(residual, b.words, object === 0 ? issued : undefined);
      // Cores of a column take an object when the last of them, whose rows come last, is there.
      const kernel = object >= objects - mine ? this.#kernels.storeResidual : cost.call;
      this.#core = Math.max(this.#core, arrived) + cost.residualObject + kernel;
      this.#b.release(this.#core);
    }
    this.#b.endTransfer();
  }
}

function hasChannels({ type, shape }: MatmulCyclesRequest): boolean {
  return type.requantised || shape.bias;
}
