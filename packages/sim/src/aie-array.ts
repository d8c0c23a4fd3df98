import { AbortedError, DeviceError, UsageError } from "@aiekit/core";
import { decodeTxn, type TxnStream } from "@aiekit/xclbin";
import { type ConfiguredArray, configureArray } from "./array.ts";
import type { ArrayConfig } from "./array-config.ts";
import type { AieArrayOptions, RunOptions } from "./array-options.ts";
import { CriticalPath } from "./critical-path.ts";
import { deadlock } from "./deadlock.ts";
import type { DmaChannel } from "./dma-channel.ts";
import { hostBuffer } from "./host-buffer.ts";
import { openTransfers, openTransferWarning } from "./open-transfers.ts";
import { pathReports } from "./path-report.ts";
import { designTapes } from "./replay/design-tapes.ts";
import type { LaunchTape } from "./replay/launch-tape.ts";
import { type Launch, LaunchTapes } from "./replay/launch-tapes.ts";
import { wordsPlayed } from "./replay/play-step.ts";
import { type MeasuredRun, type RunReport, readCounters, runReport } from "./run-report.ts";
import { StrandRuns } from "./strands/strand-runs.ts";
import type { TraceMemory } from "./trace-units/trace-units.ts";
import { traceWarnings } from "./trace-units/trace-warnings.ts";
import { endlessKernel, firstFault } from "./turn-fault.ts";
import { guarded, hearSignals } from "./turn-guard.ts";

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
/** A thousand times what the longest kernel call takes here. */
const kernelLimitMs = 5_000;
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
  /** Undefined where every launch is worked out anew. */
  readonly #tapes: LaunchTapes | undefined;
  readonly #strands: StrandRuns;
  /** Words that launches moved which were played. */
  #playedWords = 0;
  #launches = 0;
  #playedLaunches = 0;
  /** Of the last launch. Those of its trace units are added when their packets have come. */
  #warnings: string[] = [];
  /** Cycles behind the last launch in which trace packets came to the host. */
  #drainedCycles = 0;

  /**
   * `modules`: linked kernels of each core by "col,row"; cores that call none need none.
   * @throws DesignError for what the simulator does not know, BudgetError when kernels do not fit their tile.
   */
  constructor(config: ArrayConfig, modules: ReadonlyMap<string, Uint8Array>, options: AieArrayOptions = {}) {
    this.#wallClock = options.wallClock ?? (() => performance.now());
    this.#config = config;
    this.#callsKernels = modules.size > 0;
    const { checked, delays, trace, path, threads: count = 1, threadedFromUs: fromUs = threadedFromUs } = options;
    const { takesCalls = true, tapes = true, strands } = options;
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
    this.#strands = new StrandRuns(this.#array.threads, strands);
    const isWatched = checked || delays || trace || path || config.traces.length > 0;
    const isTaped = tapes && !isWatched;
    const known = isTaped ? designTapes(config, modules, this.#array.threads !== undefined) : undefined;
    this.#tapes = known && LaunchTapes.of(this.#array, known);
  }

  /**
   * Executes one instruction stream to its end. Work that nobody awaits may then still be under way, as on hardware.
   * @throws SimFault for a fault or deadlock, AbortedError, UsageError for buffers that do not suit, FormatError for the stream.
   */
  async run(options: RunOptions): Promise<RunReport> {
    this.#begin();
    const { clock, cost, controller, cores } = this.#array;
    // Between two runs the array goes on for as long as a launch takes.
    const at = clock.now - this.#drainedCycles + cost.launchCycles;
    let launch: Launch;
    try {
      launch = {
        host: options.buffers.map((bytes, i) => hostBuffer(bytes, i, options.memories?.[i])),
        ops: opsOf(options.insts),
        at,
      };
    } catch (error) {
      this.#state = "free";
      throw error;
    }
    try {
      await this.#array.threads?.ready();
      let before: Float64Array | undefined;
      let tape: LaunchTape | undefined;
      const begin = (): void => {
        clock.now = at;
        clock.runStart = at;
        for (const core of cores) core.settle();
        tape = this.#tapes?.begin(launch);
        if (tape === undefined) before = this.#start(launch);
      };
      // Both in the same turns: each turn may have a time limit, which takes as long to set as hundreds of events.
      const until = (): boolean => {
        if (before === undefined && clock.nextTime > at) begin();
        return tape !== undefined || (before !== undefined && controller.done);
      };
      const work = (): TurnEnd => this.#work(until);
      if (clock.nextTime > at) begin();
      else await this.#advance({ work, onStandstill: () => before && this.#deadlock(), options });
      if (before === undefined && tape === undefined) begin();
      if (tape === undefined && !controller.done) {
        await this.#advance({ work, onStandstill: () => this.#deadlock(), options });
      }
      const report = tape ? await this.#play(tape, launch, options) : this.#ended(before!, launch);
      this.#drainedCycles = 0;
      if (this.#array.traces.isActive) await this.#drainTraces(options);
      this.#state = "free";
      return report;
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

  /** What the last launch's trace units could not send, and the host memory that their packets were given. */
  get traces(): { readonly problems: readonly string[]; readonly memory: readonly TraceMemory[] } {
    const { traces } = this.#array;
    return { problems: traceWarnings(traces), memory: traces.memory };
  }

  /** Launches so far that were played from a tape. */
  get playedLaunches(): number {
    return this.#playedLaunches;
  }

  /** How many of them in strands, from their start to their end. */
  get launchesInStrands(): number {
    return this.#strands.launches;
  }

  /** Ends the array's threads, and gives back host memory that it keeps. */
  close(): void {
    if (this.#state === "free") this.#tapes?.close();
    this.#state = "closed";
    this.#strands.close();
    this.#array.threads?.close();
  }

  #begin(): void {
    if (this.#state === "free") {
      this.#state = "running";
      this.#launches++;
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

  /** Starts a launch. Returns the counters as they are before. */
  #start({ ops, host }: Launch): Float64Array {
    const { clock, controller } = this.#array;
    const before = this.#counters();
    clock.path?.begin();
    controller.start(ops, host);
    return before;
  }

  #ended(before: Float64Array, { at }: Launch): RunReport {
    const { clock, controller, cores, channels, traces } = this.#array;
    const after = this.#counters();
    const wordsIn = (channel: DmaChannel) => (channel.direction === "S2MM" ? channel.wordsIn({ before, after }) : 0);
    const ofTraces = traces.isActive ? [] : traceWarnings(traces);
    const ofChecks = cores.flatMap(({ checks }) => [...(checks?.warnings ?? [])]);
    const open = openTransfers(channels().filter((channel) => !traces.takes(channel)));
    const ofStream = [...controller.warnings, ...open.map(openTransferWarning)];
    const warnings = [...this.#config.warnings, ...ofStream, ...ofChecks, ...ofTraces];
    this.#warnings = warnings;
    const measured: MeasuredRun = {
      before,
      after,
      cycles: clock.now - at,
      instructions: controller.executed,
      wordsMoved: channels().reduce((n, channel) => n + wordsIn(channel), 0),
      openTransfers: open,
      warnings,
    };
    const report = this.#report(measured, at);
    this.#tapes?.ended(report);
    return report;
  }

  /** Lets trace packets come to the host, as long as the array goes on behind a launch in any case. Warns of what did not come. */
  async #drainTraces(options: RunOptions): Promise<void> {
    const { clock, cost, traces } = this.#array;
    const endedAt = clock.now;
    traces.settle();
    const until = (): boolean => !traces.hasPackets || clock.nextTime >= endedAt + cost.launchCycles;
    await this.#advance({ work: () => this.#work(until), onStandstill: () => undefined, options });
    this.#drainedCycles = clock.now - endedAt;
    this.#warnings.push(...traceWarnings(traces));
  }

  /** A launch from its tape, as far as it does the same. */
  async #play(tape: LaunchTape, launch: Launch, options: RunOptions): Promise<RunReport> {
    const { clock, controller } = this.#array;
    const player = this.#strands.playerOf(tape, launch.host);
    const played = this.#playedWords;
    const work = (): TurnEnd => {
      const start = this.#wallClock();
      const end = player.play(() => this.#wallClock() - start >= turnMs);
      if (end === "pause") this.#playedWords = played + wordsPlayed(player);
      return end;
    };
    await this.#advance({ work, onStandstill: () => undefined, options });
    if (player.differs) {
      this.#playedWords = played;
      this.#tapes!.differed(launch, player);
      const before = this.#start(launch);
      const until = (): boolean => controller.done;
      await this.#advance({ work: () => this.#work(until), onStandstill: () => this.#deadlock(), options });
      return this.#ended(before, launch);
    }
    const { cycles, instructions, wordsMoved, tiles, openTransfers, warnings } = tape.recorded.report;
    this.#playedWords = played + wordsMoved;
    clock.now = launch.at + cycles;
    clock.progressed();
    this.#tapes!.played(launch, tape);
    this.#playedLaunches++;
    return { cycles, instructions, wordsMoved, tiles, openTransfers, warnings };
  }

  /** Runs events until told to stop, giving way to the event loop now and then. */
  async #advance(drive: {
    readonly work: () => TurnEnd;
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
        end = this.#turn(drive.work);
      };
      // Without kernels every loop comes back to the scheduler; with a budget kernels end by themselves, and a process that was
      // suspended ends none. The guard, which starts a thread each time, is then needed for Ctrl-C alone.
      this.#giveBudgets(limitMs + turnMs);
      const guard = this.#isGuarded ? guarded(turn, this.#limits(limitMs)) : turn();
      if (guard === "limit") throw endlessKernel(this.#array, limitMs);
      if (guard === "interrupted") throw new AbortedError("simulated run: interrupted");
      if ((end as TurnEnd) === "standstill") return drive.onStandstill();
      if ((end as TurnEnd) === "reached") return;
      onProgress?.({ wordsMoved: this.#wordsMoved(), cycles: this.#array.clock.now });
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      if (signal?.aborted) throw new AbortedError("simulated run: stopped");
    }
  }

  get #isGuarded(): boolean {
    return this.#callsKernels && (this.#turns < interruptedTurns || !this.#hasBudgets);
  }

  get #hasBudgets(): boolean {
    return this.#array.kernels.every(({ budget }) => budget !== undefined);
  }

  #giveBudgets(ms: number): void {
    const left = BigInt(Math.ceil(ms * loopInstructionsPerMs));
    for (const { budget } of this.#array.kernels) if (budget) budget.left.value = left;
    this.#array.threads?.giveBudget(left);
  }

  /** Before the turns that Ctrl-C may break off: what came until then goes to the program's handlers. */
  async #hearSignals(): Promise<void> {
    if (!this.#callsKernels || this.#turns >= interruptedTurns) return;
    await hearSignals();
  }

  /** A kernel that never returns mostly does so at its first call: there Ctrl-C gets through. Later its limit ends it. */
  #limits(kernelMs: number): Parameters<typeof guarded>[1] {
    const breakOnInterrupt = this.#turns++ < interruptedTurns;
    return { limitMs: this.#hasBudgets ? undefined : kernelMs + turnMs, breakOnInterrupt };
  }

  #turn(work: () => TurnEnd): TurnEnd {
    try {
      return work();
    } catch (error) {
      throw firstFault(this.#array.cores, error);
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

  #deadlock(): never {
    const { controller, cores, channels, clock } = this.#array;
    const launches = this.#launches;
    throw deadlock({ config: this.#config, controller, cores, channels: channels(), cycle: clock.now, launches });
  }

  #counters(): Float64Array {
    const { cores, channels, counters } = this.#array;
    return readCounters(counters, [...cores, ...channels()]);
  }

  #wordsMoved(): number {
    const { channels } = this.#array;
    return channels().reduce((n, c) => n + (c.direction === "S2MM" ? c.movedWords : 0), this.#playedWords);
  }

  #report(measured: MeasuredRun, startedAt: number): RunReport {
    const { clock, cores, channels } = this.#array;
    const config = this.#config;
    const { path } = clock;
    const parts = { cores, channels: channels(), config };
    return runReport(measured, path ? { ...parts, path: pathReports(path.steps(startedAt), config) } : parts);
  }
}

const opsOf = (insts: RunOptions["insts"]): TxnStream["ops"] =>
  insts instanceof Uint8Array ? decodeTxn(insts).ops : insts.ops;

/** Why a turn ended: its goal was reached, nothing can move any more, or it is the event loop's turn. */
type TurnEnd = "reached" | "standstill" | "pause";
