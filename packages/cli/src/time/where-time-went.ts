import { type ArrayReport, type ChannelReport, channelAgent, type PathReport, type WaitReport } from "@aiekit/host";
import type { TileCoord } from "@aiekit/mlir";

/** Something that works in a run: a core, a stream between DMA channels, the instruction stream. */
export interface Resource {
  readonly who: string;
  /** Modelled cycles. */
  readonly cycles: number;
}

/** A wait of a core or DMA channel for one thing, in the developer's names. */
interface LongWait {
  readonly who: string;
  readonly cause: string;
  readonly times: number;
  readonly cycles: number;
}

/** Where a core's cycles of a run went; they add up to those of the run. */
interface CoreTime {
  readonly tile: TileCoord;
  readonly kernels: number;
  readonly ownCode: number;
  /** For objects of objectFifos to take, and for room in objectFifos. */
  readonly waitsIn: number;
  readonly waitsOut: number;
  /** At stream ports and cascades. */
  readonly waitsStream: number;
  /** At locks of the design's own. */
  readonly waitsLock: number;
  readonly ended: number;
}

/** All cycles are modelled. */
export interface WhereTimeWent {
  readonly cycles: number;
  /** The longest way through the run, most first; adds up to `cycles`. Undefined where it was not followed. */
  readonly path: readonly PathReport[] | undefined;
  /** Who has most of the longest way. */
  readonly critical: Resource | undefined;
  /** Who works longest apart from that, and with it the least that the run would take if the critical resource took no time. */
  readonly next: Resource | undefined;
  readonly cores: readonly CoreTime[];
  /** Longest first. */
  readonly waits: readonly LongWait[];
}

/** What a run's counters say of its time. */
export function whereTimeWent(report: ArrayReport): WhereTimeWent {
  const { cycles, path, tiles } = report;
  const critical = path && mostOf(path);
  return {
    ...{ cycles, path, critical },
    next: critical && path && nextOf(report, path, critical),
    cores: tiles.flatMap(({ tile, core }) => {
      if (core === undefined) return [];
      const kernels = sum(core.kernels.map((kernel) => kernel.cycles));
      const waits = (fits: (wait: WaitReport) => boolean): number =>
        sum(core.waits.filter(fits).map((wait) => wait.cycles));
      const time: CoreTime = {
        ...{ tile, kernels, ownCode: core.busyCycles - kernels, ended: core.endedCycles },
        waitsIn: waits(({ kind, flow }) => kind === "fifo" && flow === "in"),
        waitsOut: waits(({ kind, flow }) => kind === "fifo" && flow === "out"),
        waitsStream: waits(({ kind }) => kind === "stream" || kind === "cascade"),
        waitsLock: waits(({ kind }) => kind === "lock"),
      };
      return [time];
    }),
    waits: tiles
      .flatMap(({ tile, core, channels }) => [
        ...(core?.waits ?? []).map((wait) => longWait(`core ${place(tile)}`, wait)),
        ...channels.flatMap((channel) => channelWaits(tile, channel)),
      ])
      .sort((a, b) => b.cycles - a.cycles),
  };
}

const place = ({ col, row }: TileCoord): string => `(${col},${row})`;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

function mostOf(path: readonly PathReport[]): Resource | undefined {
  const cycles = new Map<string, number>();
  for (const step of path) cycles.set(step.who, (cycles.get(step.who) ?? 0) + step.cycles);
  const [most] = [...cycles].sort(([, a], [, b]) => b - a);
  return most && { who: most[0], cycles: most[1] };
}

/** Of all cores and channels but the critical one and the ends of a critical stream. */
function nextOf(report: ArrayReport, path: readonly PathReport[], critical: Resource): Resource | undefined {
  const ends = new Set([critical.who, ...path.filter(({ who }) => who === critical.who).flatMap((step) => step.ends)]);
  const all = report.tiles.flatMap(({ tile, core, channels }) => [
    ...(core === undefined ? [] : [{ agent: `core ${place(tile)}`, name: undefined, cycles: core.busyCycles }]),
    ...channels.map((channel) => ({
      agent: channelAgent({ tile, ...channel }),
      name: channel.name,
      cycles: channel.busyCycles + channel.startCycles,
    })),
  ]);
  const [next] = all.filter(({ agent }) => !ends.has(agent)).sort((a, b) => b.cycles - a.cycles);
  if (next === undefined) return undefined;
  return { who: next.name === undefined ? next.agent : `${next.agent} (${next.name})`, cycles: next.cycles };
}

function channelWaits(tile: TileCoord, channel: ChannelReport): LongWait[] {
  const name = channelAgent({ tile, ...channel });
  const who = channel.name === undefined ? name : `${name} (${channel.name})`;
  const cause = `for ${channel.peers.join(", ") || "the other end of its stream"}`;
  const peer = { who, cause, times: 0, cycles: channel.peerCycles };
  const waits = channel.waits.map((wait) => longWait(who, wait));
  return channel.peerCycles > 0 ? [...waits, peer] : waits;
}

function longWait(who: string, { kind, flow, name, times, cycles }: WaitReport): LongWait {
  if (kind !== "fifo") return { who, cause: kind === "lock" ? `for lock ${name}` : `for ${name}`, times, cycles };
  return { who, cause: `for ${flow === "in" ? "a filled" : "a free"} object of objectFifo ${name}`, times, cycles };
}
