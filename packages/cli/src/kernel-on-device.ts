import type { Tensor } from "@aiekit/core";
import {
  type Device,
  type DeviceKind,
  type LoadedKernel,
  loadKernel,
  openDevice,
  runOverUnits,
  type UnitsRun,
} from "@aiekit/host";
import { findKernel } from "@aiekit/mlir";
import type { BuildResult } from "@aiekit/tools";
import { buildStep } from "./build-step.ts";
import type { CommandContext } from "./command-context.ts";
import { withSourceLine } from "./fault-source.ts";

/** Which kernel to run, with which parameters, on what. */
export interface KernelOnDevice {
  readonly kernel: string;
  readonly params: Readonly<Record<string, number | string>>;
  readonly device: DeviceKind | "auto";
}

/** A kernel that was built and loaded. */
export interface ReadyKernel {
  readonly loaded: LoadedKernel;
  readonly device: Device;
  readonly build: BuildResult;
  /** Wall time of opening the device and loading the kernel; the build is not part of it. */
  readonly setUpMs: number;
  /** Runs over all units of the inputs. `label` is what the progress line says. */
  run(inputs: Readonly<Record<string, Tensor>>, label?: string): Promise<UnitsRun>;
}

/**
 * Opens the device, builds the kernel for it when it is stale, loads it, and closes everything after `use`.
 * The device is opened first: where it is not available, nothing is built.
 */
export async function withKernel<T>(
  context: CommandContext,
  request: KernelOnDevice,
  use: (ready: ReadyKernel) => Promise<T>,
): Promise<T> {
  const entry = findKernel(request.kernel);
  const generation = entry.device.startsWith("npu2") ? "npu2" : "npu1";
  const openStartMs = performance.now();
  const device = await openDevice(request.device, { generation });
  const openMs = performance.now() - openStartMs;
  try {
    if (device.choice !== undefined) context.stderr.write(`${device.choice}\n`);
    const target = device.kind === "sim" ? "sim" : device.generation;
    const build = await buildStep(context, { kernel: request.kernel, params: request.params, target });
    const loaded = await loadKernel(device, build.manifestPath);
    const run = (inputs: Readonly<Record<string, Tensor>>, label = `run ${request.kernel}`) =>
      runWithProgress(context, { loaded, inputs, label });
    return await use({ loaded, device, build, setUpMs: openMs + loaded.loadMs, run });
  } finally {
    await device.close();
  }
}

interface LabelledRun {
  readonly loaded: LoadedKernel;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly label: string;
}

async function runWithProgress(context: CommandContext, { loaded, inputs, label }: LabelledRun): Promise<UnitsRun> {
  const task = context.progress.start(label);
  try {
    const result = await runOverUnits(loaded, inputs, {
      signal: context.signal,
      onProgress: (doneCount, totalCount) => task.update({ doneCount, totalCount }),
    });
    for (const warning of result.warnings) context.stderr.write(`warning: ${warning}\n`);
    return result;
  } catch (error) {
    throw await withSourceLine(error, context.environment);
  } finally {
    task.done();
  }
}
