import { AbortedError, DeviceError, UsageError } from "@aiekit/core";
import { decodeTxn, type TxnStream } from "@aiekit/xclbin";
import { type ConfiguredArray, configureArray } from "./array.ts";
import type { ArrayConfig } from "./array-config.ts";
import type { HostBuffer } from "./controller.ts";
import { CriticalPath } from "./critical-path.ts";
import { deadlock } from "./deadlock.ts";
import { SimFault } from "./fault.ts";
import { endlessHint } from "./kernel-fault.ts";
import { pathReports } from "./path-report.ts";
import { type RunReport, readCounters, type TileReport, tileReports } from "./run-report.ts";
import type { Delays } from "./scheduler.ts";
import type { TraceRecorder } from "./trace-recorder.ts";
import { guarded, hearSignals } from "./turn-guard.ts";

export interface RunProgress {
  /** 32-bit words that have arrived in any buffer. */
  readonly wordsMoved: number;
  /** Modelled cycles since the run began. */
  readonly cycles: number;
}

export interface RunOptions {
  /** Instruction stream (TXN), binary or hexadecimal text, or decoded by one who runs it often. */
  readonly insts: Uint8Array | TxnStream;
  /** One for each argument of the runtime sequence, 4-byte aligned. Read and written in place. */
  readonly buffers: readonly Uint8Array[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RunProgress) => void;
  /**
   * Milliseconds in which a kernel must return. Default 10,000. Held by the instructions that its loops take, ten million a
   * millisecond, which no machine does: so a kernel that is ended may have had several times as long.
   */
  readonly kernelLimitMs?: number;
}

export interface AieArrayOptions {
  /** Milliseconds of wall-clock time, for pauses that let the event loop run. Default `performance.now`. */
  readonly wallClock?: () => number;
  /**
   * Memory is followed: reads of what was never written, objects used without being held, kernels that write or read
   * beside their arguments, stack that was used. Results and modelled cycles stay what they are; wall time grows.
   */
  readonly checked?: boolean;
  /** Makes events come later than modelled, to try other schedules that hardware may have. */
  readonly delays?: Delays;
  /** Is told what cores, DMA channels and locks do. */
  readonly trace?: TraceRecorder;
  /** Reports have the critical path of their run. It takes memory: some 100 bytes for each event of the run. */
  readonly path?: boolean;
  /**
   * Threads that run kernels, this one included. Results, modelled cycles and faults are those of one thread, which is the
   * default, where kernels keep to their arguments: the DMA works beside them on the other buffers of their tile. A checked or
   * traced array, one whose critical path is followed, cores that share memory, and arrays in a browser use one.
   */
  readonly threads?: number;
  /** Microseconds that calls of a kernel must take on average to be run in another thread. */
  readonly threadedFromUs?: number;
  /** False: the array's own thread runs none of the calls that go to others, for tests. Default true. */
  readonly takesCalls?: boolean;
}

/** Below this the way to another thread and back takes a good part of what it saves. */
const threadedFromUs = 10;

/** A run gives way to the event loop after this long. */
const turnMs = 100;
/** Turns of an array, from its first, which Ctrl-C breaks off; between turns it is heard in any case. */
const interruptedTurns = 3;
/** Events between two looks at the clock on the wall. */
const eventsPerLook = 64;
/** Instructions in loops for each millisecond of the limit: more than machines do, so that nothing is ended too early. */
const loopInstructionsPerMs = 10_000_000;
/** Several thousand times what the longest kernel call takes here. */
const kernelLimitMs = 10_000;
/**
 * Cycles, half a second of the array, in which cores may work without anything coming of it: no lock, no word, no
 * instruction. Loops over all of a tile's 64 KiB, each byte with each other byte, would need eight times as many.
 */
const fruitlessCycles = 500_000_000;

/**
 * An AIE array configured with one design. Locks, memories, DMA positions and kernels' statics last from run to run, as in a
 * hardware context. After a fault or an abort the array is of no use any more: make a new one.
 */
export class AieArray {
  readonly #config: ArrayConfig;
  readonly #array: ConfiguredArray;
  readonly #wallClock: () => number;
  readonly #callsKernels: boolean;
  #state: "free" | "running" | "broken" | "closed" = "free";
  #brokenBy: unknown;
  #turns = 0;

  /**
   * `modules`: linked kernels of each core by "col,row"; cores that call none need none.
   * @throws DesignError for what the simulator does not know, BudgetError when kernels do not fit their tile.
   */
  constructor(config: ArrayConfig, modules: ReadonlyMap<string, Uint8Array>, options: AieArrayOptions = {}) {
    this.#wallClock = options.wallClock ?? (() => performance.now());
    this.#config = config;
    this.#callsKernels = modules.size > 0;
    const { checked, delays, trace, path, threads: count = 1, threadedFromUs: fromUs = threadedFromUs } = options;
    const { takesCalls = true } = options;
    if (!(Number.isSafeInteger(count) && count >= 1)) {
      throw new UsageError(`simulated array: threads: expected a positive integer, got ${count}`);
    }
    this.#array = configureArray(config, modules, {
      ...(checked !== undefined && { checked }),
      ...(delays && { delays }),
      ...(trace && { trace }),
      ...(path && { path: new CriticalPath() }),
      threads: { count, fromUs, takesCalls },
    });
  }

  /**
   * Executes one instruction stream to its end. Work that nobody awaits may then still be under way, as on hardware.
   * @throws SimFault for a fault or deadlock, AbortedError, UsageError for buffers that do not suit, FormatError for the stream.
   */
  async run(options: RunOptions): Promise<RunReport> {
    this.#begin();
    const { clock, cost, controller } = this.#array;
    let prepared: { readonly host: readonly HostBuffer[]; readonly ops: Parameters<typeof controller.start>[0] };
    try {
      prepared = { host: options.buffers.map(hostBuffer), ops: opsOf(options.insts) };
    } catch (error) {
      this.#state = "free";
      throw error;
    }
    try {
      await this.#array.threads?.ready();
      // Between two runs the array goes on for as long as a launch takes.
      const launchAt = clock.now + cost.launchCycles;
      let before: Float64Array | undefined;
      const launch = (): Float64Array => {
        clock.now = launchAt;
        clock.runStart = launchAt;
        for (const core of this.#array.cores) core.settle();
        const counters = this.#counters();
        clock.path?.begin();
        controller.start(prepared.ops, prepared.host);
        return counters;
      };
      // Both in the same turns: each turn has a time limit, which takes as long to set as hundreds of events.
      const until = (): boolean => {
        if (before === undefined && clock.nextTime > launchAt) before = launch();
        return before !== undefined && controller.done;
      };
      await this.#advance({ until, onStandstill: () => before && this.#deadlock(), options });
      if (before === undefined) {
        before = launch();
        await this.#advance({ until, onStandstill: () => this.#deadlock(), options });
      }
      this.#state = "free";
      return this.#report(before, launchAt);
    } catch (error) {
      this.#state = "broken";
      this.#brokenBy = error;
      this.#array.threads?.close();
      throw error;
    }
  }

  /**
   * Bytes of a buffer or external buffer of the design by its name, as they are now and as they will be: a view, not a copy.
   * Hosts cannot see tile memory in this way; it is for tests and for looking into a design that stopped.
   * @throws UsageError when the design has no buffer of this name.
   */
  buffer(name: string): Uint8Array {
    const bytes = this.#array.buffer(name);
    if (bytes) return bytes;
    const names = [...this.#config.buffers, ...this.#config.externals].map((buffer) => buffer.name);
    throw new UsageError(`simulated array: no buffer ${name}; the design has ${names.join(", ") || "none"}`);
  }

  /** Ends the array's threads. */
  close(): void {
    this.#state = "closed";
    this.#array.threads?.close();
  }

  #begin(): void {
    if (this.#state === "free") {
      this.#state = "running";
      return;
    }
    const reason = {
      running: "another run is under way",
      broken: `it stopped in an earlier run: ${this.#brokenBy instanceof Error ? this.#brokenBy.message : ""}`,
      closed: "it was closed",
    }[this.#state];
    throw new DeviceError(`simulated array: cannot run, ${reason}`, {
      hint: this.#state === "running" ? "wait for that run first" : "make a new context",
    });
  }

  /** Runs events until told to stop, giving way to the event loop now and then. */
  async #advance(drive: {
    readonly until: () => boolean;
    readonly onStandstill: () => void;
    readonly options: RunOptions;
  }): Promise<void> {
    const { signal, onProgress, kernelLimitMs: limitMs = kernelLimitMs } = drive.options;
    if (signal?.aborted) throw new AbortedError("simulated run: stopped");
    // A turn first: in it cores settle, so that also after a pause at the goal all that was begun has been done.
    for (;;) {
      await this.#hearSignals();
      if (signal?.aborted) throw new AbortedError("simulated run: stopped");
      let end: TurnEnd = "pause";
      const turn = () => {
        end = this.#turn(drive.until);
      };
      // Without kernels every loop comes back to the scheduler; with a budget kernels end by themselves. The guard, which
      // starts a thread each time, is then needed for Ctrl-C alone.
      this.#giveBudgets(limitMs + turnMs);
      const guard = this.#isGuarded ? guarded(turn, this.#limits(limitMs)) : turn();
      if (guard === "limit") throw this.#endlessKernel(limitMs);
      if (guard === "interrupted") throw new AbortedError("simulated run: interrupted");
      if ((end as TurnEnd) === "standstill") return drive.onStandstill();
      if ((end as TurnEnd) === "reached") return;
      onProgress?.({ wordsMoved: this.#wordsMoved(), cycles: this.#array.clock.now });
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      if (signal?.aborted) throw new AbortedError("simulated run: stopped");
    }
  }

  get #isGuarded(): boolean {
    if (!this.#callsKernels) return false;
    return this.#turns < interruptedTurns || this.#array.kernels.some(({ budget }) => budget === undefined);
  }

  #giveBudgets(ms: number): void {
    for (const { budget } of this.#array.kernels) {
      if (budget) budget.left.value = BigInt(Math.ceil(ms * loopInstructionsPerMs));
    }
  }

  /** Before the turns that Ctrl-C may break off: what came until then goes to the program's handlers. */
  async #hearSignals(): Promise<void> {
    if (!this.#callsKernels || this.#turns >= interruptedTurns) return;
    await hearSignals();
  }

  /** A kernel that never returns mostly does so at its first call: there Ctrl-C gets through. Later its limit ends it. */
  #limits(kernelMs: number): Parameters<typeof guarded>[1] {
    return { limitMs: kernelMs + turnMs, breakOnInterrupt: this.#turns++ < interruptedTurns };
  }

  #turn(until: () => boolean): TurnEnd {
    try {
      return this.#work(until);
    } catch (error) {
      throw this.#firstFault(error);
    }
  }

  #work(until: () => boolean): TurnEnd {
    const { clock, cores } = this.#array;
    const start = this.#wallClock();
    for (let events = 1; ; events++) {
      if (until()) {
        for (const core of cores) core.settle();
        return "reached";
      }
      if (!clock.step()) return "standstill";
      if (events % eventsPerLook !== 0) continue;
      if (clock.now - clock.progressAt > fruitlessCycles) return "standstill";
      if (this.#wallClock() - start >= turnMs) return "pause";
    }
  }

  /** Of faults of kernels that were under way together, the one that comes first on one thread. */
  #firstFault(error: unknown): unknown {
    const began = this.#array.cores.filter((core) => core.underWay !== undefined);
    began.sort((a, b) => a.underWay!.order - b.underWay!.order);
    for (const core of began) {
      try {
        core.settle();
      } catch (first) {
        return first;
      }
    }
    return error;
  }

  #endlessKernel(limitMs: number): SimFault {
    const { clock, cores, threads } = this.#array;
    const working = threads?.working;
    const core = cores.find((one) => (working ? one.threads?.core === working : one === clock.current));
    const who = core?.kernel === undefined ? "a core" : `kernel ${core.kernel} on ${core.agentName}`;
    return new SimFault(
      `${who} did not return within ${limitMs} ms`,
      { kind: "kernel-endless", cycle: core?.underWay?.since ?? clock.now, ...(core && { tile: core.tile }) },
      { hint: endlessHint },
    );
  }

  #deadlock(): never {
    const { controller, cores, channels, clock } = this.#array;
    throw deadlock({ config: this.#config, controller, cores, channels: channels(), cycle: clock.now });
  }

  #counters(): Float64Array {
    const { cores, channels, counters } = this.#array;
    return readCounters(counters, [...cores, ...channels()]);
  }

  #wordsMoved(): number {
    return this.#array.channels().reduce((n, c) => n + (c.direction === "S2MM" ? c.movedWords : 0), 0);
  }

  #report(before: Float64Array, startedAt: number): RunReport {
    const { clock, cores, controller } = this.#array;
    const channels = this.#array.channels();
    const config = this.#config;
    const run = { before, after: this.#counters(), cores, channels, cycles: clock.now - startedAt };
    let tiles: readonly TileReport[] | undefined;
    const { path } = clock;
    return {
      cycles: run.cycles,
      instructions: controller.executed,
      wordsMoved: channels.reduce((n, channel) => n + (channel.direction === "S2MM" ? channel.wordsIn(run) : 0), 0),
      // Nobody reads it of most runs, and it would take a tenth of the time of one.
      get tiles() {
        tiles ??= tileReports(run, config);
        return tiles;
      },
      ...(path && { path: pathReports(path.steps(startedAt), config) }),
      warnings: [...config.warnings, ...controller.warnings, ...this.#openTransfers()],
    };
  }

  /** Transfers of host memory that were not awaited. */
  #openTransfers(): string[] {
    return this.#array.channels().flatMap((channel) => {
      const { bd, remainingWords } = channel;
      if (bd?.memory.kind !== "host") return [];
      const what = channel.direction === "S2MM" ? "written: the host may read old data" : "read";
      return [
        `${channel.agentName}: the instruction stream ended with ${remainingWords} words of host argument ${bd.memory.argIndex} still to be ${what}; await the transfer`,
      ];
    });
  }
}

const opsOf = (insts: RunOptions["insts"]): TxnStream["ops"] =>
  insts instanceof Uint8Array ? decodeTxn(insts).ops : insts.ops;

/** Why a turn ended: its goal was reached, nothing can move any more, or it is the event loop's turn. */
type TurnEnd = "reached" | "standstill" | "pause";

function hostBuffer(bytes: Uint8Array, index: number): HostBuffer {
  if (bytes.byteOffset % 4 !== 0) {
    throw new UsageError(
      `host argument ${index}: expected memory aligned to 4 bytes, got byte offset ${bytes.byteOffset}`,
      {
        hint: "copy it into an array of its own",
      },
    );
  }
  return {
    words: new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4)),
    bytes: bytes.byteLength,
  };
}
