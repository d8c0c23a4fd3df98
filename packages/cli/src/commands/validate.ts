import { type SuiteResult, suiteText } from "@aiekit/validate";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { type KernelOnDevice, withOpenKernel } from "../kernel-on-device.ts";
import { requireSuite } from "../kernel-suites.ts";
import { writeSuiteReport } from "../write-suite-report.ts";

export interface ValidateOptions extends KernelOnDevice {
  readonly clips: number | undefined;
  /** Folder for the report. */
  readonly report: string | undefined;
}

/** `aiekit validate`: exit code 1 when a case of the suite fails. */
export const validate: Command<ValidateOptions> = async (context, { clips, report, ...kernel }) => {
  const suite = requireSuite(kernel.kernel);
  return withOpenKernel(context, kernel, async (open) => {
    const task = context.progress.start(`validate ${kernel.kernel}`);
    const run = await suite({
      open,
      clips,
      signal: context.signal,
      onCase: (_, doneCount, totalCount) => task.update({ doneCount, totalCount }),
    }).finally(() => task.done());

    const files =
      report === undefined
        ? []
        : await writeSuiteReport({ run, folder: report, cwd: context.cwd, createdAt: new Date() });
    print(context, run.result, files);
    return run.result.pass ? exitCodes.ok : exitCodes.failed;
  });
};

function print({ stdout, json, verbose }: CommandContext, result: SuiteResult, files: readonly string[]): void {
  if (json) {
    stdout.write(`${JSON.stringify({ ...result, files }, null, 2)}\n`);
    return;
  }
  stdout.write(`${suiteText(result, verbose ? { rows: "cases" } : {})}\n`);
  for (const file of files) stdout.write(`${file}\n`);
}
