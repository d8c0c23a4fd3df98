import { setImmediate } from "node:timers/promises";
import { AbortedError, UsageError } from "@aiekit/core";
import type { ConformanceReport, DesignVerdict, ReportedDifference } from "@aiekit/tools";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatTable } from "../table.ts";

export interface ConformanceOptions {
  readonly folder: string;
  /** Designs to compare; all when empty. */
  readonly only: readonly string[];
}

/** `aiekit conformance`: exit code 1 when an answer of ours is not the compiler's and no known exception says why. */
export const conformance: Command<ConformanceOptions> = async (context, { folder, only }) => {
  const tools = await import("@aiekit/tools");
  const place = { path: folder, cwd: context.cwd };
  const names = chosen(await tools.readConformanceIndex(place), only, folder);
  const verdicts: DesignVerdict[] = [];
  const task = context.progress.start(`conformance ${folder}`);
  try {
    for (const name of names) {
      // Comparing a design takes milliseconds without a pause; between two, Ctrl-C and the progress line get their turn.
      await setImmediate();
      if (context.signal.aborted) throw new AbortedError();
      verdicts.push(tools.compareDesign(await tools.readConformanceDesign(place, name)));
      task.update({ doneCount: verdicts.length, totalCount: names.length });
    }
  } finally {
    task.done();
  }
  const report = tools.conformanceReport(verdicts);
  if (context.json) context.stdout.write(`${JSON.stringify({ folder, ...report }, null, 2)}\n`);
  else context.stdout.write(`${reportLines(context, folder, report).join("\n")}\n`);
  return report.differences.length === 0 ? exitCodes.ok : exitCodes.failed;
};

function chosen(names: readonly string[], only: readonly string[], folder: string): readonly string[] {
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const alike = names.filter((name) => name.includes(unknown) || unknown.includes(name)).slice(0, 5);
    const hint = alike.length > 0 ? `there are ${alike.join(", ")}` : `the designs are listed in ${folder}/index.json`;
    throw new UsageError(`${folder}: there is no design "${unknown}"`, { hint });
  }
  return only.length === 0 ? names : names.filter((name) => only.includes(name));
}

function reportLines({ colors, verbose }: CommandContext, folder: string, report: ConformanceReport): string[] {
  const { differences, exceptions, outdatedExceptions, remarks } = report;
  const remarkHint = verbose || remarks.length === 0 ? "" : " (--verbose lists them)";
  const failed = differences.length;
  return [
    stageTable(report),
    ...section("remarks", verbose ? remarks : [], ({ design, stage, remark }) => [`${design}, ${stage}: ${remark}`]),
    ...section("known exceptions", exceptions, (exception) => [
      ...differenceLines(exception),
      `    ${reasons[exception.reason]}: ${exception.cause}`,
    ]),
    ...section("known exceptions that no longer differ", outdatedExceptions, ({ name, shownBy, stage }) => [
      `${shownBy}, ${stage}: ${name}`,
    ]),
    ...section("differences", differences, differenceLines),
    "",
    `${folder}: ${report.designs} designs, ${report.agree} agree at every stage, ${exceptions.length} known exceptions, ${remarks.length} remarks${remarkHint}`,
    failed === 0 ? colors.green("no difference") : colors.red(`${failed} designs differ`),
  ];
}

const reasons = {
  tool: "defect of the tool",
  ours: "missing in aiekit",
} as const;

function stageTable({ stages }: ConformanceReport): string {
  const rows = stages.map((s) => [s.stage, s.designs, s.agree, s.exceptions, s.differ, s.notCompared].map(String));
  return formatTable(
    [
      { title: "stage" },
      ...["designs", "agree", "exceptions", "differ", "not compared"].map((title) => ({
        title,
        align: "right" as const,
      })),
    ],
    rows,
  );
}

function section<Entry>(title: string, entries: readonly Entry[], lines: (entry: Entry) => string[]): string[] {
  if (entries.length === 0) return [];
  return ["", `${title}: ${entries.length}`, ...entries.flatMap((entry) => lines(entry).map((line) => `  ${line}`))];
}

function differenceLines({ design, stage, what, expected, got }: ReportedDifference): string[] {
  return [`${design}, ${stage}: ${what}`, `    expected ${expected}`, `    got      ${got}`];
}
