import type { MessagePort } from "node:worker_threads";
import type { StrandThreadParts, strandPlaces, strandThread, ToldPlan } from "./strands/strand-thread.ts";
import type { WasmMemory, WasmModule } from "./webassembly.ts";

/** What a thread needs of a core: a module, the core's memory, and its exports by number. */
export interface ThreadedCoreWork {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly functions: readonly string[];
  readonly registers: readonly string[];
}

/** What a thread is started with. */
export interface ThreadWork {
  readonly cores: readonly ThreadedCoreWork[];
  readonly words: SharedArrayBuffer;
  readonly numbers: SharedArrayBuffer;
  readonly places: typeof threadPlaces;
  readonly strandPlaces: typeof strandPlaces;
  /** Export of the modules. */
  readonly budgetName: string;
  /** Its number, from 1, of so many; the array's own thread is 0. Core i is near to thread i % threads. */
  readonly thread: number;
  readonly threads: number;
  /** Microseconds in which a thread without work looks for some before it sleeps. */
  readonly spinUs: number;
  /** Takes what kernels throw. */
  readonly failures: MessagePort;
}

/**
 * Places in the memory that threads share. Words: the bell, which rings when a call waits, the sleepers, then each core's
 * words from `(core + 1) * stride`. Numbers: each core's from `core * stride`: arguments, then its result and others; behind
 * them the budget of loops.
 */
export const threadPlaces = {
  stride: 64,
  bell: 0,
  sleepers: 1,
  /** 0: no call. 1: waits. 2: taken by a thread. 3: ended. 4: failed. */
  state: 0,
  /** Calls are numbered; the one with the lowest number goes first. */
  ticket: 1,
  function: 2,
  argumentCount: 3,
  /** Bit per argument: it is a BigInt. */
  longs: 4,
  /** 0: none. 1: a number. 2: a BigInt. */
  resultKind: 5,
  /** Five of them, then the shuffles. */
  ops: 6,
  result: 32,
  /** Milliseconds that the call took. */
  took: 33,
  registers: 34,
} as const;

/** Arguments and registers that there are places for. */
export const mostArguments = 32;
export const mostRegisters = threadPlaces.stride - threadPlaces.registers;

/** Functions whose texts a thread is given beside its own. */
type ThreadParts = Pick<StrandThreadParts, "strandMachine" | "bound"> & {
  readonly strandThread: typeof strandThread;
};

/** What a thread tells of a call that threw. */
export interface CallFailure {
  readonly core: number;
  readonly kind: "trap" | "wasm" | "range" | "type" | "other";
  readonly message: string;
  readonly stack: string;
  readonly trap: readonly [code: number, a: number, b: number] | undefined;
  readonly stackPointer: number | undefined;
  /** Its loops have used up their budget. */
  readonly isEndless: boolean;
}

/**
 * All that runs in a thread: takes calls that wait and runs them, until the thread is ended from outside. Its text is given to
 * the thread, which so needs no file of its own; therefore it uses nothing from outside of itself.
 */
export function kernelThread(threads: typeof import("node:worker_threads"), parts: ThreadParts): void {
  const {
    cores,
    places,
    strandPlaces: of,
    budgetName,
    spinUs,
    failures,
    thread,
    threads: count,
    ...shared
  } = threads.workerData as ThreadWork;
  const words = new Int32Array(shared.words);
  const numbers = new Float64Array(shared.numbers);
  const longs = new BigInt64Array(shared.numbers);
  type Call = (...args: (number | bigint)[]) => number | bigint | undefined;
  type Trapped = Error & { trap?: readonly [number, number, number] };
  const wasm = (globalThis as unknown as { WebAssembly: typeof import("./webassembly.ts").wasm }).WebAssembly;
  const kindOf = (error: unknown): CallFailure["kind"] => {
    if ((error as Trapped).trap) return "trap";
    if (error instanceof wasm.RuntimeError) return "wasm";
    if (error instanceof RangeError) return "range";
    return error instanceof TypeError ? "type" : "other";
  };
  const trap = (code: number, a: number, b: number): never => {
    const error: Trapped = new Error(`aiekit_trap(${code}, ${a}, ${b})`);
    error.trap = [code, a, b];
    throw error;
  };
  const ready = cores.map(({ module, memory, functions, registers }) => {
    const env = { memory, aiekit_trap: trap, aiekit_event: () => undefined };
    const { exports } = new wasm.Instance(module, { env });
    return {
      ...{ memory, exports },
      calls: functions.map((name) => exports[name] as Call),
      count: exports.aiekit_ops as Call | undefined,
      shuffles: exports.aiekit_shuffles as Call | undefined,
      stackPointer: exports.__stack_pointer as { value: number } | undefined,
      registers: registers.map((name) => exports[name] as { value: number }),
      budget: exports[budgetName] as { value: bigint } | undefined,
    };
  });
  threads.parentPort?.postMessage("ready");

  const isNear = (core: number): boolean => core % count === thread;
  const ticket = (core: number): number => words[(core + 1) * places.stride + places.ticket]!;
  const claim = (): number => {
    for (;;) {
      let first = -1;
      for (let core = 0; core < ready.length; core++) {
        if (Atomics.load(words, (core + 1) * places.stride + places.state) !== 1) continue;
        const nearer = first >= 0 && isNear(core) !== isNear(first);
        if (first < 0 || (nearer ? isNear(core) : ticket(core) < ticket(first))) first = core;
      }
      if (first < 0) return first;
      if (Atomics.compareExchange(words, (first + 1) * places.stride + places.state, 1, 2) === 1) return first;
    }
  };
  const serve = (core: number): void => {
    const { calls, count, shuffles, stackPointer, registers, budget } = ready[core]!;
    const [at, from] = [(core + 1) * places.stride, core * places.stride];
    const began = performance.now();
    let end = 3;
    if (budget) budget.value = longs[ready.length * places.stride]!;
    try {
      registers.forEach((register, i) => {
        register.value = numbers[from + places.registers + i]!;
      });
      const args: (number | bigint)[] = [];
      for (let i = 0; i < words[at + places.argumentCount]!; i++) {
        args.push(((words[at + places.longs]! >>> i) & 1) === 1 ? longs[from + i]! : numbers[from + i]!);
      }
      const value = calls[words[at + places.function]!]!(...args);
      words[at + places.resultKind] = value === undefined ? 0 : typeof value === "number" ? 1 : 2;
      if (typeof value === "number") numbers[from + places.result] = value;
      else if (value !== undefined) longs[from + places.result] = value;
      // Counters are registers too, and asking for them clears them.
      if (count) for (let kind = 0; kind < 5; kind++) words[at + places.ops + kind] = Number(count(kind));
      if (shuffles) words[at + places.ops + 5] = Number(shuffles());
      registers.forEach((register, i) => {
        numbers[from + places.registers + i] = register.value;
      });
    } catch (thrown) {
      const error = thrown as Trapped;
      const failure: CallFailure = {
        core,
        kind: kindOf(error),
        message: error.message,
        stack: error.stack ?? "",
        trap: error.trap,
        stackPointer: stackPointer && Number(stackPointer.value),
        isEndless: budget !== undefined && budget.value < 0n,
      };
      failures.postMessage(failure);
      end = 4;
    }
    numbers[from + places.took] = performance.now() - began;
    Atomics.store(words, at + places.state, end);
    Atomics.notify(words, at + places.state);
  };
  const { join } = parts.strandThread({
    ...{ thread, threads: count, places, strandPlaces: of, words, numbers, cores: ready, api: wasm },
    giveBudget: (core) => {
      const { budget } = ready[core]!;
      if (budget) budget.value = longs[ready.length * places.stride]!;
    },
    hear: () => (threads.receiveMessageOnPort(failures) as { readonly message: ToldPlan } | undefined)?.message,
    ...parts,
  });
  let joined = 0;
  for (;;) {
    const bell = Atomics.load(words, places.bell);
    const launch = Atomics.load(words, of.launch);
    if (launch !== joined) {
      joined = launch;
      join(launch);
      continue;
    }
    const core = claim();
    if (core >= 0) {
      serve(core);
      continue;
    }
    const until = performance.now() + spinUs / 1000;
    while (Atomics.load(words, places.bell) === bell && performance.now() < until);
    if (Atomics.load(words, places.bell) !== bell) continue;
    Atomics.add(words, places.sleepers, 1);
    Atomics.wait(words, places.bell, bell);
    Atomics.sub(words, places.sleepers, 1);
  }
}
