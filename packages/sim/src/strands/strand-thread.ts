import type { bound } from "../bound-call.ts";
import type { threadPlaces } from "../kernel-thread.ts";
import type { WasmMemory, WasmModule, wasm } from "../webassembly.ts";
import type { strandMachine } from "./strand-machine.ts";
import type { StrandCode } from "./strand-plan.ts";

/**
 * Places of a launch in strands among the words that threads share (kernel-thread.ts): some in the first, and of an image part
 * or a strand in those of the core with its number.
 */
export const strandPlaces = {
  /** Launches are numbered. */
  launch: 2,
  plan: 3,
  isProven: 4,
  imagesDone: 5,
  strandsDone: 6,
  failed: 7,
  /** The launch in which it was taken last. */
  imageClaim: 12,
  strandClaim: 13,
} as const;

/** What a thread is told of a plan, once. */
export interface ToldPlan {
  readonly number: number;
  readonly code: StrandCode;
  /** The store, and the moves in it. */
  readonly memory: WasmMemory;
  readonly module: WasmModule;
  readonly moveNames: Readonly<Record<1 | 2 | 4, string>>;
  readonly imageParts: number;
  /** Cores of each strand, by their numbers among those that have threads. */
  readonly coresOf: readonly (readonly number[])[];
}

/** What a thread has that does strands. */
export interface StrandThreadParts {
  readonly thread: number;
  readonly threads: number;
  readonly places: typeof threadPlaces;
  readonly strandPlaces: typeof strandPlaces;
  readonly words: Int32Array;
  readonly numbers: Float64Array;
  /** Of each core that has threads. */
  readonly cores: readonly {
    readonly memory: WasmMemory;
    readonly exports: Readonly<Record<string, unknown>>;
    readonly registers: readonly { value: number }[];
  }[];
  readonly giveBudget: (core: number) => void;
  /** The next plan that this thread has not heard of; undefined as long as there is none. */
  readonly hear: () => ToldPlan | undefined;
  readonly api: typeof wasm;
  readonly strandMachine: typeof strandMachine;
  readonly bound: typeof bound;
}

/** What a thread does of launches in strands. Its text is given to threads: it uses nothing from outside of itself. */
export function strandThread(parts: StrandThreadParts): { readonly join: (launch: number) => void } {
  const { thread, places, strandPlaces: of, words, numbers, cores, api } = parts;
  type Call = (...args: (number | bigint)[]) => number | bigint | undefined;
  const machineOf = (plan: ToldPlan) => {
    const { code, memory, module, moveNames } = plan;
    const { exports } = new api.Instance(module, { env: { memory } });
    const named = (unit: 1 | 2 | 4) => exports[moveNames[unit]] as () => void;
    const coreOf = (op: { readonly core: number }) => cores[code.threadedCores[op.core]!]!;
    const machine = parts.strandMachine({
      ...{ code, thread, words: new Uint32Array(memory.buffer) },
      move: { 1: named(1), 2: named(2), 4: named(4) },
      memories: code.threadedCores.map((core) => new Uint32Array(cores[core]!.memory.buffer)),
      invokeOf: (op) => parts.bound(coreOf(op).exports[code.sites[op.site]!.kernel] as Call, op.args),
      tookOf: (op, ops) => {
        const { aiekit_ops: count, aiekit_shuffles: shuffles, aiekit_counted: counted } = coreOf(op).exports;
        if (ops === undefined || count === undefined) return () => true;
        const { loadBytes, storeBytes, macIssues, vectorIssues, scalarCycles, shuffleIssues = 0 } = ops;
        const call = counted as Call | undefined;
        if (call) return () => call(loadBytes, storeBytes, macIssues, vectorIssues, scalarCycles, shuffleIssues) === 1;
        const kinds = [loadBytes, storeBytes, macIssues, vectorIssues, scalarCycles];
        return () => {
          const now = kinds.map((_, kind) => Number((count as Call)(kind)) >>> 0);
          const shuffled = shuffles ? Number((shuffles as Call)()) >>> 0 : shuffleIssues;
          return now.every((n, kind) => n === kinds[kind]) && shuffled === shuffleIssues;
        };
      },
    });
    return { ...plan, machine };
  };
  const plans = new Map<number, ReturnType<typeof machineOf>>();
  /** The plan of the launch, whose parts this thread has taken one of: it was told of before. */
  const present = (): ReturnType<typeof machineOf> => {
    for (;;) {
      const known = plans.get(words[of.plan]!);
      if (known !== undefined) return known;
      const heard = parts.hear();
      if (heard !== undefined) plans.set(heard.number, machineOf(heard));
    }
  };
  /** True when this thread is the one that does a part of a launch. */
  const takes = (index: number, place: number, launch: number): boolean =>
    Atomics.compareExchange(words, (index + 1) * places.stride + place, launch - 1, launch) === launch - 1;
  const registersAt = (core: number): number => core * places.stride + places.registers;
  const runStrand = ({ machine, coresOf }: ReturnType<typeof machineOf>, strand: number): void => {
    const mine = coresOf[strand]!;
    for (const core of mine) {
      const { registers } = cores[core]!;
      for (let i = 0; i < registers.length; i++) registers[i]!.value = numbers[registersAt(core) + i]!;
      parts.giveBudget(core);
    }
    const isProven = words[of.isProven] === 1;
    if (machine.run(strand, 0, Number.POSITIVE_INFINITY, isProven) < 0) Atomics.store(words, of.failed, 1);
    for (const core of mine) {
      const { registers } = cores[core]!;
      for (let i = 0; i < registers.length; i++) numbers[registersAt(core) + i] = registers[i]!.value;
    }
    Atomics.add(words, of.strandsDone, 1);
    Atomics.notify(words, of.strandsDone);
  };
  const join = (launch: number): void => {
    for (let part = 0; part < cores.length; part++) {
      if (!takes(part, of.imageClaim, launch)) continue;
      const { machine, code, imageParts } = present();
      const edge = (i: number): number => Math.floor((i * code.images.length) / imageParts);
      for (let i = edge(part); i < edge(part + 1); i++) machine.image(i);
      Atomics.add(words, of.imagesDone, 1);
    }
    // Strands of its own share first, whose memory is in its processor's caches.
    const first = Math.floor((thread * cores.length) / parts.threads);
    for (let k = 0; k < cores.length; k++) {
      const strand = (first + k) % cores.length;
      if (Atomics.load(words, of.failed) !== 0) return;
      if (!takes(strand, of.strandClaim, launch)) continue;
      const plan = present();
      while (Atomics.load(words, of.imagesDone) < plan.imageParts);
      runStrand(plan, strand);
    }
  };
  return { join };
}
