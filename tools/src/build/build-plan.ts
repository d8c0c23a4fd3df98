import type { Target } from "@aiekit/core";
import type { Design } from "@aiekit/mlir";
import type { PreviewedStep } from "../plan/preview-steps.ts";
import type { PlanOutputs } from "../plan/run-steps.ts";
import type { Step } from "../plan/step.ts";
import type { ProductFiles } from "./manifest.ts";
import type { Project } from "./project.ts";
import type { ResolvedRequest } from "./request.ts";
import type { ToolChoice } from "./tool-versions.ts";

/** What a target's planner makes steps from. */
export interface PlanSource {
  readonly request: ResolvedRequest;
  readonly design: Design;
  readonly project: Project;
  readonly choice: ToolChoice;
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
  /** The plan as a text that a shell can run, for targets whose steps are command lines. */
  readonly script?: (steps: readonly PreviewedStep[]) => string;
}

/** Makes the plan and lends it, with what its steps need, for as long as `use` runs. */
export type Planner = <T>(source: PlanSource, use: (plan: BuildPlan) => Promise<T>) => Promise<T>;

/** The planner of a target: the only place where targets part. */
export async function plannerFor(target: Target): Promise<Planner> {
  if (target === "sim") return (await import("./sim/plan-sim.ts")).withSimPlan;
  return (await import("./npu/plan-npu.ts")).withNpuPlan;
}
