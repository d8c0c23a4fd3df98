import { DeviceUnavailableError, UsageError } from "@aiekit/core";
import type { TraceRecorder } from "@aiekit/sim";
import type { Device, DeviceKind, NpuGeneration } from "./device.ts";
import { SimDevice } from "./sim/sim-device.ts";
import { loadAddon } from "./xrt/native-addon.ts";
import { openXrtDevice } from "./xrt/xrt-device.ts";

export interface OpenDeviceOptions {
  /** Which NPU the simulator stands for; npu1 when left out. The generation of an NPU is its own. */
  readonly generation?: NpuGeneration;
  /**
   * Threads in which the simulator runs kernels, its own included; 1 when left out. Results and modelled cycles do not depend
   * on it. More than one pays where kernels take most of the time and there are processors for them; a device that is
   * checked, traced or asked for the critical path uses one.
   */
  readonly threads?: number | undefined;
  /**
   * False: the simulator works out every launch anew. By default it plays launches of a stream that it has worked out before,
   * with the same results and modelled cycles in less time; true when left out.
   */
  readonly tapes?: boolean | undefined;
  /** The simulator's launches that are played: in strands always or never, for comparisons. Default: where that is faster. */
  readonly strands?: "always" | "never" | undefined;
  /** The XRT addon, where it is not where scripts/build-xrt-addon.mjs puts it. */
  readonly xrtAddon?: string | undefined;
  /**
   * `sim` only: memory is followed, and what hardware does in silence ends a run with a SimFault, as `aiekit sim --check` does:
   * reads of what was never written, objects used without being held, kernels beside their arguments, BDs that their
   * registers cannot hold. Results and modelled cycles stay what they are; wall time grows.
   */
  readonly checked?: boolean | undefined;
  /** `sim` only: is told what cores, DMA channels and locks of every context do. */
  readonly trace?: TraceRecorder | undefined;
  /** Of the simulator: reports of runs have their critical path, which takes memory. */
  readonly criticalPath?: boolean | undefined;
}

/**
 * Opens a device. A named kind that is not there is an error, never replaced by another; only `auto` chooses, and says
 * in `device.choice` what it chose and why.
 * @throws DeviceUnavailableError that says what is missing and how to get it; UsageError for a check of what is no simulator.
 */
export async function openDevice(kind: DeviceKind | "auto", options: OpenDeviceOptions = {}): Promise<Device> {
  const { checked, trace, criticalPath, threads, tapes, strands } = options;
  if ((checked || trace) && kind !== "sim") {
    throw new UsageError(
      `device ${kind}: expected sim for ${checked ? "checked" : "trace"}, which only the simulator does`,
      {
        hint: 'openDevice("sim", { checked: true })',
      },
    );
  }
  const generation = options.generation ?? "npu1";
  const array = {
    ...(checked && { checked }),
    ...(trace && { trace }),
    ...(criticalPath && { path: true }),
    ...(threads !== undefined && { threads }),
    ...(tapes !== undefined && { tapes }),
    ...(strands !== undefined && { strands }),
  };
  switch (kind) {
    case "sim":
      return new SimDevice({ generation, array });
    case "xrt":
      return openXrt(options);
    case "auto":
      return openXrt(options).catch((error: unknown) => {
        if (!(error instanceof DeviceUnavailableError)) throw error;
        const why = error.message.replace("device xrt: ", "");
        return new SimDevice({ generation, array, choice: `auto chose sim: ${why}; ${noCpu}` });
      });
    case "cpu":
      throw new DeviceUnavailableError(`device cpu: ${noCpu}`, { hint: useSimulator });
  }
}

async function openXrt({ xrtAddon }: OpenDeviceOptions): Promise<Device> {
  const loaded = loadAddon(xrtAddon);
  if ("addon" in loaded) return openXrtDevice(loaded.addon);
  throw new DeviceUnavailableError(`device xrt: ${loaded.reason}`, { hint: `${loaded.cure}; or ${useSimulator}` });
}

const useSimulator = 'use the simulator: openDevice("sim"), on the command line --device sim';

/** Why there is no device `cpu`. */
export const noCpu = "this build has no CPU kernels yet";
