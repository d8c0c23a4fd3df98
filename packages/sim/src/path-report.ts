import type { TileCoord } from "@aiekit/mlir";
import type { ArrayConfig } from "./array-config.ts";
import { channelName } from "./channel-name.ts";
import { Controller } from "./controller.ts";
import { Core } from "./core.ts";
import type { PathStep } from "./critical-path.ts";
import { type ChannelPlace, DmaChannel } from "./dma-channel.ts";
import { tileName } from "./fault.ts";
import { Stream } from "./stream.ts";
import type { StreamEnd } from "./stream-end.ts";

/** Cycles of the longest way through a run that one core, stream or the instruction stream took. */
export interface PathReport {
  readonly kind: "core" | "stream" | "instructions";
  /** Of a core; of a stream that which its words leave. */
  readonly tile: TileCoord | undefined;
  /** Of a stream: the DMA channels and cores that it connects, by the names that `channelAgent` gives. */
  readonly ends: readonly string[];
  /** `core (0,2)`; of a stream its objectFifo or allocation and its ends; `instruction stream`. */
  readonly who: string;
  /** Kernels that a core called, or `core code`; of a stream `moves words`, `starts BDs`. */
  readonly what: string;
  readonly times: number;
  readonly cycles: number;
}

/** Name of a DMA channel among a step's ends. */
export function channelAgent({ tile, direction, channel }: ChannelPlace): string {
  return `DMA ${direction} ${channel} of tile ${tileName(tile)}`;
}

/** Steps of the critical path in the developer's names. */
export function pathReports(steps: readonly PathStep[], config: ArrayConfig): PathReport[] {
  return steps.map(({ agent, what, times, cycles }) => {
    const step = { what, times, cycles };
    if (agent instanceof Core) return { kind: "core", tile: agent.tile, ends: [], who: agent.agentName, ...step };
    if (agent instanceof Stream) return { ...streamOf(agent, config), ...step };
    if (agent instanceof Controller)
      return { kind: "instructions", tile: undefined, ends: [], who: "instruction stream", ...step };
    throw new Error(`critical path: an agent of another kind, ${agent.doing}`);
  });
}

function streamOf(
  { source, ends: sinks }: Stream,
  config: ArrayConfig,
): Pick<PathReport, "kind" | "tile" | "ends" | "who"> {
  const nameOf = (end: StreamEnd): string | undefined =>
    end instanceof DmaChannel ? channelName(config, end) : undefined;
  // Who passes objects on sends from where it received them: then the receivers know the objectFifo's name.
  const sent = nameOf(source);
  const received = sinks.map(nameOf).find((name) => name !== undefined);
  const name = sent === undefined || sent.endsWith("_cons") ? (received?.replace(/(_\d+)?_cons$/, "") ?? sent) : sent;
  const [first, second, ...more] = sinks.map(({ agentName }) => agentName);
  const to = more.length === 0 ? [first, second].filter(Boolean).join(", ") : `${first} and ${more.length + 1} more`;
  const ends = `${source.agentName} to ${to}`;
  const tile = source instanceof DmaChannel ? source.tile : undefined;
  const agents = [source, ...sinks].map(({ agentName }) => agentName);
  return { kind: "stream", tile, ends: agents, who: name === undefined ? ends : `${name} (${ends})` };
}
