import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type Manifest, parseManifest } from "@aiekit/core";
import { replaceFolder, writeFileAtomic } from "../cache/atomic-write.ts";
import { pruneStepCache } from "../cache/prune-step-cache.ts";
import { writeOnly } from "../cache/step-cache.ts";
import { runSteps } from "../plan/run-steps.ts";
import { runnableSteps } from "../plan/runnable-steps.ts";
import { placesOfChanges } from "./changed-products.ts";
import { type ChangedFile, checkFresh, type Freshness } from "./check-fresh.ts";
import { productPaths } from "./manifest.ts";
import { type PlannedBuild, type PlanOptions, stepCacheFolder, withPlan } from "./plan-kernel.ts";
import type { BuildRequest } from "./request.ts";
import { stoppedBuild } from "./stopped-build.ts";
import { workFileName, workFolder } from "./work-folder.ts";

export interface BuildOptions extends PlanOptions {
  readonly signal?: AbortSignal | undefined;
  /** Steps that run at once. Default: the machine's parallelism. */
  readonly jobs?: number | undefined;
  /** Run every step, whatever is there; results still go to the cache. */
  readonly force?: boolean | undefined;
  /** Leave every step's outputs in `<output>/<target>/<kernel>.prj/`, also those of a build that fails. */
  readonly keep?: boolean | undefined;
}

export interface BuildResult {
  readonly manifestPath: string;
  readonly manifest: Manifest;
  /** Nothing had to be done. */
  readonly fresh: boolean;
  /** Of verifier, lowering and compiler, as text; empty for a fresh build. */
  readonly warnings: readonly string[];
  /** Folder with what every step made, where `keep` asked for it. */
  readonly workFolder?: string | undefined;
  readonly durationMs: number;
}

/**
 * Builds a kernel into `<output>/<target>/<kernel>[-<param>=<value>...]/`, or finds that nothing has changed since the
 * last time. The folder is replaced as a whole at the end: a build that fails or is stopped leaves the old one.
 * @throws the failing step's error (DesignError, BudgetError, ToolError) with its name in the message; UsageError for a
 * request that cannot be; AbortedError on `signal`; ToolMissingError where native tools are missing, after everything
 * that does not depend on them is made.
 */
export async function buildKernel(request: BuildRequest, options: BuildOptions = {}): Promise<BuildResult> {
  const startMs = performance.now();
  const durationMs = (): number => performance.now() - startMs;
  const { onEvent = () => {} } = options;
  const freshness = await freshnessFor(request, options);
  if (freshness.fresh) {
    onEvent({ kind: "fresh", kernel: request.kernel, durationMs: durationMs() });
    return { ...freshness, warnings: [], durationMs: durationMs() };
  }
  onEvent({ kind: "stale", kernel: request.kernel, reason: freshness.reason });
  const { changed } = freshness;
  for (const { what } of changed) onEvent({ kind: "changed", what });
  const built = await withPlan(request, options, (planned) => runPlan(planned, options, changed));
  return { ...built, fresh: false, durationMs: durationMs() };
}

/** A build that is to leave its intermediate files has to take them from somewhere: from its steps or their cache. */
async function freshnessFor(request: BuildRequest, options: BuildOptions): Promise<Freshness> {
  if (options.force) return { fresh: false, reason: "forced", changed: [] };
  if (options.keep) return { fresh: false, reason: "intermediate files are asked for", changed: [] };
  return checkFresh(request, options);
}

/** Some hundred results of compile and link. */
const maxCacheBytes = 256 * 1024 * 1024;

async function runPlan(
  { plan, project, resolved, cache }: PlannedBuild,
  options: BuildOptions,
  changed: readonly ChangedFile[],
): Promise<Pick<BuildResult, "manifest" | "manifestPath" | "warnings" | "workFolder">> {
  const { signal, onEvent = () => {} } = options;
  await writeFileAtomic(plan.design.path, plan.design.text);
  const { runnable, stops, unreached } = runnableSteps(plan.steps);
  const prj = workFolder(project, resolved);
  const made = new Map<string, Uint8Array | string>([[productPaths.design, plan.design.text]]);
  const isKept = options.keep === true || stops.length > 0;
  onEvent({ kind: "planned", kernel: resolved.entry.name, steps: runnable.length });
  const outputs = await runSteps(runnable, {
    cache: options.force ? writeOnly(cache) : cache,
    jobs: options.jobs ?? availableParallelism(),
    signal,
    onEvent,
    onOutputs: async (step, stepOutputs) => {
      for (const [name, bytes] of stepOutputs) made.set(workFileName(step.name, name), bytes);
    },
  }).finally(() => isKept && replaceFolder(prj, made));
  if (stops.length > 0) {
    throw stoppedBuild({ resolved, stops, unreached, ran: runnable.length, madeIn: prj });
  }

  const folder = join(project.output, resolved.target, resolved.folderName);
  const products = plan.products(outputs);
  await replaceFolder(folder, products);
  // What an earlier build left when it stopped is older than what is there now.
  if (!isKept) await rm(prj, { recursive: true, force: true });
  await pruneStepCache(stepCacheFolder(project), maxCacheBytes);
  const manifestPath = join(folder, productPaths.manifest);
  const manifest = parseManifest(String(products.get(productPaths.manifest)), manifestPath);
  const places = placesOfChanges(
    changed.filter((file) => "path" in file),
    products,
  );
  const warnings = [...plan.warnings(outputs), ...places];
  return { manifest, manifestPath, warnings, workFolder: isKept ? prj : undefined };
}
