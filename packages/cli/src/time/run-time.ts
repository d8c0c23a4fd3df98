import { extname } from "node:path";
import { UsageError } from "@aiekit/core";
import { type ArrayReport, costModel } from "@aiekit/host";
import type { DeviceModel } from "@aiekit/mlir";
import type { CommandContext } from "../command-context.ts";
import { rooflinePicture } from "../draw/roofline-picture.ts";
import { svgToPng } from "../draw/svg-to-png.ts";
import { expectWritable, writeOutput } from "../write-output.ts";
import { coreRoofs, type KernelWork, kernelWork } from "./kernel-work.ts";
import { kernelLines, timeLines } from "./time-lines.ts";
import { type WhereTimeWent, whereTimeWent } from "./where-time-went.ts";

/** What a user asks of a run's time. */
export interface TimeOptions {
  /** Where the time went, and each kernel's occupancy and roof. */
  readonly time: boolean;
  /** File for a picture of the roofline: .svg or .png. */
  readonly roofline: string | undefined;
}

/** Of the last run; all cycles are modelled. */
export interface RunTime extends WhereTimeWent {
  readonly kernels: readonly KernelWork[];
}

/** @throws UsageError before anything runs, for a picture that could not be written behind it. */
export async function expectTimeOptions({ roofline }: TimeOptions, cwd: string): Promise<void> {
  if (roofline === undefined) return;
  if (!isPicture(roofline)) throw new UsageError(`--roofline ${roofline}: expected a file that ends in .svg or .png`);
  await expectWritable(roofline, cwd);
}

export function runTime(report: ArrayReport, device: DeviceModel): RunTime {
  return { ...whereTimeWent(report), kernels: kernelWork(report, coreRoofs(costModel(device.generation))) };
}

export function runTimeLines(time: RunTime): string[] {
  const kernels = kernelLines(time.kernels);
  return ["", ...timeLines(time), ...(kernels.length > 0 ? ["", ...kernels] : [])];
}

/** Writes the picture, and says where. */
export async function writeRoofline(
  { cwd, stderr }: CommandContext,
  { kernels }: RunTime,
  to: { readonly path: string; readonly title: string; readonly device: DeviceModel },
): Promise<void> {
  const roofs = coreRoofs(costModel(to.device.generation));
  const { svg } = rooflinePicture(kernels, { title: `${to.title} on ${to.device.name}`, roofs });
  await writeOutput(to.path, cwd, extname(to.path).toLowerCase() === ".png" ? await svgToPng(svg) : svg);
  stderr.write(`roofline, modelled: ${to.path}\n`);
}

const isPicture = (path: string): boolean => [".svg", ".png"].includes(extname(path).toLowerCase());
