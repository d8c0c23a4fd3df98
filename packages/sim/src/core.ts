import { bf16ToFloat, floatToBf16 } from "@aiekit/core";
import type { CoreConfig } from "./array-config.ts";
import { cascadeBytes } from "./cascade.ts";
import { CoreChecks, type CoreStack } from "./core-checks.ts";
import type { CoreProgram, CoreRuntime } from "./core-compiler.ts";
import { coreFaults } from "./core-faults.ts";
import type { CoreGate } from "./core-gate.ts";
import type { CoreParts } from "./core-parts.ts";
import { type CounterSpan, grownBy } from "./counter-table.ts";
import { type TileCoord, tileName } from "./fault.ts";
import { describeLockWait } from "./fifo-names.ts";
import { bitsFloat, floatBits } from "./float-bits.ts";
import { type KernelSiteFunction, kernelSite } from "./kernel-call.ts";
import { type EndedCall, KernelCounters, type KernelReport } from "./kernel-report.ts";
import type { Lock, LockUser } from "./lock.ts";
import type { Agent, Scheduler } from "./scheduler.ts";
import { type BufferPlace, type MemoryUser, memoryViews, type TileMemory } from "./tile-memory.ts";
import type { ArrayEvents } from "./trace-units/array-events.ts";
import { type WaitCause, WaitCounters, type WaitReport } from "./wait-report.ts";

/** A kernel call that may be under way in another thread. */
interface Flight {
  readonly site: KernelSiteFunction;
  /** From when the core began its present work to the end of the call. */
  readonly endCycles: number;
}

/** Cycles of a run: `busyCycles`, `lockCycles` and `endedCycles` add up to those of the run. */
export interface CoreReport {
  /** Kernels and the core's own code. */
  readonly busyCycles: number;
  /** Cycles that the core stood at a lock, a stream port or a cascade. */
  readonly lockCycles: number;
  /** Cycles behind the end of the core's body. */
  readonly endedCycles: number;
  readonly kernels: readonly KernelReport[];
  /** What `lockCycles` are made of. */
  readonly waits: readonly WaitReport[];
  /** Stack of the core. Of a checked array only. */
  readonly stack?: CoreStack;
}

/** Places behind a core's first counter. `done` is 1 when its body has ended. */
const busy = 0;
const locked = 1;
const done = 2;
const countersOfCore = 3;

const stallOf = { stream: "STREAM_STALL", cascade: "CASCADE_STALL" } as const;

/** One core: runs its program until a lock holds it, then lets others run. */
export class Core implements Agent, LockUser, MemoryUser {
  readonly tile: TileCoord;
  readonly agentName: string;
  readonly program: CoreProgram;
  /** Locks that the body uses. */
  readonly locks: readonly Lock[];
  /** `done`: the body reached its end; such a core does nothing in later runs. */
  state: "running" | "lock" | "gate" | "done" = "running";
  /** The kernel that runs, or ran last. */
  kernel: string | undefined;
  readonly #clock: Scheduler;
  readonly #runtime: CoreRuntime;
  readonly #body: ReturnType<CoreProgram["start"]>;
  readonly #stackBytes: number;
  readonly #counters: number;
  readonly #kernels: KernelCounters;
  readonly #waits: WaitCounters;
  /** Kernels called since the core last let others run, and the cycles of each call. */
  #called: { readonly name: string; readonly cycles: number }[] = [];
  readonly #memory: TileMemory | undefined;
  readonly threads: CoreParts["threads"];
  /** Of its kernels. */
  readonly module: CoreParts["module"];
  /** Where its body calls kernels, in the order of the program's calls. */
  sites: readonly KernelSiteFunction[] = [];
  /** When the core began its present work: all of it happens at this time. */
  #beganAt = 0;
  #flight: Flight | undefined;
  /** Buffers that it was given; undefined for a pointer to none, through which it may touch all. */
  #touched: readonly (BufferPlace | undefined)[] = [];
  #failure: { readonly error: unknown } | undefined;
  /** Place of the event at which the present work ends, kept when that work was left to another thread. */
  #place: { readonly order: number; readonly delay: number } | undefined;
  #busyCycles = 0;
  #busyUntil = 0;
  #waitsFor: WaitCause | undefined;
  #waitName = "";
  #waitingSince = 0;
  #lockCycles = 0;

  constructor(core: CoreConfig, program: CoreProgram, parts: CoreParts) {
    this.tile = core.tile;
    this.agentName = `core ${tileName(core.tile)}`;
    this.program = program;
    this.locks = parts.locks;
    this.#stackBytes = core.stackBytes;
    this.#clock = parts.clock;
    this.#counters = parts.counters.reserve(countersOfCore);
    this.#kernels = new KernelCounters(parts.counters);
    this.#waits = new WaitCounters(parts.counters);
    this.threads = parts.threads;
    this.module = parts.module;
    this.#memory = parts.memories[0];
    this.#runtime = this.#makeRuntime(core, parts);
    this.#body = program.start(this.#runtime);
    parts.clock.at(parts.clock.now, this);
  }

  /** Writes the counters of a core that has settled: a wait that lasts is in them, work that is still to come is not. */
  count(values: Float64Array): void {
    const ahead = Math.max(0, this.#busyUntil - this.#clock.now);
    const waited = this.#waitsFor === undefined ? 0 : this.#waitedCycles();
    values[this.#counters + busy] = this.#busyCycles - ahead;
    values[this.#counters + locked] = this.#lockCycles + waited;
    values[this.#counters + done] = this.state === "done" ? 1 : 0;
    if (this.#waitsFor !== undefined && waited > 0) this.#waits.add(this.#waitsFor, waited, values);
    if (ahead > 0) this.#takeAhead(values, ahead);
  }

  /** What the core did in `cycles` between two looks at the counters. */
  report(span: CounterSpan, cycles: number): CoreReport {
    const stack = this.checks?.stackReport(this.#stackBytes);
    const busyCycles = grownBy(span, this.#counters + busy);
    const lockCycles = grownBy(span, this.#counters + locked);
    return {
      busyCycles,
      lockCycles,
      endedCycles: span.after[this.#counters + done] === 1 ? cycles - busyCycles - lockCycles : 0,
      kernels: this.#kernels.reports(span),
      waits: this.#waits.reports(span),
      ...(stack && { stack }),
    };
  }

  get doing(): string {
    return this.#calledNames() || "core code";
  }

  /** What follows the core's memory and kernels; undefined when nobody looks. */
  get checks(): CoreChecks | undefined {
    return this.#runtime.checks;
  }

  /** The stream port or cascade that the core stands at. */
  get gate(): CoreGate | undefined {
    return this.#runtime.gate;
  }

  /** When the work that is under way in another thread began, in cycles and in the order of events; undefined without. */
  get underWay(): { readonly since: number; readonly order: number } | undefined {
    return this.#place && this.#memory?.user === this ? { since: this.#beganAt, order: this.#place.order } : undefined;
  }

  fire(): void {
    if (this.#place !== undefined && !this.#arrived(this.#place)) return;
    const runtime = this.#runtime;
    this.#clock.hook?.fires(this);
    this.#beganAt = this.#clock.now;
    runtime.cycles = 0;
    if (this.#called.length > 0) this.#called = [];
    const { done } = this.#body.next();
    if (this.#flight !== undefined) {
      this.state = "running";
      this.#place = this.#clock.reserve();
      this.#clock.atPlace(this.#endsAt(this.#place), this.#place.order, this);
    } else if (done) {
      this.state = "done";
      this.#clock.events?.coreEnded(this.tile);
    } else if (runtime.cycles > 0) {
      this.state = "running";
      this.#busyCycles += runtime.cycles;
      this.#busyUntil = this.#clock.now + runtime.cycles;
      this.#traceWork(runtime.cycles);
      this.#clock.at(this.#clock.now + runtime.cycles, this);
    } else {
      this.state = runtime.gate ? "gate" : "lock";
      this.#waitingSince = this.#clock.now;
      this.#startWait();
    }
  }

  /** @throws what a kernel or the body threw, every time. */
  settle(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    while (this.#flight !== undefined) this.#land();
  }

  /** Where in its body it is, and what decides over what it does there. Undefined when it is at work or at no lock. */
  get stateKey(): string | undefined {
    if (this.state === "done") return "done";
    if (this.state !== "lock" || this.#failure !== undefined) return undefined;
    this.#body.next(true);
    const { locals } = this.#runtime;
    return locals?.map((value) => (Object.is(value, -0) ? "-0" : String(value))).join(" ");
  }

  /** Its tile's. */
  get memory(): TileMemory | undefined {
    return this.#memory;
  }

  touches(first: number, end: number): boolean {
    return this.#touched.some((place) => !place || (place.address < end && first < place.address + place.bytes));
  }

  /** Waits for the call that is under way, and lets the body go on to its next one or to where time must pass. */
  #land(): void {
    try {
      this.#landFlight(this.#flight!);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  /**
   * True when the work that was begun has ended by now. Otherwise the core comes again when it may have: the event is where it
   * would be had the work been done at once, and before that nothing can depend on what the work leaves.
   */
  #arrived(place: { readonly order: number; readonly delay: number }): boolean {
    for (;;) {
      const at = this.#endsAt(place);
      if (at > this.#clock.now) {
        this.#clock.atPlace(at, place.order, this);
        return false;
      }
      if (at < this.#clock.now) {
        const work = `began at ${this.#beganAt}, ${this.#runtime.cycles} cycles, delay ${place.delay}`;
        throw new Error(
          `${this.agentName}: kernel ${this.kernel} ended at ${at}, foreseen not before ${this.#clock.now}: ${work}`,
        );
      }
      if (this.#flight === undefined) break;
      this.#land();
    }
    this.#place = undefined;
    return true;
  }

  #endsAt({ delay }: { readonly delay: number }): number {
    return this.#beganAt + (this.#flight?.endCycles ?? this.#runtime.cycles) + delay;
  }

  #landFlight({ site }: Flight): void {
    const runtime = this.#runtime;
    const end = site.threaded!.end();
    const { value, cycles } = end;
    this.#flight = undefined;
    this.#count(site.name, end);
    runtime.callValue = site.narrowed(value);
    runtime.callCycles = cycles;
    runtime.cycles = 0;
    this.#body.next();
    if (this.#flight !== undefined) return;
    this.#busyCycles += runtime.cycles;
    this.#busyUntil = this.#beganAt + runtime.cycles;
    this.#memory?.settled();
  }

  /** A call has ended. */
  #count(name: string, call: EndedCall): void {
    this.#called.push({ name, cycles: call.cycles });
    this.#kernels.add(name, call);
  }

  lockGranted(): void {
    this.state = "running";
    this.#runtime.gate = undefined;
    this.#runtime.lock = undefined;
    this.#clock.events?.coreStalls(this.tile, undefined);
    const waited = this.#waitedCycles();
    this.#lockCycles += waited;
    if (this.#waitsFor !== undefined) this.#waits.add(this.#waitsFor, waited);
    this.#waitsFor = undefined;
    if (this.#clock.trace !== undefined) this.#traceWait();
    this.#clock.at(this.#clock.now, this);
  }

  #traceWait(): void {
    const { trace, now: end } = this.#clock;
    const name = `waits for ${this.#waitName}`;
    trace?.slice({ track: this.agentName, name, start: this.#waitingSince, end, stall: true });
  }

  /** What the core has just begun to work at: the kernels that it called since it last waited. */
  #traceWork(cycles: number): void {
    const { trace, now: start } = this.#clock;
    if (trace === undefined) return;
    trace.slice({ track: this.agentName, name: this.doing, start, end: start + cycles, stall: false });
  }

  #calledNames(): string {
    return [...new Set(this.#called.map(({ name }) => name))].join(", ");
  }

  /** Kernels run before the core's own code that follows them: what is still ahead of both is taken off from behind. */
  #takeAhead(values: Float64Array, ahead: number): void {
    const inKernels = this.#called.reduce((sum, { cycles }) => sum + cycles, 0);
    let left = ahead - (this.#runtime.cycles - inKernels);
    for (const { name, cycles } of [...this.#called].reverse()) {
      if (left <= 0) return;
      this.#kernels.takeOff(name, Math.min(left, cycles), values);
      left -= cycles;
    }
  }

  #startWait(): void {
    const { gate, lock } = this.#runtime;
    this.#waitsFor = gate ?? lock!;
    this.#waits.begin(this.#waitsFor);
    this.#clock.events?.coreStalls(this.tile, gate ? stallOf[gate.kind] : "LOCK_STALL");
    if (!this.#clock.trace) return;
    const request = lock?.waiting.find(({ user }) => user === this)?.request;
    this.#waitName = gate?.waitsFor ?? (lock && request ? describeLockWait(lock, request) : "a lock");
  }

  #waitedCycles(): number {
    return this.#clock.now - Math.max(this.#waitingSince, this.#clock.runStart);
  }

  #makeRuntime(core: CoreConfig, parts: CoreParts): CoreRuntime {
    const { module, memories, cost, cascade, corePort, ends, threads, traced } = parts;
    const now = () => this.#beganAt;
    const checks = ends && new CoreChecks({ tile: core.tile, program: this.program, memories, ends, now });
    const cascadeValue = new Uint8Array(cascadeBytes);
    this.sites = this.program.calls.map((call) =>
      kernelSite({ call, core, module, memories, cost, now, checks, traced, threads }),
    );
    const runtime: CoreRuntime = {
      cycles: 0,
      locals: undefined,
      callCycles: 0,
      spentCycles: 0,
      callValue: undefined,
      begin: (call, spent, args) => this.#begin(call, spent, args, this.sites[call]!),
      user: this,
      lock: undefined,
      gate: undefined,
      inputPort: (channel) => corePort("S2MM", channel),
      outputPort: (channel) => corePort("MM2S", channel),
      cascade,
      cascadeValue,
      cascadeViews: memoryViews(cascadeValue.buffer, cascadeBytes),
      memories: memories.map((memory) => memory.views),
      locks: parts.locks,
      requests: this.program.requests,
      calls: this.sites.map((site) => this.#counted(site, () => runtime)),
      checks,
      ...coreFaults({ tile: this.tile, sites: this.program.sites, cycle: () => this.#beganAt }),
      roundBf16: (value) => bf16ToFloat(floatToBf16(value)),
      fromBf16: bf16ToFloat,
      toBf16: floatToBf16,
      floatBits,
      bitsFloat,
    };
    return runtime;
  }

  #counted(site: KernelSiteFunction, runtime: () => CoreRuntime): CoreRuntime["calls"][number] {
    this.#kernels.know(site.name, site);
    return (...args) => {
      this.kernel = site.name;
      const { hook } = this.#clock;
      const value = hook === undefined ? site.run(...args) : hook.calls(this, site, args);
      if (this.#clock.events !== undefined) this.#tellMarks(this.#clock.events, site, runtime());
      runtime().callCycles = site.cycles;
      this.#count(site.name, site);
      return value;
    };
  }

  /** What a kernel marked in a call that came so many cycles behind the start of the present work. */
  #tellMarks(events: ArrayEvents, site: KernelSiteFunction, { spentCycles }: CoreRuntime): void {
    for (const { event, cycle } of site.marks()) {
      const name = event === 0 ? "INSTR_EVENT_0" : "INSTR_EVENT_1";
      events.coreDoes(this.tile, name, this.#beganAt + spentCycles + cycle);
    }
  }

  #begin(call: number, spent: number, args: readonly (number | bigint)[], site: KernelSiteFunction): boolean {
    // What is recorded is done one after the other.
    const threaded = this.#clock.hook === undefined ? site.threaded : undefined;
    const foreseen = threaded?.foreseen(args);
    if (foreseen !== undefined) {
      this.kernel = site.name;
      this.#memory!.user = this;
      this.#touched = site.buffersBehind(args);
      threaded!.begin(args, foreseen);
      this.#flight = { site, endCycles: spent + foreseen };
      return true;
    }
    const startedAt = threaded && performance.now();
    this.#runtime.callValue = this.#runtime.calls[call]!(...args);
    if (startedAt !== undefined) threaded?.ranHere(performance.now() - startedAt, site.cycles);
    return false;
  }
}
