import { AbortedError, type Target } from "@aiekit/core";
import type { Check, CheckStatus } from "@aiekit/tools";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatTable } from "../table.ts";

export interface DoctorOptions {
  readonly target: Target;
}

/** `aiekit doctor`: exit code 0 when nothing that the target needs is missing or broken, else 4; warnings do not count. */
export const doctor: Command<DoctorOptions> = async (context, { target }) => {
  const { doctor: examine, localEnvironment } = await import("@aiekit/tools");
  const { addonState } = await import("@aiekit/host");
  const { xrtAddon, variables } = context.environment;
  const task = context.progress.start("doctor");
  const checks = await localEnvironment(variables, () => addonState({ xrtAddon }))
    .then((environment) => examine(environment, target))
    .finally(() => task.done());
  // The checks take a second or two and clean up behind themselves, so they are not cut short.
  if (context.signal.aborted) throw new AbortedError("doctor: stopped");
  const failed = checks.some((check) => check.status === "fail");
  if (context.json) context.stdout.write(`${JSON.stringify({ ok: !failed, checks }, null, 2)}\n`);
  else context.stdout.write(`${describeChecks(context, checks)}\n`);
  return failed ? exitCodes.tool : exitCodes.ok;
};

function describeChecks(context: CommandContext, checks: readonly Check[]): string {
  const groups = [...new Set(checks.map((check) => check.group))];
  return groups
    .map((group) => {
      const ofGroup = checks.filter((check) => check.group === group);
      const rows = ofGroup.map((check) => [mark(context, check.status), check.name, check.found]);
      const table = formatTable([{ title: context.colors.bold(group) }, { title: "" }, { title: "" }], rows);
      return [table, ...ofGroup.flatMap((check) => explain(context, check))].join("\n");
    })
    .join("\n\n");
}

/** What to do about a check, and where was looked: of every check with --verbose, else of those with something to do. */
function explain({ verbose, colors }: CommandContext, { name, about, cure, lookedIn }: Check): readonly string[] {
  if (cure === undefined && !verbose) return [];
  const places = lookedIn.length === 0 ? [] : [colors.dim(`    looked in: ${lookedIn.join("; ")}`)];
  return [`  ${name}: ${cure ?? about}`, ...places];
}

function mark({ colors }: CommandContext, status: CheckStatus): string {
  switch (status) {
    case "ok":
      return colors.green("ok");
    case "warn":
      return colors.yellow("warn");
    case "fail":
      return colors.red("FAIL");
    case "absent":
      return colors.dim("absent");
  }
}
