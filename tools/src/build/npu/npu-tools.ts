import type { ToolChoice, ToolIdentity } from "../tool-versions.ts";
import { type HardwareTools, isFound, toolIdentities, toolIdentity } from "./hardware-tools.ts";
import type { InstsSource } from "./insts-steps.ts";

/** The streams of a build are the tools' unless others are asked for or there are no tools to make them. */
export function instsSource({ programs }: HardwareTools, asked: InstsSource | undefined): InstsSource {
  if (asked !== undefined) return asked;
  return isFound(programs["aie-opt"]) && isFound(programs["aie-translate"]) ? "tools" : "own";
}

/**
 * What a manifest remembers of the tools, and what is compared with it: versions and hashes, who made the streams, and who packed. A
 * tool that is missing is left out: it has made nothing since.
 */
export function npuTools(
  tools: HardwareTools,
  { insts, packager = "own" }: ToolChoice,
): Readonly<Record<string, ToolIdentity>> {
  const source = instsSource(tools, insts);
  const hasTools = isFound(tools.programs["aie-opt"]) && isFound(tools.programs["aie-translate"]);
  const packaging = Object.entries(tools.packaging ?? {}).filter(([, tool]) => tool.missing === undefined);
  return {
    ...toolIdentities(tools),
    ...((hasTools || insts !== undefined) && { insts: { version: source } }),
    packager: { version: packager },
    ...Object.fromEntries(packaging.map(([name, tool]) => [name, toolIdentity(tool)])),
  };
}
