import type { DmaDirection, TileCoord } from "@aiekit/mlir";
import type { Core } from "./core.ts";
import type { DmaChannel } from "./dma-channel.ts";

export interface KernelReport {
  readonly name: string;
  readonly calls: number;
  readonly cycles: number;
  /** True when the kernel does not count its work: its cycles are then a lower bound. */
  readonly lowerBound: boolean;
}

export interface CoreReport {
  readonly busyCycles: number;
  /** Cycles that the core stood at a lock. */
  readonly lockCycles: number;
  readonly kernels: readonly KernelReport[];
  /** Stack of the core and the most that a kernel used of it here; on hardware frames differ. Of a checked array only. */
  readonly stack?: { readonly bytes: number; readonly usedBytes: number };
}

export interface ChannelReport {
  readonly direction: DmaDirection;
  readonly channel: number;
  readonly words: number;
  readonly busyCycles: number;
  readonly lockCycles: number;
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
  readonly warnings: readonly string[];
}

/** Counters of cores and channels at one moment; a report is the difference of two. */
export interface Counters {
  readonly cores: ReadonlyMap<Core, { busyCycles: number; lockCycles: number; kernels: Map<string, [number, number]> }>;
  readonly channels: ReadonlyMap<DmaChannel, { words: number; busyCycles: number; lockCycles: number }>;
}

export function readCounters(cores: readonly Core[], channels: readonly DmaChannel[]): Counters {
  return {
    cores: new Map(
      cores.map((core) => {
        const kernels = new Map(
          [...core.kernels].map(([name, use]): [string, [number, number]] => [name, [use.calls, use.cycles]]),
        );
        return [core, { busyCycles: core.busyCycles, lockCycles: core.lockCycles, kernels }];
      }),
    ),
    channels: new Map(
      channels.map((c) => [c, { words: c.movedWords, busyCycles: c.busyCycles, lockCycles: c.lockCycles }]),
    ),
  };
}

/** Tiles that did anything since `before`, by column, then row. */
export function tileReports(before: Counters, after: Counters): TileReport[] {
  const tiles = new Map<string, { tile: TileCoord; core: CoreReport | undefined; channels: ChannelReport[] }>();
  const tileOf = (tile: TileCoord) => {
    const key = `${tile.col},${tile.row}`;
    const known = tiles.get(key) ?? { tile, core: undefined, channels: [] };
    tiles.set(key, known);
    return known;
  };
  for (const [core, now] of after.cores) {
    const then = before.cores.get(core);
    tileOf(core.tile).core = {
      busyCycles: now.busyCycles - (then?.busyCycles ?? 0),
      lockCycles: now.lockCycles - (then?.lockCycles ?? 0),
      ...(core.stack && { stack: core.stack }),
      kernels: [...now.kernels].map(([name, [calls, cycles]]) => {
        const [thenCalls, thenCycles] = then?.kernels.get(name) ?? [0, 0];
        return { name, calls: calls - thenCalls, cycles: cycles - thenCycles, lowerBound: core.uncounted.has(name) };
      }),
    };
  }
  for (const [channel, now] of after.channels) {
    const then = before.channels.get(channel);
    const words = now.words - (then?.words ?? 0);
    if (words === 0) continue;
    tileOf(channel.tile).channels.push({
      direction: channel.direction,
      channel: channel.channel,
      words,
      busyCycles: now.busyCycles - (then?.busyCycles ?? 0),
      lockCycles: now.lockCycles - (then?.lockCycles ?? 0),
    });
  }
  return [...tiles.values()].sort((a, b) => a.tile.col - b.tile.col || a.tile.row - b.tile.row);
}
