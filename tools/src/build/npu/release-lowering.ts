import { type HardwareTools, isFound } from "./hardware-tools.ts";
import { type Lowering, loweringOf, passNames } from "./pass-pipelines.ts";

/** Without an aie-opt, a plan shows what the span does whose tools were run. */
const assumedRelease = "2026-03";

export function loweringFor({ release }: HardwareTools): Lowering {
  return loweringOf(release?.id ?? assumedRelease);
}

/**
 * The tools, with an aie-opt that lacks a pass of its own release's pipelines called unfit: it was built from a revision
 * between two releases, and would fail at the first step.
 */
export function withNeededPasses(tools: HardwareTools, lowering: Lowering): HardwareTools {
  const aieOpt = tools.programs["aie-opt"];
  if (!isFound(aieOpt)) return tools;
  const pipelines = [
    lowering.addresses("aie2"),
    lowering.route,
    lowering.core({ col: 0, row: 2 }, "aie2"),
    lowering.sequences,
  ];
  const needed = new Set(pipelines.flatMap(passNames).filter((name) => name.startsWith("aie")));
  const absent = [...needed].filter((name) => !tools.passes.has(name));
  if (absent.length === 0) return tools;
  const unfit = {
    tool: "aie-opt",
    reason: `${aieOpt.path} looks like ${tools.release?.name} and has no pass ${listOf(absent)}: a revision between two releases`,
    cure: "take the aie-opt of a release",
  };
  return { ...tools, programs: { ...tools.programs, "aie-opt": unfit } };
}

/** Passes that a message names. */
const listed = 3;

function listOf(names: readonly string[]): string {
  const more = names.length - listed;
  return more <= 0 ? names.join(", ") : `${names.slice(0, listed).join(", ")} and ${more} more`;
}
