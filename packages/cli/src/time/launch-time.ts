import { UsageError } from "@aiekit/core";
import type { ArrayReport, UnitsRun } from "@aiekit/host";
import type { DeviceModel } from "@aiekit/mlir";
import type { CommandContext } from "../command-context.ts";
import { type RunTime, runTime, runTimeLines, type TimeOptions, writeRoofline } from "./run-time.ts";

/** Time of the launch that took most cycles, of several that make one pass. */
export interface LaunchTime extends RunTime {
  readonly sequence: string;
  /** From 1. */
  readonly launch: number;
  readonly launches: number;
}

interface MadeRun {
  readonly kernel: string;
  readonly result: Pick<UnitsRun, "launches">;
  readonly device: DeviceModel;
}

/**
 * Time of a pass's longest launch, where it was asked for; its picture is written.
 * @throws UsageError for a device whose runs are not modelled.
 */
export async function launchTime(
  context: CommandContext,
  { time, roofline }: TimeOptions,
  { kernel, result, device }: MadeRun,
): Promise<LaunchTime | undefined> {
  if (!time && roofline === undefined) return undefined;
  const reports = result.launches.flatMap(({ run }) => run.array ?? []);
  const longest = reports.reduce<ArrayReport | undefined>(
    (most, report) => (most === undefined || report.cycles > most.cycles ? report : most),
    undefined,
  );
  if (longest === undefined) {
    throw new UsageError("--time and --roofline: expected a simulated device, whose cores can be looked into", {
      hint: "use --device sim; on an NPU the trace units tell where time goes, see: aiekit trace --help",
    });
  }
  const index = reports.indexOf(longest);
  const found = runTime(longest, device);
  const sequence = result.launches[index]?.sequence ?? "";
  const title = `${kernel} ${sequence}`;
  if (roofline !== undefined) await writeRoofline(context, found, { path: roofline, title, device });
  return time ? { ...found, sequence, launch: index + 1, launches: reports.length } : undefined;
}

export function launchTimeLines(time: LaunchTime): string[] {
  const { sequence, launch, launches } = time;
  const which = launches === 1 ? [] : ["", `of launch ${launch} of ${launches} (${sequence}), the longest:`];
  return [...which, ...runTimeLines(time)];
}
