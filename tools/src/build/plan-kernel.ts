import { join } from "node:path";
import type { Design } from "@aiekit/mlir";
import { openStepCache, type StepCache } from "../cache/step-cache.ts";
import { type PreviewedStep, previewSteps } from "../plan/preview-steps.ts";
import type { BuildEvent } from "../plan/step.ts";
import { inStep } from "../plan/step-error.ts";
import { type BuildPlan, plannerFor, requireBuildable } from "./build-plan.ts";
import { checkFresh, type FreshnessOptions } from "./check-fresh.ts";
import { productPaths } from "./manifest.ts";
import { findProject, type Project } from "./project.ts";
import { type BuildRequest, type ResolvedRequest, resolveRequest, roundingParam } from "./request.ts";
import { findTools, withCompiler } from "./tool-versions.ts";

export interface KernelPlan {
  /** Whether a build would do nothing at all, and otherwise why not. */
  readonly fresh: boolean;
  readonly reason: string | undefined;
  /** In an order in which they could run. */
  readonly steps: readonly PreviewedStep[];
}

/** What `buildKernel` would do now: its steps with their commands, and which of them are in the cache. */
export async function planKernel(request: BuildRequest, options: FreshnessOptions = {}): Promise<KernelPlan> {
  requireBuildable(request.target);
  const freshness = await checkFresh(request, options);
  const steps = await withPlan(request, options, ({ plan, cache }) => previewSteps(plan.steps, cache));
  return { fresh: freshness.fresh, reason: freshness.fresh ? undefined : freshness.reason, steps };
}

/** A plan and where its results go. */
export interface PlannedBuild {
  readonly plan: BuildPlan;
  readonly project: Project;
  readonly resolved: ResolvedRequest;
  readonly cache: StepCache;
}

export interface PlanOptions extends FreshnessOptions {
  readonly onEvent?: ((event: BuildEvent) => void) | undefined;
}

/** Makes the design, plans the build, and lends the plan with a compiler that lives as long as `use` runs. */
export async function withPlan<T>(
  request: BuildRequest,
  options: PlanOptions,
  use: (planned: PlannedBuild) => Promise<T>,
): Promise<T> {
  const project = findProject(options);
  const resolved = await resolveRequest(request);
  const planner = await plannerFor(request.target);
  const design = makeDesign(resolved, options.onEvent);
  return withCompiler(options, async (compiler) => {
    const tools = await findTools({ ...options, compiler });
    const plan = await planner({ request: resolved, design, project, compiler, tools });
    return use({ plan, project, resolved, cache: openStepCache(stepCacheFolder(project)) });
  });
}

export function stepCacheFolder(project: Project): string {
  return join(project.cache, "steps");
}

/** The design is a function of this program: cheaper to call than to look up. */
function makeDesign(request: ResolvedRequest, onEvent: (event: BuildEvent) => void = () => {}): Design {
  const { entry, device, params } = request;
  const startMs = performance.now();
  const step = "design";
  onEvent({ kind: "start", step, command: `design ${request.folderName} -o ${productPaths.design}` });
  try {
    const design = withRounding(entry.design({ device, params }), params[roundingParam.name]);
    onEvent({ kind: "done", step, durationMs: performance.now() - startMs });
    return design;
  } catch (cause) {
    const error = inStep(step, cause);
    onEvent({ kind: "failed", step, durationMs: performance.now() - startMs, error });
    throw error;
  }
}

function withRounding(design: Design, mode: number | string | undefined): Design {
  if (mode === undefined) return design;
  const sources = design.sources.map((source) => ({
    ...source,
    defines: { ...source.defines, AIEKIT_ROUNDING: mode },
  }));
  return { ...design, sources };
}
