import type { ArrayReport, CoreReport, costModel, KernelReport, TileReport } from "@aiekit/host";

/** What holds a kernel back, by the model of a core: the unit that takes most cycles of a call, or the streams to its tile. */
export type Roof = "compute" | "tile memory" | "scalar code" | "calls" | "streams";

/** What the roofs are made of: those of the simulator's cost model. Bytes and issues per cycle of one core. */
export interface CoreRoofs {
  readonly loadBytesPerCycle: number;
  readonly storeBytesPerCycle: number;
  /** Of one DMA channel. */
  readonly streamBytesPerCycle: number;
  readonly callCycles: number;
}

/** What a kernel did in a run on all the cores that call it. All cycles are modelled. */
export interface KernelWork {
  readonly kernel: string;
  readonly cores: number;
  readonly calls: number;
  readonly cycles: number;
  /** Cycles in the kernel over those that its cores had. */
  readonly busyShare: number;
  /** 32-bit words that the DMA brought to its tiles and took from them, in bytes; of all kernels of those cores. */
  readonly streamInBytes: number;
  readonly streamOutBytes: number;
  /** Undefined for a kernel that counts no work: its cycles are then a lower bound. */
  readonly counted:
    | {
        readonly macIssues: number;
        readonly vectorIssues: number;
        /** Of the vector issues, those that only move elements. Undefined where a module does not tell. */
        readonly shuffleIssues: number | undefined;
        readonly loadBytes: number;
        readonly storeBytes: number;
        /** Issues of the busier vector unit per cycle in the kernel, and per cycle of the run; the peak is 1. */
        readonly issuesPerCycle: number;
        readonly issuesPerRunCycle: number;
        /** Issues per byte loaded and stored, and per byte of the busiest DMA channel. Infinity where no byte moved. */
        readonly memoryIntensity: number;
        readonly streamIntensity: number;
        readonly roof: Roof;
      }
    | undefined;
}

export function coreRoofs(cost: ReturnType<typeof costModel>): CoreRoofs {
  const { loadBytesPerCycle, storeBytesPerCycle, streamWordsPerCycle, callCycles } = cost;
  return { loadBytesPerCycle, storeBytesPerCycle, streamBytesPerCycle: 4 * streamWordsPerCycle, callCycles };
}

/** Each kernel of a run with its work and the roof that binds it, most cycles first. */
export function kernelWork({ tiles, cycles }: Pick<ArrayReport, "tiles" | "cycles">, roofs: CoreRoofs): KernelWork[] {
  const byName = new Map<string, Call[]>();
  for (const { core, channels } of tiles) {
    for (const kernel of core?.kernels ?? []) {
      if (core === undefined || kernel.calls === 0) continue;
      byName.set(kernel.name, [...(byName.get(kernel.name) ?? []), { kernel, core, channels }]);
    }
  }
  return [...byName].map(([name, calls]) => workOf(name, calls, { cycles, roofs })).sort((a, b) => b.cycles - a.cycles);
}

interface Call {
  readonly kernel: KernelReport;
  readonly core: CoreReport;
  readonly channels: TileReport["channels"];
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

function workOf(
  kernel: string,
  calls: readonly Call[],
  run: { readonly cycles: number; readonly roofs: CoreRoofs },
): KernelWork {
  const cycles = sum(calls, (call) => call.kernel.cycles);
  const runCycles = run.cycles * calls.length;
  const bytes = (direction: string): number =>
    4 * sum(calls, ({ channels }) => sum(channels, (one) => (one.direction === direction ? one.words : 0)));
  return {
    ...{ kernel, cores: calls.length, cycles },
    calls: sum(calls, (call) => call.kernel.calls),
    busyShare: runCycles === 0 ? 0 : cycles / runCycles,
    streamInBytes: bytes("S2MM"),
    streamOutBytes: bytes("MM2S"),
    counted: countedWork(calls, { ...run, kernelCycles: cycles, runCycles }),
  };
}

interface Spent {
  readonly roofs: CoreRoofs;
  readonly kernelCycles: number;
  readonly runCycles: number;
}

function countedWork(
  calls: readonly Call[],
  { roofs, kernelCycles, runCycles }: Spent,
): KernelWork["counted"] | undefined {
  const ops = calls.flatMap(({ kernel }) => kernel.ops ?? []);
  if (ops.length < calls.length) return undefined;
  const [macIssues, vectorIssues] = [sum(ops, (one) => one.macIssues), sum(ops, (one) => one.vectorIssues)];
  const [loadBytes, storeBytes] = [sum(ops, (one) => one.loadBytes), sum(ops, (one) => one.storeBytes)];
  const told = ops.every((one) => one.shuffleIssues !== undefined);
  const shuffleIssues = told ? sum(ops, (one) => one.shuffleIssues ?? 0) : undefined;
  const issues = Math.max(macIssues, vectorIssues);
  const busiestBytes = sum(calls, ({ channels }) => 4 * Math.max(0, ...channels.map(({ words }) => words)));
  const costs: readonly (readonly [Roof, number])[] = [
    ["compute", issues],
    ["tile memory", Math.max(loadBytes / roofs.loadBytesPerCycle, storeBytes / roofs.storeBytesPerCycle)],
    ["scalar code", sum(ops, (one) => one.scalarCycles)],
    ["calls", sum(calls, ({ kernel }) => kernel.calls) * roofs.callCycles],
    ["streams", busiestBytes / roofs.streamBytesPerCycle],
  ];
  const inCore = sum(costs.slice(2, 4), ([, cycles]) => cycles) + Math.max(costs[0]![1], costs[1]![1]);
  // The parts of a call come one after the other, the streams run beside all of them.
  const [roof] = costs[4]![1] > inCore ? costs[4]! : costs.slice(0, 4).reduce((a, b) => (b[1] > a[1] ? b : a));
  return {
    ...{ macIssues, vectorIssues, shuffleIssues, loadBytes, storeBytes, roof },
    issuesPerCycle: issues / kernelCycles,
    issuesPerRunCycle: issues / runCycles,
    memoryIntensity: issues / (loadBytes + storeBytes),
    streamIntensity: issues / busiestBytes,
  };
}
