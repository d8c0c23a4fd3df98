import { tileModels } from "../../device-model/tile-model.ts";
import {
  coreRecords,
  cost,
  lockedStart,
  type MatmulCyclesRequest,
  type ObjectWords,
  objectWords,
  transferRecords,
} from "./matmul-charges.ts";
import { aStreamCount, weightObjects } from "./matmul-fabric.ts";
import { type KernelCycles, kernelCycles } from "./matmul-kernel-cycles.ts";
import type { MatmulSteps } from "./matmul-sequence.ts";

interface Followed {
  readonly end: number;
  /** Of the last row step, and of the last column step. */
  readonly rowCycles: number;
  readonly columnCycles: number;
}

/** One core and one stream of each kind, object by object, over so many row and column steps. */
export class Timeline {
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
    const perColumn = (this.#kernels.channels.length > 0 ? 1 : 0) + (request.shape.residual ? 2 : 1) * rowTransfers;
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
    const apart = (cores.rows - 1) * coreRecords(this.#request) * cost.record;
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
    if (this.#kernels.channels.length > 0) {
      this.#channelsIssued = this.#issue("b");
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
    this.#controller += columns * rows * coreRecords(this.#request) * cost.record;
    this.#core += this.#controller + cost.wake;
  }

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

  #channelsIssued: number | undefined;
  #useChannels(): void {
    if (this.#channelsIssued === undefined) return;
    let issued: number | undefined = this.#channelsIssued;
    for (const kernel of this.#kernels.channels) {
      const arrived = this.#b.next(this.#words.channels, this.#words.b.words, issued);
      this.#core = Math.max(this.#core, arrived) + kernel + cost.channels;
      this.#b.release(this.#core);
      issued = undefined;
    }
    this.#b.endTransfer();
    this.#channelsIssued = undefined;
  }

  #store(): void {
    const { shape, cores, built } = this.#request;
    if (built.activates) this.#core += shape.residual && shape.gelu ? this.#kernels.activate : 1;
    this.#core = Math.max(this.#core, this.#cFree) + cost.row;
    if (shape.residual) this.#storeResidual();
    else this.#core += this.#kernels.store + (built.residual ? 1 : 0);
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
    const { b } = this.#words;
    for (let object = 0; object < objects; object++) {
      const arrived = this.#b.next(b, b.words, object === 0 ? issued : undefined);
      // Cores of a column take an object when the last of them, whose rows come last, is there.
      const kernel = object >= objects - mine ? this.#kernels.storeResidual : cost.call;
      this.#core = Math.max(this.#core, arrived) + cost.residualObject + kernel;
      this.#b.release(this.#core);
    }
    this.#b.endTransfer();
  }
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
