import { type Target, UsageError } from "@aiekit/core";
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
 * @throws UsageError for a target that this version does not build for, with what such a build needs.
 */
export async function plannerFor(target: Target): Promise<Planner> {
  requireBuildable(target);
  const { planSim } = await import("./sim/plan-sim.ts");
  return planSim;
}

/** @throws UsageError as `plannerFor`, without loading the planner. */
export function requireBuildable(target: Target): void {
  if (target === "sim") return;
  throw new UsageError(`target ${target}: this version builds for sim only`, {
    hint:
      `a build for ${target} needs the native tools aie-opt, aie-translate and Peano, and steps that drive them, which ` +
      "this version does not have; aiekit doctor says which of the tools are on this machine",
  });
}
