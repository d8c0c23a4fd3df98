import type { TileCoord } from "@aiekit/mlir";
import type { ArrayConfig } from "./array-config.ts";
import { channelName } from "./channel-name.ts";
import { Controller } from "./controller.ts";
import { Core } from "./core.ts";
import type { PathStep } from "./critical-path.ts";
import { DmaChannel } from "./dma-channel.ts";
import { Stream } from "./stream.ts";
import type { StreamEnd } from "./stream-end.ts";

/** Cycles of the longest way through a run that one core, stream or the instruction stream took. */
export interface PathReport {
  readonly kind: "core" | "stream" | "instructions";
  /** Of a core; of a stream that which its words leave. */
  readonly tile: TileCoord | undefined;
  /** `core (0,2)`; of a stream its objectFifo or allocation and its ends; `instruction stream`. */
  readonly who: string;
  /** Kernels that a core called, or `core code`; of a stream `moves words`, `starts BDs`. */
  readonly what: string;
  readonly times: number;
  readonly cycles: number;
}

/** Steps of the critical path in the developer's names. */
export function pathReports(steps: readonly PathStep[], config: ArrayConfig): PathReport[] {
  return steps.map(({ agent, what, times, cycles }) => {
    const step = { what, times, cycles };
    if (agent instanceof Core) return { kind: "core", tile: agent.tile, who: agent.agentName, ...step };
    if (agent instanceof Stream) return { ...streamOf(agent, config), ...step };
    if (agent instanceof Controller)
      return { kind: "instructions", tile: undefined, who: "instruction stream", ...step };
    throw new Error(`critical path: an agent of another kind, ${agent.doing}`);
  });
}

function streamOf({ source, routes }: Stream, config: ArrayConfig): Pick<PathReport, "kind" | "tile" | "who"> {
  const sinks = [...new Set(routes.flatMap((route) => route.sinks))];
  const nameOf = (end: StreamEnd): string | undefined =>
    end instanceof DmaChannel ? channelName(config, end) : undefined;
  // Who passes objects on sends from where it received them: then the receivers know the objectFifo's name.
  const sent = nameOf(source);
  const received = sinks.map(nameOf).find((name) => name !== undefined);
  const name = sent === undefined || sent.endsWith("_cons") ? (received?.replace(/(_\d+)?_cons$/, "") ?? sent) : sent;
  const ends = `${source.agentName} to ${sinks.map(({ agentName }) => agentName).join(", ")}`;
  const tile = source instanceof DmaChannel ? source.tile : undefined;
  return { kind: "stream", tile, who: name === undefined ? ends : `${name} (${ends})` };
}
