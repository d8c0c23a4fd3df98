import { type HardwareTools, isFound, toolVersions } from "./hardware-tools.ts";
import type { InstsSource } from "./insts-steps.ts";

/** The streams of a build are the tools' unless others are asked for or there are no tools to make them. */
export function instsSource({ programs }: HardwareTools, asked: InstsSource | undefined): InstsSource {
  if (asked !== undefined) return asked;
  return isFound(programs["aie-opt"]) && isFound(programs["aie-translate"]) ? "tools" : "own";
}

/**
 * What a manifest remembers of the tools, and what is compared with it: versions, and who made the streams. A tool that
 * is missing is left out: it has made nothing since.
 */
export function npuTools(tools: HardwareTools, asked: InstsSource | undefined): Readonly<Record<string, string>> {
  const source = instsSource(tools, asked);
  const hasTools = isFound(tools.programs["aie-opt"]) && isFound(tools.programs["aie-translate"]);
  return { ...toolVersions(tools), ...((hasTools || asked !== undefined) && { insts: source }) };
}
