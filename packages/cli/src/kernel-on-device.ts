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
import { LoadedKernels } from "./loaded-kernels.ts";

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
  /** The same for a build of the kernel with these parameters, which is made and loaded when it is first asked for. */
  runWith(params: KernelOnDevice["params"], inputs: Readonly<Record<string, Tensor>>): Promise<UnitsRun>;
}

/** Kernels of `runWith` that stay loaded; npu1 has 6 hardware contexts, and one is `loaded`'s. */
const keptLoaded = 4;

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
    const others = new LoadedKernels(keptLoaded, async (params) => {
      const other = await buildStep(context, { kernel: request.kernel, params, target });
      return loadKernel(device, other.manifestPath);
    });
    const runWith: ReadyKernel["runWith"] = async (params, inputs) => {
      const other = await others.get({ ...request.params, ...params });
      return runOverUnits(other, inputs, { signal: context.signal }).catch(async (error) => {
        throw await withSourceLine(error, context.environment);
      });
    };
    return await use({ loaded, device, build, setUpMs: openMs + loaded.loadMs, run, runWith });
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
