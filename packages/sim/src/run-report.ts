import type { DmaDirection, TileCoord } from "@aiekit/mlir";
import type { ArrayConfig } from "./array-config.ts";
import { channelName } from "./channel-name.ts";
import type { Core, CoreUse, KernelUse } from "./core.ts";
import type { KernelOps } from "./cost-model.ts";
import type { ChannelUse, DmaChannel } from "./dma-channel.ts";
import type { PathReport } from "./path-report.ts";
import { type WaitReport, waitReports } from "./wait-report.ts";

export interface KernelReport {
  readonly name: string;
  readonly calls: number;
  readonly cycles: number;
  /** True when the kernel does not count its work: its cycles are then a lower bound. */
  readonly lowerBound: boolean;
  /** Work that the kernel counted. */
  readonly ops?: KernelOps;
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
  /** Stack of the core and the most that a kernel used of it here; on hardware frames differ. Of a checked array only. */
  readonly stack?: { readonly bytes: number; readonly usedBytes: number };
}

/** Cycles of a run: the five kinds of them add up to those of the run. */
export interface ChannelReport {
  readonly direction: DmaDirection;
  readonly channel: number;
  /** The objectFifo's end or the allocation that it works for, as far as that is known. */
  readonly name: string | undefined;
  /** DMA channels and cores at the other end of its streams. */
  readonly peers: readonly string[];
  readonly words: number;
  /** Words were on their way. */
  readonly busyCycles: number;
  /** BDs were started. */
  readonly startCycles: number;
  /** A BD's lock was not to be had. */
  readonly lockCycles: number;
  /** A BD was ready, and the other end of the stream was not. */
  readonly peerCycles: number;
  /** There was no task. */
  readonly idleCycles: number;
  /** What `lockCycles` are made of. */
  readonly waits: readonly WaitReport[];
}

export interface TileReport {
  readonly tile: TileCoord;
  readonly core: CoreReport | undefined;
  /** Channels that moved words. */
  readonly channels: readonly ChannelReport[];
}

/** What one run did. All cycles are modelled (see the cost model), at the array clock. */
export interface RunReport {
  readonly cycles: number;
  /** Records of the instruction stream that were executed. */
  readonly instructions: number;
  /** 32-bit words that arrived in any tile or host buffer. */
  readonly wordsMoved: number;
  readonly tiles: readonly TileReport[];
  /** The longest way through the run, where it was asked for: its cycles add up to those of the run. */
  readonly path?: readonly PathReport[];
  readonly warnings: readonly string[];
}

/** Counters of cores and channels at one moment; a report is the difference of two. */
export interface Counters {
  readonly cycle: number;
  readonly cores: ReadonlyMap<Core, CoreUse>;
  readonly channels: ReadonlyMap<DmaChannel, ChannelUse>;
}

export function readCounters(cores: readonly Core[], channels: readonly DmaChannel[], cycle: number): Counters {
  return {
    cycle,
    cores: new Map(cores.map((core) => [core, core.use()])),
    channels: new Map(channels.map((channel) => [channel, channel.use()])),
  };
}

/** Tiles that did anything between two readings of the counters, by column, then row. */
export function tileReports(before: Counters, after: Counters, config: ArrayConfig): TileReport[] {
  const tiles = new Map<string, { tile: TileCoord; core: CoreReport | undefined; channels: ChannelReport[] }>();
  const tileOf = (tile: TileCoord) => {
    const key = `${tile.col},${tile.row}`;
    const known = tiles.get(key) ?? { tile, core: undefined, channels: [] };
    tiles.set(key, known);
    return known;
  };
  const cycles = after.cycle - before.cycle;
  for (const [core, now] of after.cores) {
    tileOf(core.tile).core = coreReport(core, { old: before.cores.get(core), now, cycles });
  }
  for (const [channel, now] of after.channels) {
    const old = before.channels.get(channel);
    // First of all: an array has some hundred channels, a run uses few, and names and peers take a search.
    if (now.words === (old?.words ?? 0)) continue;
    tileOf(channel.tile).channels.push(channelReport(channel, { old, now, config }));
  }
  return [...tiles.values()].sort((a, b) => a.tile.col - b.tile.col || a.tile.row - b.tile.row);
}

function coreReport(
  core: Core,
  { old, now, cycles }: { readonly old: CoreUse | undefined; readonly now: CoreUse; readonly cycles: number },
): CoreReport {
  const busyCycles = now.busyCycles - (old?.busyCycles ?? 0);
  const lockCycles = now.lockCycles - (old?.lockCycles ?? 0);
  return {
    busyCycles,
    lockCycles,
    endedCycles: core.state === "done" ? cycles - busyCycles - lockCycles : 0,
    kernels: [...now.kernels].map(([name, use]) => ({
      ...kernelReport(name, old?.kernels.get(name), use),
      lowerBound: core.uncounted.has(name),
    })),
    waits: waitReports(old?.waits, now.waits),
    ...(core.stack && { stack: core.stack }),
  };
}

function kernelReport(name: string, old: KernelUse | undefined, now: KernelUse): Omit<KernelReport, "lowerBound"> {
  const ops = now.ops && opsBetween(old?.ops, now.ops);
  return { name, calls: now.calls - (old?.calls ?? 0), cycles: now.cycles - (old?.cycles ?? 0), ...(ops && { ops }) };
}

function opsBetween(old: KernelOps | undefined, now: KernelOps): KernelOps {
  if (old === undefined) return now;
  return {
    loadBytes: now.loadBytes - old.loadBytes,
    storeBytes: now.storeBytes - old.storeBytes,
    macIssues: now.macIssues - old.macIssues,
    vectorIssues: now.vectorIssues - old.vectorIssues,
    scalarCycles: now.scalarCycles - old.scalarCycles,
  };
}

interface ChannelSpan {
  readonly old: ChannelUse | undefined;
  readonly now: ChannelUse;
  readonly config: ArrayConfig;
}

function channelReport(channel: DmaChannel, { old, now, config }: ChannelSpan): ChannelReport {
  const { direction, channel: number } = channel;
  const since = (key: Exclude<keyof ChannelUse, "waits">): number => now[key] - (old?.[key] ?? 0);
  return {
    ...{ direction, channel: number, name: channelName(config, channel), peers: peersOf(channel) },
    words: since("words"),
    busyCycles: since("busyCycles"),
    startCycles: since("startCycles"),
    lockCycles: since("lockCycles"),
    peerCycles: since("peerCycles"),
    idleCycles: since("idleCycles"),
    waits: waitReports(old?.waits, now.waits),
  };
}

function peersOf(channel: DmaChannel): string[] {
  const others = channel.streams.flatMap(({ source, ends }) => (source === channel ? ends : [source]));
  return [...new Set(others.map(({ agentName }) => agentName))];
}
