import { Bench, type LoopbackDesign } from "../conformance-bench.test-support.ts";
import type { Device, NpuGeneration } from "../device.ts";
import { loopbackInsts, loopbackXclbin, objectWords } from "../loopback.test-support.ts";
import { openDevice } from "../open-device.ts";

/** Folder of the emulated machine that `make test-xrt` started these tests on. */
export const machineFolder = needed("AIEKIT_EMULATED_NPU");

export const xrtAddonPath = needed("AIEKIT_XRT_ADDON");

/** Which NPU the machine has. */
export const generation: NpuGeneration = process.env.AIEKIT_NPU_GENERATION === "npu2" ? "npu2" : "npu1";

export const loopback: LoopbackDesign = {
  kernelName: "MLIR_AIE",
  objectWords,
  xclbin: (variant) =>
    loopbackXclbin({ device: `${generation}_1col`, uuid: `00000000-0000-0000-0000-00000000000${variant + 1}` }),
  insts: loopbackInsts,
};

export function openXrt(): Promise<Device> {
  return openDevice("xrt", { xrtAddon: xrtAddonPath });
}

/** A device with one context of the loop-back design, closed after `body`. */
export async function withBench(body: (bench: Bench) => Promise<void>): Promise<void> {
  const device = await openXrt();
  try {
    const context = await device.createContext(await device.registerXclbin(loopback.xclbin(0)));
    await body(new Bench(device, context, loopback));
  } finally {
    await device.close();
  }
}

function needed(variable: string): string {
  const value = process.env[variable];
  if (value === undefined) throw new Error(`${variable} is not set: start these tests with make test-xrt`);
  return value;
}
