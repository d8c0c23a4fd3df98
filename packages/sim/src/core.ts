import { bf16ToFloat, floatToBf16 } from "@aiekit/core";
import type { DmaDirection } from "@aiekit/mlir";
import type { CoreConfig } from "./array-config.ts";
import { type CascadeEnds, cascadeBytes } from "./cascade.ts";
import { CoreChecks } from "./core-checks.ts";
import type { CoreProgram, CoreRuntime } from "./core-compiler.ts";
import type { CoreGate } from "./core-gate.ts";
import type { CorePort } from "./core-port.ts";
import type { CostModel, KernelOps } from "./cost-model.ts";
import { at, SimFault, type TileCoord, tileName } from "./fault.ts";
import type { FifoEnd } from "./fifo-ends.ts";
import { describeLockWait } from "./fifo-names.ts";
import { type KernelSiteFunction, kernelSite } from "./kernel-call.ts";
import type { KernelModule } from "./kernel-module.ts";
import type { Lock, LockUser } from "./lock.ts";
import type { Agent, Scheduler } from "./scheduler.ts";
import { memoryViews, type TileMemory } from "./tile-memory.ts";
import { addWait, type WaitCause, type WaitUse } from "./wait-report.ts";

export interface CoreParts {
  readonly clock: Scheduler;
  readonly cost: CostModel;
  readonly module: KernelModule | undefined;
  /** In the order of the program's references. */
  readonly memories: readonly TileMemory[];
  readonly locks: readonly Lock[];
  readonly cascade: CascadeEnds;
  /** Ends of the design's objectFifos when the array is checked. */
  readonly ends: readonly FifoEnd[] | undefined;
  readonly corePort: (direction: DmaDirection, channel: number) => CorePort;
}

/** What a kernel did on one core. */
export interface KernelUse {
  calls: number;
  cycles: number;
  /** Undefined for a kernel that counts no work. */
  ops: KernelOps | undefined;
}

/** Where a core's cycles went since the array was configured, times between runs left out. */
export interface CoreUse {
  /** Kernels and the core's own code. */
  readonly busyCycles: number;
  /** At locks, stream ports and cascades. */
  readonly lockCycles: number;
  readonly kernels: ReadonlyMap<string, KernelUse>;
  readonly waits: ReadonlyMap<WaitCause, WaitUse>;
}

const scratchFloat = new Float32Array(1);
const scratchWord = new Int32Array(scratchFloat.buffer);

/** One core: runs its program until a lock holds it, then lets others run. */
export class Core implements Agent, LockUser {
  readonly tile: TileCoord;
  readonly agentName: string;
  readonly program: CoreProgram;
  /** Locks that the body uses. */
  readonly locks: readonly Lock[];
  /** `done`: the body reached its end; such a core does nothing in later runs. */
  state: "running" | "lock" | "gate" | "done" = "running";
  /** The kernel that runs, or ran last. */
  kernel: string | undefined;
  /** Kernels that count no work. */
  readonly uncounted = new Set<string>();
  readonly #clock: Scheduler;
  readonly #runtime: CoreRuntime;
  readonly #body: Generator<void, void, void>;
  readonly #stackBytes: number;
  readonly #kernels = new Map<string, KernelUse>();
  readonly #waits = new Map<WaitCause, WaitUse>();
  /** Kernels called since the core last let others run, and the cycles of each call. */
  readonly #called: { readonly name: string; readonly cycles: number }[] = [];
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
    this.#runtime = this.#makeRuntime(core, parts);
    this.#body = program.start(this.#runtime);
    parts.clock.at(parts.clock.now, this);
  }

  /** The counters now: a wait that lasts is in them, work that is still to come is not. */
  use(): CoreUse {
    const waits = new Map([...this.#waits].map(([cause, use]) => [cause, { ...use }]));
    const waited = this.#waitsFor === undefined ? 0 : this.#waitedCycles();
    if (this.#waitsFor !== undefined && waited > 0) addWait(waits, this.#waitsFor, waited);
    const kernels = new Map([...this.#kernels].map(([name, use]) => [name, { ...use }]));
    const ahead = Math.max(0, this.#busyUntil - this.#clock.now);
    this.#takeAhead(kernels, ahead);
    return { busyCycles: this.#busyCycles - ahead, lockCycles: this.#lockCycles + waited, kernels, waits };
  }

  get doing(): string {
    return this.#calledNames() || "core code";
  }

  /** Bytes of stack, and the most that a kernel used of them; undefined when nobody looks. */
  get stack(): { readonly bytes: number; readonly usedBytes: number } | undefined {
    const { checks } = this.#runtime;
    return checks && { bytes: this.#stackBytes, usedBytes: checks.stackUsed };
  }

  /** The stream port or cascade that the core stands at. */
  get gate(): CoreGate | undefined {
    return this.#runtime.gate;
  }

  fire(): void {
    const runtime = this.#runtime;
    runtime.cycles = 0;
    this.#called.length = 0;
    if (this.#body.next().done) {
      this.state = "done";
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

  lockGranted(): void {
    this.state = "running";
    this.#runtime.gate = undefined;
    const waited = this.#waitedCycles();
    this.#lockCycles += waited;
    if (this.#waitsFor !== undefined) addWait(this.#waits, this.#waitsFor, waited);
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
  #takeAhead(kernels: ReadonlyMap<string, KernelUse>, ahead: number): void {
    if (ahead === 0) return;
    const inKernels = this.#called.reduce((sum, { cycles }) => sum + cycles, 0);
    let left = ahead - (this.#runtime.cycles - inKernels);
    for (const { name, cycles } of [...this.#called].reverse()) {
      if (left <= 0) return;
      kernels.get(name)!.cycles -= Math.min(left, cycles);
      left -= cycles;
    }
  }

  #startWait(): void {
    const { gate } = this.#runtime;
    const lock = gate ? undefined : this.locks.find(({ waiting }) => waiting.some(({ user }) => user === this));
    this.#waitsFor = gate ?? lock;
    if (!this.#clock.trace) return;
    const request = lock?.waiting.find(({ user }) => user === this)?.request;
    this.#waitName = gate?.waitsFor ?? (lock && request ? describeLockWait(lock, request) : "a lock");
  }

  #waitedCycles(): number {
    return this.#clock.now - Math.max(this.#waitingSince, this.#clock.runStart);
  }

  #makeRuntime(core: CoreConfig, parts: CoreParts): CoreRuntime {
    const { module, memories, cost, clock, cascade, corePort, ends } = parts;
    const now = () => clock.now;
    const checks = ends && new CoreChecks({ tile: core.tile, program: this.program, memories, ends, now });
    const cascadeValue = new Uint8Array(cascadeBytes);
    const runtime: CoreRuntime = {
      cycles: 0,
      callCycles: 0,
      user: this,
      gate: undefined,
      inputPort: (channel) => corePort("S2MM", channel),
      outputPort: (channel) => corePort("MM2S", channel),
      cascade,
      cascadeValue,
      cascadeViews: memoryViews(cascadeValue.buffer, cascadeBytes),
      memories: memories.map((memory) => memory.views),
      locks: parts.locks,
      requests: this.program.requests,
      calls: this.program.calls.map((call) => {
        const site = kernelSite({ call, core, module, memories, cost, now, checks });
        if (!site.counted) this.uncounted.add(site.name);
        return this.#counted(site, () => runtime);
      }),
      checks,
      outOfBounds: (site, index, elements) => this.#outOfBounds({ site, index, elements }),
      roundBf16: (value) => bf16ToFloat(floatToBf16(value)),
      fromBf16: bf16ToFloat,
      toBf16: floatToBf16,
      floatBits: (value) => {
        scratchFloat[0] = value;
        return scratchWord[0]!;
      },
      bitsFloat: (bits) => {
        scratchWord[0] = bits;
        return scratchFloat[0]!;
      },
    };
    return runtime;
  }

  #counted(site: KernelSiteFunction, runtime: () => CoreRuntime): CoreRuntime["calls"][number] {
    const use = this.#kernels.get(site.name) ?? { calls: 0, cycles: 0, ops: undefined };
    this.#kernels.set(site.name, use);
    return (...args) => {
      this.kernel = site.name;
      const value = site.run(...args);
      runtime().callCycles = site.cycles;
      this.#called.push({ name: site.name, cycles: site.cycles });
      use.calls++;
      use.cycles += site.cycles;
      if (site.ops) use.ops = use.ops ? addOps(use.ops, site.ops) : site.ops;
      return value;
    };
  }

  #outOfBounds(access: { readonly site: number; readonly index: number; readonly elements: number }): never {
    const op = this.program.sites[access.site]!;
    const name = op.operands.find((value) => value.type.kind === "memref")?.name;
    throw new SimFault(
      `${this.agentName}, ${op.name}${at(op.loc)}: element ${access.index} of ${name === undefined ? "memory" : `%${name}`}, which has ${access.elements} elements`,
      { kind: "buffer-bounds", cycle: this.#clock.now, tile: this.tile, ...(name !== undefined && { buffer: name }) },
      { hint: "check the index against the type of the memref" },
    );
  }
}

function addOps(sum: KernelOps, ops: KernelOps): KernelOps {
  return {
    loadBytes: sum.loadBytes + ops.loadBytes,
    storeBytes: sum.storeBytes + ops.storeBytes,
    macIssues: sum.macIssues + ops.macIssues,
    vectorIssues: sum.vectorIssues + ops.vectorIssues,
    scalarCycles: sum.scalarCycles + ops.scalarCycles,
  };
}
