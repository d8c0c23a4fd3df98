import { DeviceUnavailableError, UsageError } from "@aiekit/core";
import { type Device, openDevice } from "@aiekit/host";
import {
  bf16Everywhere,
  type DeviceBuild,
  type DeviceTracer,
  deviceExecutor,
  deviceWhisperBuilds,
  type Tracer,
  type WeightTypes,
  type WhisperExecutor,
  whisperSizes,
} from "@aiekit/pipeline";
import { buildStep } from "../build-step.ts";
import type { CommandContext } from "../command-context.ts";
import type { ExecutorRequest, ExecutorSource, Precision } from "./whisper-executors.ts";

/** Our kernels on a device. What is stale is built when it is opened, so that no recording's time holds a build. */
export function deviceSource(kind: "sim" | "xrt"): ExecutorSource {
  return {
    async availability() {
      try {
        await (await openDevice(kind)).close();
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
  const device = await openDevice(kind, npu === undefined ? {} : { generation: npu });
  try {
    const { generation } = device;
    const build = await builder(context, device, deviceWhisperBuilds(sizes, { generation, weightTypes }));
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
      name: kind,
      close: async () => {
        await executor.close();
        await device.close();
      },
    };
  } catch (error) {
    await device.close();
    throw error;
  }
}

/** Builds what is known to be needed, and later whatever is asked for: paths of manifests, each build once. */
async function builder(context: CommandContext, device: Device, known: ReadonlyMap<string, DeviceBuild>) {
  const manifests = new Map<string, string>();
  const target = device.kind === "sim" ? "sim" : device.generation;
  const build = async (name: string, { kernel, params, device: array }: DeviceBuild): Promise<string> => {
    const built =
      manifests.get(name) ?? (await buildStep(context, { kernel, params, target, device: array })).manifestPath;
    manifests.set(name, built);
    return built;
  };
  for (const [name, wanted] of known) await build(name, wanted);
  return build;
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
      }),
  };
}

function weightTypesOf(kind: string, precision: Precision = "bf16"): WeightTypes {
  if (precision === "bf16") return bf16Everywhere;
  if (precision === "int8") return { decoder: "int8", head: "int8" };
  throw new UsageError(`--precision ${precision}: ${kind} has bf16 and int8`);
}
