import { type Target, ToolMissingError } from "@aiekit/core";
import type { Design } from "@aiekit/mlir";
import type { WasmClang } from "@aiekit/wasm-clang";
import type { PlanOutputs } from "../plan/run-steps.ts";
import type { Step } from "../plan/step.ts";
import type { ProductFiles } from "./manifest.ts";
import type { Project } from "./project.ts";
import type { ResolvedRequest } from "./request.ts";
import type { BuildTools } from "./tool-versions.ts";

/** What a target's planner makes steps from. */
export interface PlanSource {
  readonly request: ResolvedRequest;
  readonly design: Design;
  readonly project: Project;
  /** Starts no process before its first job. */
  readonly compiler: WasmClang;
  readonly tools: BuildTools;
}

/** The steps of a build and what to make of their outputs. */
export interface BuildPlan {
  readonly steps: readonly Step[];
  /** The design's text, and the file that messages of the steps point into. */
  readonly design: { readonly path: string; readonly text: string };
  /** Files of the build's folder, the manifest included. */
  readonly products: (outputs: PlanOutputs) => ProductFiles;
  /** What verifier, lowering and compilers warn of, cached steps included. */
  readonly warnings: (outputs: PlanOutputs) => readonly string[];
}

export type Planner = (source: PlanSource) => Promise<BuildPlan>;

/**
 * The planner of a target: the only place where targets part.
 * @throws ToolMissingError for a target that this version does not build for, with what such a build needs.
 */
export async function plannerFor(target: Target): Promise<Planner> {
  requireBuildable(target);
  const { planSim } = await import("./sim/plan-sim.ts");
  return planSim;
}

/** @throws ToolMissingError as `plannerFor`, without loading the planner. */
export function requireBuildable(target: Target): void {
  if (target === "sim") return;
  throw new ToolMissingError(
    `target ${target}: needs aie-opt, aie-translate and Peano, and steps that drive them; this version has steps for sim only`,
    {
      hint: `build for the simulator, --target sim; which of these tools this machine has: aiekit doctor --target ${target}`,
    },
  );
}
