import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Target } from "@aiekit/core";
import type { BuildEvent, BuildOptions, BuildRequest, BuildResult } from "@aiekit/tools";
import type { WasmClang } from "@aiekit/wasm-clang";
import type { CommandContext } from "./command-context.ts";
import { formatMs } from "./table.ts";

export interface BuildStepRequest {
  readonly kernel: string;
  readonly target: Target;
  readonly params: Readonly<Record<string, number | string>>;
  /** Array that the design is for; the kernel's own when undefined. */
  readonly device?: string | undefined;
  readonly force?: boolean;
  /** A compiler that the caller keeps open, for builds in a row. */
  readonly compiler?: WasmClang | undefined;
}

/** Builds a kernel unless it is up to date, with progress on stderr. Warnings of the build are printed there too. */
export async function buildStep(context: CommandContext, request: BuildStepRequest): Promise<BuildResult> {
  // Not the whole of tools, which loads the dialect: to find that nothing has changed takes none of it.
  const { buildKernel } = await import("@aiekit/tools/build");
  const { force = false, compiler, ...what } = request;
  const task = context.progress.start(`build ${request.kernel}`);
  const running = new Set<string>();
  const options: BuildOptions = {
    clang: context.environment.clang,
    compiler,
    signal: context.signal,
    onEvent: (event) => {
      if (event.kind === "start") running.add(event.step);
      else if ("step" in event) running.delete(event.step);
      // Of the steps that run side by side, the one that began first is the one that takes long.
      task.update([...running][0] ?? "");
      if (context.verbose) context.stderr.write(`${describeBuildEvent(event)}\n`);
    },
  };
  try {
    const result = force ? await buildFromNothing(what, options) : await buildKernel(what, options);
    for (const warning of result.warnings) context.stderr.write(`warning: ${warning}\n`);
    return result;
  } finally {
    task.done();
  }
}

/** A build that takes nothing from earlier ones: an empty cache, and no manifest that could be called fresh. */
async function buildFromNothing(request: BuildRequest, options: BuildOptions): Promise<BuildResult> {
  const { buildKernel, checkFresh } = await import("@aiekit/tools");
  const cacheRoot = await mkdtemp(join(tmpdir(), "aiekit-force-"));
  try {
    const state = await checkFresh(request, options);
    if (state.fresh) await rm(state.manifestPath);
    return await buildKernel(request, { ...options, cacheRoot });
  } finally {
    await rm(cacheRoot, { recursive: true, force: true });
  }
}

/** One line for what happened in a build. */
export function describeBuildEvent(event: BuildEvent): string {
  switch (event.kind) {
    case "start":
      return `run     ${event.step}: ${event.command}`;
    case "done":
      return `done    ${event.step} (${formatMs(event.durationMs)})`;
    case "cached":
      return `cached  ${event.step} (${formatMs(event.durationMs)})`;
    case "failed":
      return `failed  ${event.step} (${formatMs(event.durationMs)})`;
    case "stale":
      return `stale   ${event.kernel}: ${event.reason}`;
    case "fresh":
      return `fresh   ${event.kernel}: nothing to do (${formatMs(event.durationMs)})`;
  }
}
