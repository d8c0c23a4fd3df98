import type { Target } from "@aiekit/core";
import type { BuildEvent, BuildOptions, BuildResult, InstsSource, PackagerName } from "@aiekit/tools";
import type { WasmClang } from "@aiekit/wasm-clang";
import type { CommandContext } from "./command-context.ts";
import { createStepProgress } from "./step-progress.ts";
import { formatMs } from "./table.ts";

interface BuildStepRequest {
  readonly kernel: string;
  readonly target: Target;
  readonly params: Readonly<Record<string, number | string>>;
  /** Array that the design is for; the kernel's own when undefined. */
  readonly device?: string | undefined;
  readonly force?: boolean;
  readonly keep?: boolean;
  readonly insts?: InstsSource | undefined;
  readonly packager?: PackagerName | undefined;
  /** A compiler that the caller keeps open, for builds in a row. */
  readonly compiler?: WasmClang | undefined;
}

/** Builds a kernel unless it is up to date, with progress on stderr. Warnings of the build are printed there too. */
export async function buildStep(context: CommandContext, request: BuildStepRequest): Promise<BuildResult> {
  // Not the whole of tools, which loads the dialect: to find that nothing has changed takes none of it.
  const { buildKernel } = await import("@aiekit/tools/build");
  const { force = false, keep = false, insts, packager, compiler, ...what } = request;
  const task = context.progress.start(`build ${request.kernel}`);
  const state = createStepProgress(() => performance.now());
  const options: BuildOptions = {
    clang: context.environment.clang,
    env: context.environment.variables,
    insts,
    packager,
    keep,
    force,
    compiler,
    signal: context.signal,
    onEvent: (event) => {
      state.see(event);
      task.update(() => state.text());
      if (event.kind === "changed") warnOfChange(context, event);
      else if (context.verbose) context.stderr.write(`${describeBuildEvent(event)}\n`);
    },
  };
  try {
    const result = await buildKernel(what, options);
    for (const warning of result.warnings) context.stderr.write(`warning: ${warning}\n`);
    return result;
  } finally {
    task.done();
  }
}

/** A file that was changed behind the build's back is told whether it is asked for or not: it is about to be overwritten. */
export function warnOfChange({ stderr }: CommandContext, event: BuildEvent): void {
  if (event.kind === "changed") stderr.write(`warning: ${event.what}; a build makes it again\n`);
}

/** One line for what happened in a build. */
function describeBuildEvent(event: Exclude<BuildEvent, { kind: "changed" }>): string {
  switch (event.kind) {
    case "start":
      return `run     ${event.step}: ${event.command}`;
    case "done":
      return `done    ${event.step} (${formatMs(event.durationMs)})`;
    case "cached":
      return `cached  ${event.step} (${formatMs(event.durationMs)})`;
    case "failed":
      return `failed  ${event.step} (${formatMs(event.durationMs)})`;
    case "planned":
      return `plan    ${event.kernel}: ${event.steps} steps`;
    case "stale":
      return `stale   ${event.kernel}: ${event.reason}`;
    case "fresh":
      return `fresh   ${event.kernel}: nothing to do (${formatMs(event.durationMs)})`;
  }
}
