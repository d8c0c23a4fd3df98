import { DeviceUnavailableError } from "@aiekit/core";
import type { Device, DeviceKind, NpuGeneration } from "./device.ts";
import { SimDevice } from "./sim/sim-device.ts";

export interface OpenDeviceOptions {
  /** Which NPU the simulator stands for; npu1 when left out. */
  readonly generation?: NpuGeneration;
}

/**
 * Opens a device. A named kind that is not there is an error, never replaced by another; only `auto` chooses, and says
 * in `device.choice` what it chose and why.
 * @throws DeviceUnavailableError for `xrt` and `cpu`, which this build does not have.
 */
export async function openDevice(kind: DeviceKind | "auto", options: OpenDeviceOptions = {}): Promise<Device> {
  const generation = options.generation ?? "npu1";
  switch (kind) {
    case "sim":
      return new SimDevice({ generation });
    case "auto":
      return new SimDevice({ generation, choice: `auto chose sim: ${reasons.xrt}; ${reasons.cpu}` });
    case "xrt":
      throw new DeviceUnavailableError(`device xrt: ${reasons.xrt}`, {
        hint: `${useSimulator}; it runs the same instruction stream`,
      });
    case "cpu":
      throw new DeviceUnavailableError(`device cpu: ${reasons.cpu}`, { hint: useSimulator });
  }
}

const useSimulator = 'use the simulator: openDevice("sim"), on the command line --device sim';

const reasons = {
  xrt: "this build has no XRT runner yet",
  cpu: "this build has no CPU kernels yet",
} as const;
