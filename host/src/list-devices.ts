import type { DeviceKind } from "./device.ts";
import { noCpu } from "./open-device.ts";
import { loadAddon, type NativeFailure } from "./xrt/native-addon.ts";
import { type NpuFacts, npuFacts } from "./xrt/npu-facts.ts";
import { xrtError } from "./xrt/xrt-error.ts";

/** A device of this machine, or why there is none of its kind. */
export interface DeviceEntry {
  readonly kind: DeviceKind;
  /** `npu1 (simulated)`; of an NPU, what its driver calls it. */
  readonly name: string;
  readonly available: boolean;
  /** Address on the PCI bus, or why it cannot be used. */
  readonly detail: string;
  /** What to do where it cannot be used. */
  readonly hint?: string;
  /** Of an NPU that opened. */
  readonly facts?: NpuFacts;
}

/** What `openDevice` can open here. NPUs are opened for their names, one after the other, and closed. */
export async function listDevices(options: { readonly xrtAddon?: string | undefined } = {}): Promise<DeviceEntry[]> {
  const simulated = (["npu1", "npu2"] as const).map((generation) => ({
    kind: "sim" as const,
    name: `${generation} (simulated)`,
    available: true,
    detail: "always here",
  }));
  return [
    ...simulated,
    ...(await npus(options.xrtAddon)),
    { kind: "cpu", name: "cpu", available: false, detail: noCpu },
  ];
}

async function npus(xrtAddon: string | undefined): Promise<DeviceEntry[]> {
  const absent = { kind: "xrt", name: "NPU", available: false } as const;
  const loaded = loadAddon(xrtAddon);
  if (!("addon" in loaded)) return [{ ...absent, detail: loaded.reason, hint: loaded.cure }];
  const found = await loaded.addon.enumerate().catch((failure: NativeFailure) => [{ error: failure }]);
  if (found.length === 0) {
    const detail = `XRT ${loaded.addon.runtimeVersion} lists no NPU`;
    return [{ ...absent, detail, hint: "look what is missing with: aiekit doctor --target npu1" }];
  }
  const entryOf = async (entry: (typeof found)[number]): Promise<DeviceEntry> => {
    if ("bdf" in entry) {
      const facts = await npuFacts(loaded.addon, entry);
      return { kind: "xrt", name: entry.name, available: true, detail: entry.bdf, facts };
    }
    const error = xrtError("open", entry.error) as Error & { hint?: string };
    return { ...absent, detail: error.message, ...(error.hint !== undefined && { hint: error.hint }) };
  };
  return Promise.all(found.map(entryOf));
}
