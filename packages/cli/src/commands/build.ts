import { type LaunchEstimate, type Target, UsageError } from "@aiekit/core";
import type { BuildEvent, BuildResult, InstsSource, PackagerName } from "@aiekit/tools";
import { buildStep, warnOfChange } from "../build-step.ts";
import type { Command, CommandContext } from "../command-context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { formatError } from "../print-error.ts";
import { formatBytes, formatMs, formatTable } from "../table.ts";
import { colorsFor } from "../terminal.ts";

export interface BuildOptions {
  readonly kernel: string;
  readonly target: Target;
  readonly params: Readonly<Record<string, number | string>>;
  readonly npu: string | undefined;
  readonly watch: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly keep: boolean;
  readonly insts: InstsSource | undefined;
  readonly packager: PackagerName | undefined;
}

/** `aiekit build`. */
export const build: Command<BuildOptions> = async (context, options) => {
  if (options.dryRun) return preview(context, options);
  if (options.watch) return watchUntilStopped(context, options);
  const { dryRun: _, watch: __, npu: device, ...request } = options;
  print(context, await buildStep(context, { ...request, device }));
  return exitCodes.ok;
};

async function preview(context: CommandContext, options: BuildOptions): Promise<ExitCode> {
  const { kernel, target, params, npu: device, insts, packager } = options;
  const { planKernel } = await import("@aiekit/tools");
  const { clang, variables } = context.environment;
  const onEvent = (event: BuildEvent): void => warnOfChange(context, event);
  const plan = await planKernel(
    { kernel, target, params, device },
    { clang, env: variables, insts, packager, onEvent },
  );
  if (context.json) {
    context.stdout.write(`${JSON.stringify(plan, null, 2)}\n`);
    return exitCodes.ok;
  }
  if (plan.script !== undefined) {
    const state = plan.fresh ? "up to date: a build would run nothing" : `a build would run: ${plan.reason}`;
    context.stdout.write(`# ${kernel} (${target}): ${state}\n${plan.script}`);
    return exitCodes.ok;
  }
  const rows = plan.steps.map((step) => [step.fate, step.name, context.verbose ? step.command : ""]);
  const state = plan.fresh ? "up to date: nothing would run" : `would build: ${plan.reason}`;
  context.stdout.write(`${kernel} (${target}): ${state}\n`);
  context.stdout.write(`${formatTable([{ title: "fate" }, { title: "step" }, { title: "" }], rows)}\n`);
  return exitCodes.ok;
}

async function watchUntilStopped(context: CommandContext, options: BuildOptions): Promise<ExitCode> {
  const { kernel, target, params, npu: device, keep, insts, packager } = options;
  const { watchKernel } = await import("@aiekit/tools");
  const colors = colorsFor(context.stderr, context.environment);
  let refused: UsageError | undefined;
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  const watch = await watchKernel(
    { kernel, target, params, device },
    {
      clang: context.environment.clang,
      env: context.environment.variables,
      insts,
      packager,
      keep,
      signal,
      onEvent: (event) => warnOfChange(context, event),
      onBuild: (outcome) => {
        if (outcome.ok) print(context, outcome.result);
        else if (outcome.error instanceof UsageError) {
          // No edit of a source mends a command line.
          refused = outcome.error;
          ended.abort();
        } else context.stderr.write(formatError(outcome.error, { colors, verbose: context.verbose }));
      },
    },
  );
  if (!signal.aborted) context.stderr.write(`watching the sources of ${kernel}; Ctrl-C ends it\n`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await watch.close();
  if (refused !== undefined) throw refused;
  return exitCodes.interrupted;
}

function print(context: CommandContext, result: BuildResult): void {
  const { manifest, manifestPath, fresh, durationMs, warnings, workFolder } = result;
  if (context.json) {
    const { kernel, target, device, params } = manifest;
    const estimates = Object.fromEntries(manifest.sequences.flatMap((s) => (s.estimate ? [[s.name, s.estimate]] : [])));
    const what = { kernel, target, device, params, estimates };
    const record = { ...what, manifestPath, fresh, durationMs, warnings, workFolder };
    context.stdout.write(`${JSON.stringify(record)}\n`);
    return;
  }
  const what = fresh ? "up to date" : "built";
  const { kernel, target, xclbin, sequences } = manifest;
  context.stdout.write(
    `${kernel} (${target}): ${what} in ${formatMs(durationMs)}; xclbin ${formatBytes(xclbin.bytes)}, ` +
      `sequences ${sequences.map((sequence) => sequence.name).join(", ")}\n`,
  );
  for (const { name, estimate } of sequences) {
    if (estimate !== undefined) context.stdout.write(`${name}: ${describeEstimate(estimate)}\n`);
  }
  context.stdout.write(`${manifestPath}\n${workFolder === undefined ? "" : `${workFolder}\n`}`);
}

/** The planner's choice and what it expects of a launch, by its model. */
function describeEstimate({ plan, cycles, bytesToArray, bytesFromArray }: LaunchEstimate): string {
  const moved = `${formatBytes(bytesToArray)} to the array, ${formatBytes(bytesFromArray)} from it`;
  return `${plan}; estimated ${cycles} cycles, ${moved}`;
}
