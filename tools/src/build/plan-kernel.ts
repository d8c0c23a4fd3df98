import { join } from "node:path";
import { openStepCache, type StepCache } from "../cache/step-cache.ts";
import { type PreviewedStep, previewSteps } from "../plan/preview-steps.ts";
import type { BuildEvent } from "../plan/step.ts";
import { type BuildPlan, plannerFor } from "./build-plan.ts";
import { checkFresh, type FreshnessOptions } from "./check-fresh.ts";
import { makeDesign } from "./make-design.ts";
import { findProject, type Project } from "./project.ts";
import { type BuildRequest, type ResolvedRequest, resolveRequest } from "./request.ts";

export interface KernelPlan {
  /** Whether a build would do nothing at all, and otherwise why not. */
  readonly fresh: boolean;
  readonly reason: string | undefined;
  /** In an order in which they could run. */
  readonly steps: readonly PreviewedStep[];
  /** The steps as commands for a shell; undefined for target sim, whose steps run inside this program. */
  readonly script: string | undefined;
}

/** What `buildKernel` would do now: its steps with their commands, and which of them are in the cache. */
export async function planKernel(request: BuildRequest, options: PlanOptions = {}): Promise<KernelPlan> {
  const freshness = await checkFresh(request, options);
  if (!freshness.fresh) for (const { what } of freshness.changed) options.onEvent?.({ kind: "changed", what });
  return withPlan(request, options, async ({ plan, cache }) => {
    const steps = await previewSteps(plan.steps, cache);
    const reason = freshness.fresh ? undefined : freshness.reason;
    return { fresh: freshness.fresh, reason, steps, script: plan.script?.(steps) };
  });
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

/** Makes the design, plans the build, and lends the plan with what its steps need for as long as `use` runs. */
export async function withPlan<T>(
  request: BuildRequest,
  options: PlanOptions,
  use: (planned: PlannedBuild) => Promise<T>,
): Promise<T> {
  const project = findProject(options);
  const resolved = await resolveRequest(request);
  const planner = await plannerFor(request.target);
  const design = makeDesign(resolved, options.onEvent);
  const onDamaged = (what: string): void => options.onEvent?.({ kind: "changed", what });
  const cache = openStepCache(stepCacheFolder(project), { onDamaged });
  return planner({ request: resolved, design, project, choice: options }, (plan) =>
    use({ plan, project, resolved, cache }),
  );
}

export function stepCacheFolder(project: Project): string {
  return join(project.cache, "steps");
}
