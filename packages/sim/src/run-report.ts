import type { DmaDirection, TileCoord } from "@aiekit/mlir";
import type { ArrayConfig } from "./array-config.ts";
import { channelName } from "./channel-name.ts";
import type { Core, CoreReport } from "./core.ts";
import type { CounterSpan, CounterTable } from "./counter-table.ts";
import type { ChannelCycles, DmaChannel } from "./dma-channel.ts";
import type { OpenTransfer } from "./open-transfers.ts";
import type { PathReport } from "./path-report.ts";
import type { WaitReport } from "./wait-report.ts";

export interface ChannelReport extends ChannelCycles {
  readonly direction: DmaDirection;
  readonly channel: number;
  /** The objectFifo's end or the allocation that it works for, as far as that is known. */
  readonly name: string | undefined;
  /** DMA channels and cores at the other end of its streams. */
  readonly peers: readonly string[];
  readonly words: number;
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
  /** Put together when it is first asked for. */
  readonly tiles: readonly TileReport[];
  /** The longest way through the run, where it was asked for: its cycles add up to those of the run. */
  readonly path?: readonly PathReport[];
  /** Transfers of host memory that nothing awaited; each is among the warnings too. */
  readonly openTransfers: readonly OpenTransfer[];
  readonly warnings: readonly string[];
}

/** What was found out about a run while it ran, or when it was recorded. */
export interface MeasuredRun extends CounterSpan {
  readonly cycles: number;
  readonly instructions: number;
  readonly wordsMoved: number;
  readonly openTransfers: readonly OpenTransfer[];
  readonly warnings: readonly string[];
}

/** What a report is made of: the parts of an array, and their counters before and after a run. */
interface CountedRun extends CounterSpan {
  readonly cores: readonly Core[];
  readonly channels: readonly DmaChannel[];
  readonly cycles: number;
}

/** Counters as they are now. */
export function readCounters(
  table: CounterTable,
  parts: readonly { count(values: Float64Array): void }[],
): Float64Array {
  const values = table.copy();
  for (const part of parts) part.count(values);
  return values;
}

/** The report of a run on an array of these parts. */
export function runReport(
  measured: MeasuredRun,
  parts: Pick<CountedRun, "cores" | "channels"> & {
    readonly config: ArrayConfig;
    readonly path?: readonly PathReport[];
  },
): RunReport {
  const { cycles, instructions, wordsMoved, openTransfers, warnings, before, after } = measured;
  const { cores, channels, config, path } = parts;
  const run = { before, after, cores, channels, cycles };
  let tiles: readonly TileReport[] | undefined;
  return {
    cycles,
    instructions,
    wordsMoved,
    // Nobody reads it of most runs, and it would take a tenth of the time of one.
    get tiles() {
      tiles ??= tileReports(run, config);
      return tiles;
    },
    ...(path && { path }),
    openTransfers,
    warnings,
  };
}

/** Tiles that did anything in a run, by column, then row. */
function tileReports(run: CountedRun, config: ArrayConfig): TileReport[] {
  const tiles = new Map<string, { tile: TileCoord; core: CoreReport | undefined; channels: ChannelReport[] }>();
  const tileOf = (tile: TileCoord) => {
    const key = `${tile.col},${tile.row}`;
    const known = tiles.get(key) ?? { tile, core: undefined, channels: [] };
    tiles.set(key, known);
    return known;
  };
  for (const core of run.cores) tileOf(core.tile).core = core.report(run, run.cycles);
  for (const channel of run.channels) {
    // First of all: an array has some hundred channels, a run uses few, and names and peers take a search.
    const words = channel.wordsIn(run);
    if (words > 0) tileOf(channel.tile).channels.push(channelReport(channel, { words, run, config }));
  }
  return [...tiles.values()].sort((a, b) => a.tile.col - b.tile.col || a.tile.row - b.tile.row);
}

function channelReport(
  channel: DmaChannel,
  { words, run, config }: { readonly words: number; readonly run: CountedRun; readonly config: ArrayConfig },
): ChannelReport {
  const { direction, channel: number } = channel;
  return {
    ...{ direction, channel: number, name: channelName(config, channel), peers: peersOf(channel), words },
    ...channel.cyclesIn(run),
    waits: channel.waitsIn(run),
  };
}

function peersOf(channel: DmaChannel): string[] {
  const others = channel.streams.flatMap(({ source, ends }) => (source === channel ? ends : [source]));
  return [...new Set(others.map(({ agentName }) => agentName))];
}
