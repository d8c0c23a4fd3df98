import type { DeviceEntry } from "./list-devices.ts";
import { listDevices } from "./list-devices.ts";
import { loadAddon } from "./xrt/native-addon.ts";

/** What became of the addon over XRT when it was loaded, and what XRT lists through it. */
export type AddonState =
  | { readonly loads: false; readonly reason: string; readonly cure: string }
  | {
      readonly loads: true;
      /** XRT's version at its build, and that of this machine's libraries: `2.25`. */
      readonly builtAgainst: string;
      readonly runtime: string;
      readonly npus: readonly DeviceEntry[];
    };

/** Loads it, and opens each NPU for a moment. */
export async function addonState(options: { readonly xrtAddon?: string | undefined } = {}): Promise<AddonState> {
  const loaded = loadAddon(options.xrtAddon);
  if (!("addon" in loaded)) return { loads: false, ...loaded };
  const { builtAgainst, runtimeVersion } = loaded.addon;
  const npus = (await listDevices(options)).filter(({ kind }) => kind === "xrt");
  return { loads: true, builtAgainst, runtime: runtimeVersion, npus };
}
