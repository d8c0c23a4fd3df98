import type { Tensor } from "@aiekit/core";
import {
  type Device,
  type DeviceKind,
  type LoadedKernel,
  loadKernel,
  type NpuGeneration,
  openDevice,
  runOverUnits,
  targetOf,
  type UnitsRun,
} from "@aiekit/host";
import { deviceModel, findKernel } from "@aiekit/mlir";
import type { BuildResult } from "@aiekit/tools";
import type { WasmClang } from "@aiekit/wasm-clang";
import { buildStep } from "./build-step.ts";
import type { CommandContext } from "./command-context.ts";
import { withSourceLine } from "./fault-source.ts";
import { LoadedKernels } from "./loaded-kernels.ts";

/** Which kernel to run, with which parameters, on what. */
export interface KernelOnDevice {
  readonly kernel: string;
  readonly params: Readonly<Record<string, number | string>>;
  readonly device: DeviceKind | "auto";
  /** Array that it is built for, for example npu2 or npu1_2col; the kernel's own when undefined. */
  readonly npu?: string | undefined;
  /** Of the simulator: reports of runs have their critical path. */
  readonly criticalPath?: boolean | undefined;
}

/** A kernel and an open device; builds of it are made and loaded as they are asked for. */
export interface OpenKernel {
  /** Name in the registry. */
  readonly kernel: string;
  readonly device: Device;
  /** The build with the request's own parameters; the same one each time. */
  load(): Promise<ReadyKernel>;
  /** Runs a build with these parameters over all units of the inputs: this sequence, or those of the inputs' shapes. */
  runWith(
    params: KernelOnDevice["params"],
    inputs: Readonly<Record<string, Tensor>>,
    sequence?: string,
  ): Promise<UnitsRun>;
  /** Manifest of the build with these parameters. */
  manifestOf(params: KernelOnDevice["params"]): Promise<string>;
}

/** A kernel that was built and loaded. */
export interface ReadyKernel extends OpenKernel {
  readonly loaded: LoadedKernel;
  readonly build: BuildResult;
  /** Wall time of opening the device and loading the kernel; the build is not part of it. */
  readonly setUpMs: number;
  /** Runs over all units of the inputs. `label` is what the progress line says. */
  run(inputs: Readonly<Record<string, Tensor>>, label?: string): Promise<UnitsRun>;
}

/** Kernels of `runWith` that stay loaded; npu1 has 6 hardware contexts, and one may be that of `load`. */
const keptLoaded = 4;

/** `withOpenKernel`, with the build of the request's own parameters loaded. */
export function withKernel<T>(
  context: CommandContext,
  request: KernelOnDevice,
  use: (ready: ReadyKernel) => Promise<T>,
): Promise<T> {
  return withOpenKernel(context, request, async (open) => use(await open.load()));
}

/**
 * Opens the device, and closes it and everything on it after `use`. Nothing is built before: where the device is not
 * available, it need not be.
 */
export async function withOpenKernel<T>(
  context: CommandContext,
  { kernel, params, device: kind, npu, criticalPath }: KernelOnDevice,
  use: (open: OpenKernel) => Promise<T>,
): Promise<T> {
  const array = npu ?? findKernel(kernel).device;
  const generation = generationOf(array);
  const openStartMs = performance.now();
  const { xrtAddon, simThreads: threads } = context.environment;
  const device = await openDevice(kind, { generation, criticalPath, xrtAddon, threads });
  let compiler: WasmClang | undefined;
  const openMs = performance.now() - openStartMs;
  try {
    if (device.choice !== undefined) context.stderr.write(`${device.choice}\n`);
    // An emulated NPU executes builds for the simulator, of its own generation.
    const emulated = device.kind === "xrt" && targetOf(device) === "sim" ? device.generation : undefined;
    const own = emulated === generation ? undefined : emulated;
    const buildWith = (all: KernelOnDevice["params"], shared?: WasmClang) =>
      buildStep(context, {
        compiler: shared,
        kernel,
        params: all,
        target: targetOf(device),
        device: npu ?? own,
      });
    const manifestOf: OpenKernel["manifestOf"] = async (changes) => {
      // Suites build many times in a row; most of a build is the start of the compiler.
      compiler ??= await openCompiler(context);
      return (await buildWith({ ...params, ...changes }, compiler)).manifestPath;
    };
    const others = new LoadedKernels(keptLoaded, async (changes) => loadKernel(device, await manifestOf(changes)));
    const runWith: OpenKernel["runWith"] = async (changes, inputs, sequence) => {
      const other = await others.get(changes);
      return runOverUnits(other, inputs, { signal: context.signal, sequence }).catch(async (error) => {
        throw await withSourceLine(error, context.environment);
      });
    };
    let ready: Promise<ReadyKernel> | undefined;
    const load = (): Promise<ReadyKernel> => {
      ready ??= (async () => {
        const build = await buildWith(params);
        const loaded = await loadKernel(device, build.manifestPath);
        const run: ReadyKernel["run"] = (inputs, label = `run ${kernel}`) =>
          runWithProgress(context, { loaded, inputs, label });
        return { kernel, device, load, runWith, manifestOf, loaded, build, setUpMs: openMs + loaded.loadMs, run };
      })();
      return ready;
    };
    return await use({ kernel, device, load, runWith, manifestOf });
  } finally {
    compiler?.close();
    await device.close();
  }
}

async function openCompiler({ environment: { clang } }: CommandContext): Promise<WasmClang> {
  const { WasmClang } = await import("@aiekit/wasm-clang");
  return WasmClang.open(clang === undefined ? {} : { clang });
}

/** @throws UsageError for an array that there is not. */
export function generationOf(npu: string): NpuGeneration {
  return deviceModel(npu).generation === "aie2p" ? "npu2" : "npu1";
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
