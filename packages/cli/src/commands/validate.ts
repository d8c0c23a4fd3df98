import { type SuiteResult, type SuiteRun, suiteText } from "@aiekit/validate";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { explainFailure } from "../explain-failure.ts";
import { type KernelOnDevice, type OpenKernel, withOpenKernel } from "../kernel-on-device.ts";
import { requireSuite } from "../kernel-suites.ts";
import { type LastRun, watchedKernel } from "../watched-kernel.ts";
import { expectReportFolder, writeSuiteReport } from "../write-suite-report.ts";

export interface ValidateOptions extends KernelOnDevice {
  readonly clips: number | undefined;
  /** Folder for the report. */
  readonly report: string | undefined;
}

/** `aiekit validate`: exit code 1 when a case of the suite fails. */
export const validate: Command<ValidateOptions> = async (context, { clips, report, ...kernel }) => {
  const suite = requireSuite(kernel.kernel);
  if (report !== undefined) await expectReportFolder(report, context.cwd);
  return withOpenKernel(context, kernel, async (unwatched) => {
    const { open, last } = watchedKernel(unwatched);
    let failed: FailedCase | undefined;
    const task = context.progress.start(`validate ${kernel.kernel}`);
    const run = await suite({
      open,
      clips,
      signal: context.signal,
      onCase: ({ name, pass, checks }, doneCount, totalCount) => {
        const run = last();
        const element = checks.find((check) => !check.pass && check.element !== undefined)?.element;
        if (!pass && run !== undefined) failed ??= { name, run, element };
        task.update({ doneCount, totalCount });
      },
    }).finally(() => task.done());
    const reason = failed && (await reasonOf(context, open, { failed, suite: run }));

    const files =
      report === undefined
        ? []
        : await writeSuiteReport({ run, folder: report, cwd: context.cwd, createdAt: new Date() });
    print(context, run.result, { files, reason });
    return run.result.pass ? exitCodes.ok : exitCodes.failed;
  });
};

interface FailedCase {
  readonly name: string;
  readonly run: LastRun;
  readonly element: number | undefined;
}

/** The first case that failed and why, as a checked run of it tells; nothing where an NPU ran it. */
async function reasonOf(
  context: CommandContext,
  open: OpenKernel,
  { failed: { name, run, element }, suite }: { readonly failed: FailedCase; readonly suite: SuiteRun },
): Promise<readonly string[] | undefined> {
  const evidence = suite.evidence.find((one) => one.name === name);
  if (open.device.kind !== "sim" || evidence === undefined) return undefined;
  const task = context.progress.start(`run ${name} again, checked`);
  try {
    const { environment, signal } = context;
    const { generation } = open.device;
    const manifestPath = await open.manifestOf(run.params);
    const lines = await explainFailure({ ...run, element, manifestPath, generation, evidence, environment, signal });
    return lines.length > 0 ? [`first case that failed: ${name}`, ...lines] : undefined;
  } finally {
    task.done();
  }
}

interface Printed {
  readonly files: readonly string[];
  readonly reason: readonly string[] | undefined;
}

function print({ stdout, json, verbose }: CommandContext, result: SuiteResult, { files, reason }: Printed): void {
  if (json) {
    stdout.write(`${JSON.stringify({ ...result, files, ...(reason && { reason }) }, null, 2)}\n`);
    return;
  }
  stdout.write(`${suiteText(result, verbose ? { rows: "cases" } : {})}\n`);
  for (const line of reason ?? []) stdout.write(`${line}\n`);
  for (const file of files) stdout.write(`${file}\n`);
}
