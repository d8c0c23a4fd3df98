/** Work that a kernel counted about itself (exports `aiekit_ops`, `aiekit_shuffles` of its module), since it was last asked. */
export interface KernelOps {
  readonly loadBytes: number;
  readonly storeBytes: number;
  /** Issues of the multiplier, and of the other vector units. */
  readonly macIssues: number;
  readonly vectorIssues: number;
  readonly scalarCycles: number;
  /** Those of `vectorIssues` that only moved elements to other lanes. Undefined for a module that does not tell. */
  readonly shuffleIssues?: number | undefined;
}

/**
 * Cycles that the simulator charges. These are a model: good to about a factor of two, never a measurement.
 * `sourced` numbers come from AM020; the others are fitted to the few published figures or are guesses, as marked.
 */
export interface CostModel {
  /** From a BD's lock being granted to its first word. Fitted guess. */
  readonly bdStartCycles: number;
  /** One lock operation of a core or DMA. 1..2 by silicon comparisons. */
  readonly lockCycles: number;
  /** Words a stream moves in a cycle. Sourced: AM020, 32-bit streams at the array clock. */
  readonly streamWordsPerCycle: number;
  /** Contiguous words in host memory below which the shim loses bandwidth: 64-byte bursts. Sourced: AM020. */
  readonly hostBurstWords: number;
  /** One record of the instruction stream. Guess: not measured. */
  readonly instructionCycles: number;
  /** From the end of a task to the controller seeing its token. Guess: not measured. */
  readonly tokenCycles: number;
  /** Between two runs on the host: the array goes on working this long. Round trip of a run in silicon comparisons. */
  readonly launchCycles: number;
  /** Entering and leaving a kernel. Fitted guess. */
  readonly callCycles: number;
  /** Bytes that a core loads, stores in a cycle. Sourced: AM020 (AIE2), AM027 (AIE2P). */
  readonly loadBytesPerCycle: number;
  readonly storeBytesPerCycle: number;
  /** Scalar operations of a core body written in MLIR: fitted to 12 cycles for a load, multiply, store loop. */
  readonly scalarOpCycles: number;
  readonly scalarMemoryCycles: number;
}

export function costModel(generation: "aie2" | "aie2p"): CostModel {
  const wide = generation === "aie2p";
  return {
    bdStartCycles: 8,
    lockCycles: 2,
    streamWordsPerCycle: 1,
    hostBurstWords: 16,
    instructionCycles: 20,
    tokenCycles: 20,
    launchCycles: 8000,
    callCycles: 40,
    loadBytesPerCycle: wide ? 128 : 64,
    storeBytesPerCycle: wide ? 64 : 32,
    scalarOpCycles: 1,
    scalarMemoryCycles: 4,
  };
}

/**
 * The counts of a call, each by its number in `aiekit_ops`. Written out here and nowhere else: objects that are put together
 * by copies have a shape of their own each, and reading them takes ten times as long.
 */
export function kernelOps(of: (kind: number) => number, shuffleIssues: number | undefined): KernelOps {
  const [loadBytes, storeBytes, macIssues, vectorIssues, scalarCycles] = [of(0), of(1), of(2), of(3), of(4)];
  return { loadBytes, storeBytes, macIssues, vectorIssues, scalarCycles, shuffleIssues };
}

/** Whether two calls did the same; undefined for one that was not counted. */
export function isSameWork(a: KernelOps | undefined, b: KernelOps | undefined): boolean {
  if (a === b || a === undefined || b === undefined) return a === b;
  return (Object.keys(a) as (keyof KernelOps)[]).every((kind) => a[kind] === b[kind]);
}

/** Cycles of one kernel call: the busiest of the units that work side by side, plus what is declared scalar. */
export function kernelCycles(cost: CostModel, ops: KernelOps): number {
  const vector = Math.max(
    ops.macIssues,
    ops.vectorIssues,
    ops.loadBytes / cost.loadBytesPerCycle,
    ops.storeBytes / cost.storeBytesPerCycle,
  );
  return Math.ceil(cost.callCycles + vector + ops.scalarCycles);
}

/** Cycles of a kernel that counts nothing: as if it did no more than load and store its arguments once. A lower bound. */
export function uncountedKernelCycles(cost: CostModel, argumentBytes: number): number {
  return Math.ceil(cost.callCycles + argumentBytes / cost.storeBytesPerCycle);
}

/** Cycles in which `words` pass a stream; `hostRunWords` is the contiguous run at a host end, Infinity elsewhere. */
export function streamCycles(cost: CostModel, words: number, hostRunWords: number): number {
  const efficiency = Math.min(1, hostRunWords / cost.hostBurstWords);
  return Math.ceil(words / (cost.streamWordsPerCycle * efficiency));
}
