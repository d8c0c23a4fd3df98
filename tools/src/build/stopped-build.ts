import { ToolMissingError } from "@aiekit/core";
import type { Stop, UnreachedStep } from "../plan/runnable-steps.ts";
import type { ResolvedRequest } from "./request.ts";

interface StoppedBuild {
  readonly resolved: ResolvedRequest;
  readonly stops: readonly Stop[];
  readonly unreached: readonly UnreachedStep[];
  /** Steps that ran or were taken from the cache. */
  readonly ran: number;
  /** Folder with what they made. */
  readonly madeIn: string;
}

/** The error of a build that went as far as the tools of this machine reach: where it stopped, why, and how to go on. */
export function stoppedBuild({ resolved, stops, unreached, ran, madeIn }: StoppedBuild): ToolMissingError {
  const byTool = new Map<string, Stop[]>();
  for (const stop of stops) {
    const key = `${stop.missing.tool}\n${stop.missing.reason}`;
    byTool.set(key, [...(byTool.get(key) ?? []), stop]);
  }
  const reasons = [...byTool.values()].map((group) => {
    const { tool, reason } = group[0]?.missing ?? { tool: "", reason: "" };
    return `  ${listOf(group.map(({ step }) => step))}: needs ${tool}: ${reason}`;
  });
  const stopTools = new Set(stops.map(({ missing }) => missing.tool));
  const later = unreached.flatMap(({ missing }) => (missing && !stopTools.has(missing.tool) ? [missing] : []));
  const total = ran + stops.length + unreached.length;
  const message = [
    `build of ${resolved.entry.name} for ${resolved.target} stops after ${ran} of ${total} steps, before`,
    ...reasons,
    ...(unreached.length > 0 ? [`behind them: ${listOf(unreached.map(({ step }) => step))}`] : []),
    ...(later.length > 0 ? [`which need ${[...new Set(later.map(({ tool }) => tool))].join(", ")} as well`] : []),
    `what is made so far: ${madeIn}`,
  ].join("\n");
  const toolsByCure = new Map<string, Set<string>>();
  for (const { tool, cure } of [...stops.map(({ missing }) => missing), ...later]) {
    toolsByCure.set(cure, (toolsByCure.get(cure) ?? new Set()).add(tool));
  }
  const cures = [...toolsByCure].map(([cure, tools]) => `${[...tools].join(", ")}: ${cure}`);
  return new ToolMissingError(message, {
    hint: [`what this machine has: aiekit doctor --target ${resolved.target}; what gets the rest:`, ...cures].join(
      "\n  ",
    ),
  });
}

/** Steps that a message lists by name. */
const listed = 4;

function listOf(names: readonly string[]): string {
  if (names.length <= listed) return names.join(", ");
  return `${names.slice(0, listed - 1).join(", ")} and ${names.length - listed + 1} more`;
}
