import { DesignError } from "@aiekit/core";
import { type Block, memoryWindow, type Operation, walk } from "@aiekit/mlir";
import type { ArrayConfig, BufferConfig, CoreConfig, LockConfig } from "./array-config.ts";
import type { CascadeEnds } from "./cascade.ts";
import { emitArith } from "./core-arith.ts";
import type { CoreChecks } from "./core-checks.ts";
import { emitRegion, emitScf } from "./core-control.ts";
import { CoreEmitter, unsupported, valueKind } from "./core-emitter.ts";
import type { CoreFaults } from "./core-faults.ts";
import type { CoreGate } from "./core-gate.ts";
import { emitGates } from "./core-gates.ts";
import { MemRefs } from "./core-memref.ts";
import type { CorePort } from "./core-port.ts";
import { emitVector } from "./core-vector.ts";
import type { CostModel } from "./cost-model.ts";
import { type TileCoord, tileName } from "./fault.ts";
import { badOp, needText, operand } from "./ir-read.ts";
import type { Lock, LockRequest, LockUser } from "./lock.ts";
import type { MemoryViews } from "./tile-memory.ts";

/** A call of a kernel from a core body. */
export interface KernelCall {
  readonly name: string;
  readonly op: Operation;
  /** Which arguments are pointers into data memory, in order of the call's operands. */
  readonly pointers: readonly boolean[];
  /** Width of a returned integer below 32 bits, whose upper bits the kernel leaves undefined. */
  readonly resultBits: number | undefined;
}

/** What the generated code runs with. Arrays are in the order of the program's references. */
export interface CoreRuntime extends CoreFaults {
  /** Cycles of work to be charged at the next pause; 0 when the core waits for a lock or gate. */
  cycles: number;
  /** The lock, or the gate, that the core waits at, set where it begins to. */
  lock: Lock | undefined;
  gate: CoreGate | undefined;
  /** Place of the lock at which the core stands, and what its local variables hold, told when it goes on with `true`. */
  locals: readonly unknown[] | undefined;
  /** Cycles and value of the last kernel call, set by `calls` and by `begin`. */
  callCycles: number;
  /** Cycles of work before the call that are not yet charged, for a traced core. */
  spentCycles: number;
  callValue: number | bigint | undefined;
  readonly user: LockUser;
  readonly memories: readonly MemoryViews[];
  readonly locks: readonly Lock[];
  readonly requests: readonly LockRequest[];
  readonly calls: readonly ((...args: (number | bigint)[]) => number | bigint | undefined)[];
  /**
   * A kernel call of a core that may leave it to another thread. `spent`: cycles of work before it that are not yet charged.
   * True: the call is under way; the core pauses, and finds value and cycles when it goes on.
   */
  readonly begin: (call: number, spent: number, args: readonly (number | bigint)[]) => boolean;
  readonly inputPort: (channel: number) => CorePort;
  readonly outputPort: (channel: number) => CorePort;
  readonly cascade: CascadeEnds;
  /** A cascade value on its way in or out, as bytes and in the views of memory. */
  readonly cascadeValue: Uint8Array;
  readonly cascadeViews: MemoryViews;
  /** There when the core was compiled to be checked. */
  readonly checks: CoreChecks | undefined;
  readonly roundBf16: (value: number) => number;
  readonly fromBf16: (bits: number) => number;
  readonly toBf16: (value: number) => number;
  readonly floatBits: (value: number) => number;
  readonly bitsFloat: (bits: number) => number;
}

/** A core's body as a JavaScript generator that pauses where a lock holds it, or where time must pass. */
export interface CoreProgram {
  readonly source: string;
  readonly start: (runtime: CoreRuntime) => Generator<void, void, true | undefined>;
  /** Tiles whose memory the body reaches; the first is the core's own. */
  readonly memories: readonly TileCoord[];
  readonly locks: readonly LockConfig[];
  readonly requests: readonly LockRequest[];
  readonly calls: readonly KernelCall[];
  /** Operations that may fault, by number. */
  readonly sites: readonly Operation[];
  /** Locks that the body releases, for the explanation of deadlocks. */
  readonly releases: ReadonlySet<LockConfig>;
  /**
   * Buffers that the body itself loads from and stores to, kernels aside, where nothing else decides over what it does next but
   * its local variables, which it tells. Undefined for other bodies.
   */
  readonly ownBuffers: ReadonlySet<BufferConfig> | undefined;
}

interface CompileOptions {
  readonly cost: CostModel;
  /** Accesses and lock operations are told to `rt.checks`, at a price. */
  readonly checked?: boolean;
  /** Kernel calls may be left to other threads. */
  readonly threaded?: boolean;
  /** It is told when in a turn kernels are called. */
  readonly traced?: boolean;
}

/**
 * Compiles the body of a core. Bodies in scf or cf form, with arith, memref, vector, func.call, locks, streams and cascade.
 * @throws DesignError naming the operation that is not simulated and its place.
 */
export function compileCore(core: CoreConfig, config: ArrayConfig, options: CompileOptions): CoreProgram {
  if (core.elfFile !== undefined) {
    throw badOp(
      core.op,
      "a core given as an ELF file cannot be simulated",
      "give the core a body that calls its kernels",
    );
  }
  const known = programs.get(config) ?? new Map<CoreConfig, Map<string, CoreProgram>>();
  programs.set(config, known);
  const ofCore = known.get(core) ?? new Map<string, CoreProgram>();
  known.set(core, ofCore);
  const { checked = false, threaded = false, traced = false } = options;
  const key = `${checked},${threaded},${traced}`;
  const program = ofCore.get(key) ?? new CoreCompiler(core, config, options).compile();
  ofCore.set(key, program);
  return program;
}

/**
 * Programs of each design's cores, by what is told of them; costs are those of its device. Contexts of one design come and go,
 * and compiling its cores takes longer than most launches.
 */
const programs = new WeakMap<ArrayConfig, Map<CoreConfig, Map<string, CoreProgram>>>();
/** Functions of the bodies of each design, by their source. */
const starts = new WeakMap<ArrayConfig, Map<string, CoreProgram["start"]>>();

class CoreCompiler {
  readonly #core: CoreConfig;
  readonly #config: ArrayConfig;
  readonly #cost: CostModel;
  readonly #checked: boolean;
  readonly #threaded: boolean;
  readonly #traced: boolean;
  readonly #memories: TileCoord[];
  readonly #locks: LockConfig[] = [];
  readonly #requests: LockRequest[] = [];
  readonly #calls: KernelCall[] = [];
  readonly #sites: Operation[] = [];
  readonly #siteOf = (op: Operation): number => this.#sites.push(op) - 1;
  readonly #releases = new Set<LockConfig>();
  readonly #ownBuffers = new Set<BufferConfig>();
  /** Functions with a body, stream ports, memory that is not known: more than local variables decides. */
  #hasMore = false;
  /** JavaScript of functions with a body, by name; undefined while one is being compiled. */
  readonly #functions = new Map<string, string | undefined>();

  constructor(core: CoreConfig, config: ArrayConfig, options: CompileOptions) {
    const { cost, checked = false, threaded = false, traced = false } = options;
    this.#core = core;
    this.#config = config;
    this.#cost = cost;
    this.#checked = checked;
    this.#traced = traced;
    // Behind a call a function could come to a lock before the time of the call has passed.
    this.#threaded = threaded && !callsFunctions(core.op, config);
    this.#memories = [core.tile];
  }

  compile(): CoreProgram {
    const emitter = new CoreEmitter("v");
    const body = this.#emitBody(this.#core.op, emitter);
    const functions = [...this.#functions.values()].join("\n");
    const constants = ["memories", "locks", "requests", "calls"]
      .map((key) => `const ${key[0]} = rt.${key};`)
      .join("\n");
    const source = `"use strict";\n${constants}\n${functions}\nreturn (function* core_body() {\n${body}})();\n`;
    const start = this.#start(source);
    return {
      source,
      start,
      memories: this.#memories,
      locks: this.#locks,
      requests: this.#requests,
      calls: this.#calls,
      sites: this.#sites,
      releases: this.#releases,
      ownBuffers: this.#hasMore || !emitter.tellsLocals ? undefined : this.#ownBuffers,
    };
  }

  /**
   * Cores with the same body run the same function: it is compiled once, and stays in the processor's caches while the cores
   * take turns.
   */
  #start(source: string): CoreProgram["start"] {
    const known = starts.get(this.#config) ?? new Map<string, CoreProgram["start"]>();
    starts.set(this.#config, known);
    const start = known.get(source) ?? (new Function("rt", source) as CoreProgram["start"]);
    known.set(source, start);
    return start;
  }

  /** Lines of a core or function: its region, and what its last pause charges. */
  #emitBody(op: Operation, emitter: CoreEmitter): string {
    const region = op.regions[0];
    if (region === undefined) throw badOp(op, "expected a body");
    const memrefs = new MemRefs({
      emitter,
      bufferOf: this.#config.bufferOf,
      slotOf: (user, buffer) => this.#slotOf(user, buffer),
      siteOf: this.#siteOf,
      memoryCycles: this.#cost.scalarMemoryCycles,
      onAccess: (buffer) => {
        if (buffer === undefined) this.#hasMore = true;
        else this.#ownBuffers.add(buffer);
      },
      checked: this.#checked,
    });
    const scope = { emitter, body: (block: Block) => this.#emitBlock(block, emitter, memrefs) };
    emitRegion(region, scope, (terminator) => {
      if (terminator.name === "aie.end") {
        emitter.passTime();
        emitter.line("return;");
      } else if (terminator.name === "func.return") {
        emitter.passTime();
        emitter.line(`return ${terminator.operands.length > 0 ? emitter.use(terminator, 0) : ""};`);
      } else {
        throw unsupported(terminator);
      }
    });
    return emitter.body();
  }

  #emitBlock(block: Block, emitter: CoreEmitter, memrefs: MemRefs): void {
    const scope = { emitter, body: (inner: Block) => this.#emitBlock(inner, emitter, memrefs) };
    for (const op of block.ops) {
      if (op === block.ops.at(-1) && isTerminator(op)) {
        memrefs.touch(op);
        return;
      }
      memrefs.touch(op);
      if (emitArith(op, emitter, this.#siteOf) || memrefs.emit(op) || emitVector(op, emitter) || emitScf(op, scope))
        continue;
      if (emitGates(op, emitter)) {
        this.#hasMore = true;
        continue;
      }
      if (op.name === "aie.use_lock") this.#useLock(op, emitter);
      else if (op.name === "func.call") this.#call(op, emitter);
      else if (op.name !== "aie.event" && op.name !== "aie.debug") throw unsupported(op);
    }
  }

  #useLock(op: Operation, emitter: CoreEmitter): void {
    const lock = this.#config.lockOf.get(operand(op, 0));
    if (!lock) throw badOp(op, "expected a lock as its operand");
    const amount = op.int("value") ?? 1;
    const index = indexOf(this.#locks, lock);
    const name = `l[${index}]`;
    const tell = (event: string) => {
      if (this.#checked) emitter.line(`rt.checks.${event};`);
    };
    emitter.passTime();
    if (needText(op, "action") === "Release") {
      this.#releases.add(lock);
      tell(`released(${this.#siteOf(op)}, ${index}, ${amount})`);
      emitter.line(`${name}.release(${amount}, rt.user.agentName);`);
    } else {
      tell(`acquiring(${this.#siteOf(op)}, ${index}, ${amount})`);
      const request = this.#requests.push({ equal: needText(op, "action") === "Acquire", amount }) - 1;
      emitter.line(`if (!${name}.acquire(rt.user, r[${request}]))`);
      emitter.waitAtLock(name);
      tell(`acquired(${index}, ${amount})`);
    }
    emitter.line(`lk += ${this.#cost.lockCycles};`);
  }

  #call(op: Operation, emitter: CoreEmitter): void {
    const name = needText(op, "callee");
    const callee = this.#config.functions.get(name);
    if (!callee) throw badOp(op, `calls ${name}, which the design does not declare`);
    const args = op.operands.map((_, i) => emitter.use(op, i)).join(", ");
    if ((callee.regions[0]?.blocks.length ?? 0) > 0) {
      this.#hasMore = true;
      emitter.charge();
      const call = `(yield* ${this.#function(name, callee)}(${args}))`;
      if (op.results.length > 0) emitter.set(op.result, call);
      else emitter.line(`${call};`);
      return;
    }
    emitter.charge();
    const number = this.#calls.push(kernelCall(op, name)) - 1;
    if (this.#traced) emitter.line("rt.spentCycles = t + lk;");
    if (this.#threaded) emitter.line(`if (rt.begin(${number}, t + lk, [${args}])) yield;`);
    const call = this.#threaded ? "rt.callValue" : `c[${number}](${args})`;
    if (op.results.length > 0) emitter.set(op.result, call);
    else if (!this.#threaded) emitter.line(`${call};`);
    emitter.line("t += rt.callCycles;");
  }

  /** Name of a function with a body, compiled at its first use. */
  #function(name: string, op: Operation): string {
    const jsName = `f_${name.replace(/[^A-Za-z0-9_]/g, "_")}`;
    if (this.#functions.has(name)) {
      if (this.#functions.get(name) === undefined) throw badOp(op, `${name} calls itself, which a core cannot do`);
      return jsName;
    }
    this.#functions.set(name, undefined);
    const emitter = new CoreEmitter(`${jsName}_`);
    const params = (op.regions[0]?.blocks[0]?.args ?? []).map((arg, i) => {
      emitter.define(arg, `p${i}`);
      return `p${i}`;
    });
    const body = this.#emitBody(op, emitter);
    this.#functions.set(name, `function* ${jsName}(${params.join(", ")}) {\n${body}}`);
    return jsName;
  }

  #slotOf(op: Operation, buffer: BufferConfig): number {
    const { tile } = this.#core;
    if (memoryWindow(this.#config.device, tile, buffer.tile) === undefined) {
      throw badOp(op, `core ${tileName(tile)} cannot reach buffer ${buffer.name} of tile ${tileName(buffer.tile)}`);
    }
    const known = this.#memories.findIndex((m) => m.col === buffer.tile.col && m.row === buffer.tile.row);
    return known >= 0 ? known : this.#memories.push(buffer.tile) - 1;
  }
}

/** True when a core calls a function that has a body. */
function callsFunctions(core: Operation, config: ArrayConfig): boolean {
  let found = false;
  walk(core, (op) => {
    const callee = op.name === "func.call" ? config.functions.get(needText(op, "callee")) : undefined;
    if ((callee?.regions[0]?.blocks.length ?? 0) > 0) found = true;
  });
  return found;
}

function isTerminator(op: Operation): boolean {
  return op.successors.length > 0 || /^(aie\.end|func\.return|scf\.(yield|condition)|cf\.)/.test(op.name);
}

function kernelCall(op: Operation, name: string): KernelCall {
  if (op.results.length > 1) throw new DesignError(`func.call @${name}: a kernel returns one value at most`);
  const kinds = op.operands.map((value) => valueKind(op, value.type));
  if (kinds.includes("vector")) throw unsupported(op, "vector, given to a kernel,");
  const result = op.results[0]?.type;
  return {
    name,
    op,
    pointers: kinds.map((kind) => kind === "memref"),
    resultBits: result?.kind === "integer" && result.width < 32 ? result.width : undefined,
  };
}

function indexOf<T>(list: T[], item: T): number {
  const known = list.indexOf(item);
  return known >= 0 ? known : list.push(item) - 1;
}
