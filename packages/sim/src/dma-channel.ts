import type { DmaDirection } from "@aiekit/mlir";
import { type Bd, extentWords } from "./bd.ts";
import { BdCursor } from "./bd-cursor.ts";
import type { BdTable } from "./bd-table.ts";
import type { CostModel } from "./cost-model.ts";
import { type CounterSpan, type CounterTable, grownBy } from "./counter-table.ts";
import { SimFault, type TileCoord, tileName } from "./fault.ts";
import { describeLockWait } from "./fifo-names.ts";
import { hostSpan } from "./host-buffer.ts";
import type { LockUser } from "./lock.ts";
import { packetHeader } from "./packet-header.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Shadow } from "./shadow.ts";
import type { EndState, StreamEnd, WordStream } from "./stream-end.ts";
import type { TileMemory } from "./tile-memory.ts";
import { WaitCounters, type WaitReport } from "./wait-report.ts";

/** One push to a channel's task queue: a chain of BDs, executed `executions` times. */
interface Task {
  readonly bdId: number;
  executions: number;
  /** A token goes to the controller when the task has ended. */
  readonly token: boolean;
}

export interface ChannelPlace {
  readonly tile: TileCoord;
  readonly direction: DmaDirection;
  readonly channel: number;
}

interface ChannelParts {
  readonly bds: BdTable;
  readonly clock: Scheduler;
  readonly counters: CounterTable;
  readonly cost: CostModel;
  /** Tasks that may be outstanding, the running one included. */
  readonly queueDepth: number;
  readonly onToken: (channel: DmaChannel) => void;
}

/**
 * Where a channel's cycles went in a run, times between runs left out: the five kinds of them add up to those of the run.
 */
export interface ChannelCycles {
  /** There was no task. */
  readonly idleCycles: number;
  /** A BD's lock was not to be had. */
  readonly lockCycles: number;
  /** BDs were started. */
  readonly startCycles: number;
  /** Words were on their way. */
  readonly busyCycles: number;
  /** A BD was ready, and the other end of the stream was not. */
  readonly peerCycles: number;
}

/** Places behind a channel's first counter. `active`: cycles with a BD that has its lock. */
const [words, idle, locked, started, moved, active] = [0, 1, 2, 3, 4, 5];
const countersOfChannel = 6;

/** One DMA channel: takes tasks from its queue, walks their BD chains, and is one end of a stream. */
export class DmaChannel implements LockUser, ChannelPlace, StreamEnd {
  readonly tile: TileCoord;
  readonly direction: DmaDirection;
  readonly channel: number;
  readonly agentName: string;
  readonly cursor = new BdCursor();
  readonly streams: WordStream[] = [];
  owner: WordStream | undefined;
  state: EndState = "idle";
  bd: Bd | undefined;
  task: Task | undefined;
  remainingWords = 0;
  readyAt = 0;
  movedWords = 0;
  busyCycles = 0;
  movingSince: number | undefined;
  readonly #parts: ChannelParts;
  readonly #queue: Task[] = [];
  /** Since when the channel has been without a task, at a lock, or with a BD. */
  #since = 0;
  #phase: "idle" | "lock" | "active" = "idle";
  #idleCycles = 0;
  #lockCycles = 0;
  #activeCycles = 0;
  #startCycles = 0;
  /** When the BD's first word can move, apart from what the other end needs. */
  #startEnd = 0;
  #offsetWords = 0;
  readonly #counters: number;
  readonly #waits: WaitCounters;

  constructor(place: ChannelPlace, parts: ChannelParts) {
    this.tile = place.tile;
    this.direction = place.direction;
    this.channel = place.channel;
    this.agentName = `DMA ${place.direction} ${place.channel} of tile ${tileName(place.tile)}`;
    this.#parts = parts;
    this.#counters = parts.counters.reserve(countersOfChannel);
    this.#waits = new WaitCounters(parts.counters);
  }

  /** Writes the counters, with what is under way. */
  count(values: Float64Array): void {
    const place = this.#counters;
    values[place + words] = this.movedWords;
    values[place + idle] = this.#idleCycles;
    values[place + locked] = this.#lockCycles;
    values[place + started] = this.#startCycles;
    values[place + moved] = this.busyCycles;
    values[place + active] = this.#activeCycles;
    const passed = this.#passedCycles();
    if (this.#phase === "idle") {
      values[place + idle]! += passed;
    } else if (this.#phase === "lock") {
      values[place + locked]! += passed;
      if (passed > 0) this.#waits.add(this.bd!.acquire!.lock, passed, values);
    } else {
      values[place + active]! += passed;
      values[place + started]! += this.#startedCycles();
    }
    if (this.movingSince === undefined) return;
    const { now, runStart } = this.#parts.clock;
    values[place + moved]! += Math.max(0, now - Math.max(this.movingSince, runStart));
  }

  /** Words that it moved between two looks at the counters. */
  wordsIn(span: CounterSpan): number {
    return grownBy(span, this.#counters + words);
  }

  cyclesIn(span: CounterSpan): ChannelCycles {
    const since = (place: number): number => grownBy(span, this.#counters + place);
    return {
      idleCycles: since(idle),
      lockCycles: since(locked),
      startCycles: since(started),
      busyCycles: since(moved),
      peerCycles: since(active) - since(started) - since(moved),
    };
  }

  waitsIn(span: CounterSpan): WaitReport[] {
    return this.#waits.reports(span);
  }

  /** Memory that the BD works on. */
  get words(): Uint32Array {
    return this.bd!.memory.words;
  }

  get shadow(): Shadow | undefined {
    const { memory } = this.bd!;
    return memory.kind === "fixed" ? memory.shadow : undefined;
  }

  get tileMemory(): TileMemory | undefined {
    const { memory } = this.bd!;
    return memory.kind === "fixed" ? memory.tile : undefined;
  }

  get isTouched(): boolean {
    const user = this.tileMemory?.user;
    if (user === undefined) return false;
    const { first, last } = extentWords(this.bd!.pattern, this.#offsetWords);
    return user.touches(4 * first, 4 * last + 4);
  }

  get transferName(): string {
    return `${this.agentName}, ${this.bd!.name}`;
  }

  get packetId(): number | undefined {
    return this.bd?.packet?.id;
  }

  get packetHeader(): number {
    return packetHeader(this.bd!.packet!, this.tile);
  }

  get hostRunWords(): number {
    const { memory, pattern } = this.bd!;
    const [inner] = pattern.dims;
    if (memory.kind !== "host" || inner === undefined) return Number.POSITIVE_INFINITY;
    return inner.strideWords === 1 ? inner.size : 1;
  }

  /** Running and queued tasks. */
  get tasks(): readonly Task[] {
    return this.task ? [this.task, ...this.#queue] : this.#queue;
  }

  /** All that decides over what it does next. Undefined while words are on their way. */
  get stateKey(): string | undefined {
    if (this.movingSince !== undefined) return undefined;
    const tasks = this.tasks.map(({ bdId, executions, token }) => `${bdId}*${executions}${token ? "t" : ""}`);
    const { bd, remainingWords, cursor, readyAt } = this;
    // What a BD left that waits for its lock is not of this one.
    const left = Math.max(0, readyAt - this.#parts.clock.now);
    const at = this.state === "ready" ? `${remainingWords} ${cursor.position} ${this.#offsetWords} ${left}` : "";
    return `${this.state} ${tasks} ${bd?.id} ${at} ${this.owner !== undefined}`;
  }

  /** BDs that the channel can still come to without a new push. */
  reachableBds(): readonly Bd[] {
    const { bds } = this.#parts;
    const ids = new Set(this.tasks.flatMap((task) => [...bds.chain(task.bdId)]));
    return [...ids].flatMap((id) => bds.find(id) ?? []);
  }

  /** @throws SimFault when the queue is full. */
  push(task: Task): void {
    const { queueDepth, clock } = this.#parts;
    if (this.tasks.length >= queueDepth) {
      throw new SimFault(
        `${this.agentName}: task queue holds ${queueDepth} tasks, got one more (BD ${task.bdId}); hardware drops it silently`,
        { kind: "queue-overflow", cycle: clock.now, tile: this.tile },
        { hint: "await a task of this channel before more than four are started" },
      );
    }
    this.#queue.push(task);
    if (this.task === undefined) this.#startTask();
  }

  lockGranted(): void {
    this.#waits.add(this.bd!.acquire!.lock, this.#passedCycles());
    this.#traceWait();
    this.#activate();
  }

  /** A stream moved the last word of the BD: give back its lock and go on. */
  finish(): void {
    const bd = this.bd!;
    const task = this.task!;
    const { trace, now: end } = this.#parts.clock;
    if (trace !== undefined) {
      const { tile, direction, channel } = this;
      trace.slice({ track: this.agentName, name: bd.name, start: this.#since, end, stall: false });
      trace.transfers.push({
        tile,
        direction,
        channel,
        bd,
        offsetWords: this.#offsetWords,
        start: this.#since,
        end,
      });
    }
    this.#startCycles += this.#startedCycles();
    this.#enter("idle");
    this.bd = undefined;
    this.state = "idle";
    this.#parts.bds.stepIteration(bd);
    this.#parts.clock.events?.channelDoes(this, "FINISHED_BD");
    bd.release?.lock.release(bd.release.amount, `${this.agentName}, ${bd.name}`);
    if (bd.nextBd !== undefined) {
      this.#startBd(bd.nextBd);
    } else if (--task.executions > 0) {
      this.#startBd(task.bdId);
    } else {
      this.task = undefined;
      this.#parts.clock.events?.channelDoes(this, "FINISHED_TASK");
      if (task.token) this.#parts.onToken(this);
      this.#startTask();
    }
  }

  #traceWait(): void {
    const { trace, now: end } = this.#parts.clock;
    if (trace === undefined) return;
    const { lock, equal, amount } = this.bd!.acquire!;
    const name = `${this.bd!.name} waits for ${describeLockWait(lock, { equal, amount })}`;
    trace.slice({ track: this.agentName, name, start: this.#since, end, stall: true });
  }

  #enter(phase: "idle" | "lock" | "active"): void {
    const passed = this.#passedCycles();
    if (this.#phase === "idle") this.#idleCycles += passed;
    else if (this.#phase === "lock") this.#lockCycles += passed;
    else this.#activeCycles += passed;
    if ((this.#phase === "lock") !== (phase === "lock")) {
      this.#parts.clock.events?.channelWaitsForLock(this, phase === "lock");
    }
    this.#phase = phase;
    this.#since = this.#parts.clock.now;
  }

  #passedCycles(): number {
    const { now, runStart } = this.#parts.clock;
    return now - Math.max(this.#since, runStart);
  }

  /** Cycles of this run that the BD has taken for its start. */
  #startedCycles(): number {
    const { now, runStart } = this.#parts.clock;
    return Math.max(0, Math.min(this.#startEnd, now) - Math.max(this.#since, runStart));
  }

  #startTask(): void {
    this.task = this.#queue.shift();
    if (this.task === undefined) return;
    this.#parts.clock.events?.channelDoes(this, "START_TASK");
    this.#startBd(this.task.bdId);
  }

  #startBd(id: number): void {
    const bd = this.#parts.bds.get(id, this.agentName);
    this.bd = bd;
    if (bd.acquire && !bd.acquire.lock.acquire(this, bd.acquire)) {
      this.state = "lock";
      this.#waits.begin(bd.acquire.lock);
      this.#enter("lock");
      return;
    }
    this.#activate();
  }

  #activate(): void {
    const bd = this.bd!;
    const { bds, clock, cost } = this.#parts;
    const offsetWords = bds.iterationOffset(bd);
    if (bd.memory.kind === "host") hostSpan(bd, bd.memory, { channel: this, offsetWords, cycle: clock.now });
    this.cursor.start(bd.pattern, offsetWords);
    this.remainingWords = bd.pattern.lengthWords;
    this.readyAt = clock.now + cost.bdStartCycles + (bd.acquire ? cost.lockCycles : 0);
    this.#enter("active");
    this.#startEnd = this.readyAt;
    this.#offsetWords = offsetWords;
    this.state = "ready";
    clock.events?.endReady(this, this.readyAt);
    for (const stream of this.streams) stream.offer();
  }
}
