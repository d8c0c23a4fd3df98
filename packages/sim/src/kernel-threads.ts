import type { MessagePort, Worker } from "node:worker_threads";
import { bound } from "./bound-call.ts";
import { type KernelOps, kernelOps } from "./cost-model.ts";
import { KernelTrap, type LoopBudget } from "./kernel-module.ts";
import {
  type CallFailure,
  kernelThread,
  mostArguments,
  threadPlaces as places,
  type ThreadedCoreWork,
  type ThreadWork,
} from "./kernel-thread.ts";
import { budgetName } from "./loop-budget.ts";
import { strandMachine } from "./strands/strand-machine.ts";
import { strandPlaces, strandThread, type ToldPlan } from "./strands/strand-thread.ts";
import { type WasmGlobal, wasm } from "./webassembly.ts";

// As in turn-guard.ts: taken at run time, so that these files load where there is no Node.
const node = (globalThis as { readonly process?: NodeJS.Process }).process;
const workerThreads = node?.getBuiltinModule?.("node:worker_threads");

/** True where there are threads that an array can wait for: in Node. */
export const hasThreads = workerThreads !== undefined;

const [waits, taken, ended, failed] = [1, 2, 3, 4];
/** Looks at a call that another thread works at, before this one sleeps. */
const looks = 2000;

type Call = (...args: (number | bigint)[]) => number | bigint | undefined;

/** A core's instance on this thread. */
interface OwnInstance {
  readonly calls: readonly Call[];
  readonly takeOps: (() => KernelOps) | undefined;
  readonly registers: readonly WasmGlobal[];
  readonly budget: LoopBudget | undefined;
}

interface CallEnd {
  readonly value: number | bigint | undefined;
  readonly ops: KernelOps | undefined;
  /** Milliseconds of wall-clock time. */
  readonly tookMs: number;
}

/** A kernel threw: the error as the kernel's own thread would have seen it, and that instance's stack pointer. */
export class FailedCall extends Error {
  readonly error: unknown;
  readonly stackPointer: number | undefined;

  constructor(error: unknown, stackPointer: number | undefined) {
    super("kernel call failed");
    this.error = error;
    this.stackPointer = stackPointer;
  }
}

interface KernelThreadsOptions {
  /** This thread included. */
  readonly threads: number;
  /** False: only other threads run calls, for tests in which they must. */
  readonly takesCalls: boolean;
  readonly spinUs?: number;
}

/**
 * Threads that run kernel calls, one call of a core at a time. A thread takes those of its own cores first, whose memory is in
 * its processor's caches, and of others when it has none; this thread does so when it has to wait. Everything that a call
 * leaves behind comes back with it.
 */
export class KernelThreads {
  readonly cores: readonly ThreadedCore[];
  /** The core whose call this thread runs or waits for. */
  working: ThreadedCore | undefined;
  readonly #workers: Worker[] = [];
  readonly #ports: MessagePort[] = [];
  readonly #words: Int32Array;
  readonly #ready: Promise<unknown>;
  readonly #budget: BigInt64Array;
  readonly takesCalls: boolean;
  /** This thread included. */
  readonly count: number;
  #tickets = 0;
  #plans = 0;
  #lost: Error | undefined;

  constructor(parts: readonly { work: ThreadedCoreWork; own: OwnInstance }[], options: KernelThreadsOptions) {
    const words = new SharedArrayBuffer(4 * places.stride * (parts.length + 1));
    const numbers = new SharedArrayBuffer(8 * places.stride * (parts.length + 1));
    this.#words = new Int32Array(words);
    this.#budget = new BigInt64Array(numbers, 8 * places.stride * parts.length, 1);
    this.takesCalls = options.takesCalls;
    this.count = options.threads;
    this.cores = parts.map(({ work, own }, index) => {
      const isNear = index % options.threads === 0;
      return new ThreadedCore(this, { index, isNear, work, own, words, numbers });
    });
    const { spinUs = 300 } = options;
    const cores = parts.map(({ work }) => work);
    this.#ready = Promise.all(
      Array.from({ length: options.threads - 1 }, (_, i) =>
        this.#start({
          cores,
          words,
          numbers,
          places,
          strandPlaces,
          budgetName,
          spinUs,
          thread: i + 1,
          threads: options.threads,
        }),
      ),
    );
    // Whoever awaits `ready` is told; an array that is closed before it runs has nobody to tell.
    this.#ready.catch(() => undefined);
  }

  /** @throws what has ended one of the threads. */
  expectAll(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** Instructions that loops of each call in another thread may take from now on. */
  giveBudget(instructions: bigint): void {
    this.#budget[0] = instructions;
  }

  /** Fulfilled when all threads have come up. @throws what has ended one since. */
  async ready(): Promise<void> {
    await this.#ready;
    this.expectAll();
  }

  close(): void {
    for (const worker of this.#workers.splice(0)) void worker.terminate();
    for (const port of this.#ports.splice(0)) port.close();
  }

  ring(): number {
    return this.#tickets++;
  }

  /** Wakes all threads. */
  ringAll(): void {
    Atomics.add(this.#words, places.bell, 1);
    Atomics.notify(this.#words, places.bell);
  }

  /** Tells other threads of a plan. @returns the number by which they know it. */
  tell(plan: Omit<ToldPlan, "number">): number {
    const number = this.#plans++;
    for (const port of this.#ports) port.postMessage({ number, ...plan } satisfies ToldPlan);
    return number;
  }

  /** The call that waits longest among those of this thread's cores, or among all, taken for this thread. */
  takeOldest(): ThreadedCore | undefined {
    if (!this.takesCalls) return undefined;
    let oldest: ThreadedCore | undefined;
    for (const core of this.cores) {
      if (!core.isWaiting) continue;
      const nearer = oldest !== undefined && core.isNear !== oldest.isNear;
      if (!oldest || (nearer ? core.isNear : core.ticket < oldest.ticket)) oldest = core;
    }
    return oldest?.take() ? oldest : undefined;
  }

  failureOf(core: number): CallFailure {
    for (const port of this.#ports) {
      // A core has one call at a time, and it is asked for before the next.
      const got = workerThreads!.receiveMessageOnPort(port) as { readonly message: CallFailure } | undefined;
      if (got === undefined) continue;
      this.#failures.set(got.message.core, got.message);
    }
    const failure = this.#failures.get(core);
    return (
      failure ?? {
        ...{ core, kind: "other", message: "no reason came", stack: "", trap: undefined, stackPointer: undefined },
        isEndless: false,
      }
    );
  }

  readonly #failures = new Map<number, CallFailure>();

  #start(work: Omit<ThreadWork, "failures">): Promise<unknown> {
    const { Worker, MessageChannel } = workerThreads!;
    const { port1, port2 } = new MessageChannel();
    const parts = `{ strandThread: ${strandThread}, strandMachine: ${strandMachine}, bound: ${bound} }`;
    const worker = new Worker(`(${kernelThread})(process.getBuiltinModule("node:worker_threads"), ${parts})`, {
      eval: true,
      workerData: { ...work, failures: port2 },
      transferList: [port2],
      name: "aiekit kernels",
    });
    worker.on("error", (error) => {
      this.#lost = error;
    });
    this.#workers.push(worker);
    this.#ports.push(port1);
    return new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", resolve);
    }).finally(() => worker.unref());
  }

  get words(): Int32Array {
    return this.#words;
  }
}

interface ThreadedCoreParts {
  readonly index: number;
  readonly isNear: boolean;
  readonly work: ThreadedCoreWork;
  readonly own: OwnInstance;
  readonly words: SharedArrayBuffer;
  readonly numbers: SharedArrayBuffer;
}

/** One core's place among the threads. */
export class ThreadedCore {
  /** The array's own thread runs its calls rather than another one. */
  readonly isNear: boolean;
  readonly #threads: KernelThreads;
  readonly index: number;
  readonly #functions: readonly string[];
  readonly #own: OwnInstance;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #longs: BigInt64Array;
  readonly #at: number;
  readonly #from: number;
  #args: readonly (number | bigint)[] = [];
  /** What a call left that this thread has run. */
  #outcome: CallEnd | FailedCall | undefined;

  constructor(threads: KernelThreads, { index, isNear, work, own, words, numbers }: ThreadedCoreParts) {
    this.isNear = isNear;
    this.#threads = threads;
    this.index = index;
    this.#functions = work.functions;
    this.#own = own;
    this.#words = new Int32Array(words);
    this.#numbers = new Float64Array(numbers);
    this.#longs = new BigInt64Array(numbers);
    this.#at = (index + 1) * places.stride;
    this.#from = index * places.stride;
  }

  get isWaiting(): boolean {
    return Atomics.load(this.#words, this.#at + places.state) === waits;
  }

  get ticket(): number {
    return this.#words[this.#at + places.ticket]!;
  }

  /** What registers hold goes to where other threads see it. */
  sendRegisters(): void {
    const { registers } = this.#own;
    for (let i = 0; i < registers.length; i++) this.#numbers[this.#registersAt + i] = Number(registers[i]!.value);
  }

  takeRegisters(): void {
    const { registers } = this.#own;
    for (let i = 0; i < registers.length; i++) registers[i]!.value = this.#numbers[this.#registersAt + i]!;
  }

  get #registersAt(): number {
    return this.#from + places.registers;
  }

  /** What one of the core's registers holds, while none of its calls is under way. */
  register(index: number): number {
    return Number(this.#own.registers[index]!.value);
  }

  /** A kernel's number; -1 when there is none of this name or its call has too many arguments. */
  numberOf(name: string, argumentCount: number): number {
    return argumentCount <= mostArguments ? this.#functions.indexOf(name) : -1;
  }

  /** Hands a call over, to whichever thread comes first. */
  begin(functionNumber: number, args: readonly (number | bigint)[]): void {
    const [words, at, from] = [this.#words, this.#at, this.#from];
    this.#args = args;
    this.#outcome = undefined;
    let longs = 0;
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]!;
      if (typeof arg === "number") this.#numbers[from + i] = arg;
      else {
        this.#longs[from + i] = arg;
        longs |= 1 << i;
      }
    }
    this.sendRegisters();
    words[at + places.function] = functionNumber;
    words[at + places.argumentCount] = args.length;
    words[at + places.longs] = longs;
    words[at + places.ticket] = this.#threads.ring();
    Atomics.store(words, at + places.state, waits);
    Atomics.add(words, places.bell, 1);
    if (Atomics.load(words, places.sleepers) > 0) Atomics.notify(words, places.bell, 1);
  }

  take(): boolean {
    return Atomics.compareExchange(this.#words, this.#at + places.state, waits, taken) === waits;
  }

  /** Waits until the call has ended, with other work where there is some. @throws FailedCall. */
  end(): CallEnd {
    const [words, place] = [this.#words, this.#at + places.state];
    if (this.#threads.takesCalls && this.take()) this.#run();
    for (let look = 0; ; look++) {
      const state = Atomics.load(words, place);
      if (state >= ended) break;
      const other = this.#threads.takeOldest();
      if (other) {
        other.#run();
        look = 0;
      } else if (look > looks) {
        this.#threads.working = this;
        Atomics.wait(words, place, state);
        this.#threads.working = undefined;
      }
    }
    const outcome = this.#outcome ?? this.#outcomeElsewhere();
    Atomics.store(words, place, 0);
    if (outcome instanceof FailedCall) throw outcome;
    return outcome;
  }

  /** Runs the call, which is this thread's, on this thread. */
  #run(): void {
    const { calls, takeOps } = this.#own;
    const began = performance.now();
    let state = ended;
    this.#threads.working = this;
    try {
      const value = calls[this.#words[this.#at + places.function]!]!(...this.#args);
      this.#outcome = { value, ops: takeOps?.(), tookMs: performance.now() - began };
    } catch (error) {
      this.#outcome = new FailedCall(error, undefined);
      state = failed;
    }
    this.#threads.working = undefined;
    Atomics.store(this.#words, this.#at + places.state, state);
  }

  #outcomeElsewhere(): CallEnd | FailedCall {
    const [words, at, from] = [this.#words, this.#at, this.#from];
    if (words[at + places.state] === failed) {
      const failure = this.#threads.failureOf(this.index);
      const { budget } = this.#own;
      if (failure.isEndless && budget) budget.left.value = -1n;
      return new FailedCall(errorOf(failure), failure.stackPointer);
    }
    this.takeRegisters();
    const kind = words[at + places.resultKind];
    const value =
      kind === 0 ? undefined : kind === 1 ? this.#numbers[from + places.result]! : this.#longs[from + places.result]!;
    const of = (kind: number): number => words[at + places.ops + kind]! >>> 0;
    const shuffles = this.#functions.includes("aiekit_shuffles") ? of(5) : undefined;
    return { value, ops: this.#own.takeOps && kernelOps(of, shuffles), tookMs: this.#numbers[from + places.took]! };
  }
}

function errorOf({ kind, message, stack, trap }: CallFailure): Error {
  const made =
    trap !== undefined
      ? new KernelTrap(...trap)
      : kind === "wasm"
        ? new (wasm.RuntimeError as unknown as ErrorConstructor)(message)
        : new { range: RangeError, type: TypeError, other: Error, trap: Error }[kind](message);
  made.stack = stack;
  return made;
}
