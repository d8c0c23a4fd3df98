import { DeviceUnavailableError, UsageError } from "@aiekit/core";
import { openDevice, targetOf } from "@aiekit/host";
import {
  bf16Everywhere,
  type DeviceTracer,
  deviceExecutor,
  deviceWhisperBuilds,
  int8Everywhere,
  type Tracer,
  type WeightTypes,
  type WhisperExecutor,
  whisperSizes,
} from "@aiekit/pipeline";
import { type DeviceKernels, deviceKernels } from "../device-kernels.ts";
import type { ExecutorRequest, ExecutorSource, Precision } from "./whisper-executors.ts";

/** Our kernels on a device. What is stale is built when it is opened, so that no recording's time holds a build. */
export function deviceSource(kind: "sim" | "xrt"): ExecutorSource {
  return {
    async availability({ environment }) {
      try {
        await (await openDevice(kind, { xrtAddon: environment.xrtAddon })).close();
        return { available: true };
      } catch (error) {
        if (!(error instanceof DeviceUnavailableError)) throw error;
        return { available: false, reason: error.message.replace(/^device \w+: /, ""), hint: error.hint };
      }
    },
    open: (request) => openOnDevice(kind, request),
  };
}

async function openOnDevice(kind: "sim" | "xrt", request: ExecutorRequest): Promise<WhisperExecutor> {
  const { context, model, trace, npu, precision } = request;
  const weightTypes = weightTypesOf(kind, precision);
  const sizes = whisperSizes(model.config);
  const device = await openDevice(kind, {
    ...(npu === undefined ? {} : { generation: npu }),
    xrtAddon: context.environment.xrtAddon,
    threads: context.environment.simThreads,
  });
  const kernels = deviceKernels(context, device);
  try {
    await kernels.buildAll(deviceWhisperBuilds(sizes, { generation: device.generation, weightTypes }));
    const build: DeviceKernels["build"] = (name, wanted) => kernels.build(name, wanted);
    const tracer = launchTracer(trace);
    const weights = (name: string) => model.tensors.read(name);
    const executor = await deviceExecutor({
      device,
      sizes,
      weights,
      build,
      weightTypes,
      tracer,
      signal: context.signal,
    });
    return {
      ...executor,
      // An NPU whose driver is emulated executes what the simulator does.
      name: kind === "xrt" && targetOf(device) === "sim" ? "xrt, emulated" : kind,
      close: async () => {
        await executor.close();
        kernels.close();
        await device.close();
      },
    };
  } catch (error) {
    kernels.close();
    await device.close();
    throw error;
  }
}

function launchTracer(trace: Tracer): DeviceTracer {
  return {
    onLaunch: ({ part, kernel, modelled }) =>
      trace({
        kind: "launch",
        part,
        kernel,
        count: 1,
        modelledCycles: modelled?.cycles,
        modelledSeconds: modelled?.seconds,
        modelledLaunchSeconds: modelled?.launchSeconds,
        modelledSwitchSeconds: modelled?.switchSeconds,
      }),
  };
}

function weightTypesOf(kind: string, precision: Precision = "bf16"): WeightTypes {
  if (precision === "bf16") return bf16Everywhere;
  if (precision === "int8") return int8Everywhere;
  throw new UsageError(`--precision ${precision}: ${kind} has bf16 and int8`);
}
