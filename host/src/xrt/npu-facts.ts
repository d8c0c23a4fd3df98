import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { NativeAddon, SeenDevice } from "./native-addon.ts";

/** What XRT, driver and sysfs say of an NPU; undefined where they do not. */
export interface NpuFacts {
  /** Address on the PCI bus. */
  readonly bdf: string;
  readonly firmware: string | undefined;
  readonly xrt: string | undefined;
  /** Of amdxdna; one that came with the kernel has no version of its own. */
  readonly driver: string | undefined;
  readonly columns: number | undefined;
  /** By contexts of all programs, and how many contexts those are. */
  readonly inUse: { readonly columns: number; readonly contexts: number } | undefined;
  readonly powerMode: string | undefined;
}

/** Gathers them. */
export async function npuFacts(
  addon: NativeAddon,
  seen: SeenDevice,
  sysfs = "/sys/bus/pci/devices",
): Promise<NpuFacts> {
  const firmware = await readFile(join(sysfs, seen.bdf, "fw_version"), "utf8").catch(() => "");
  const inUse = await addon.columnsInUse(seen.bdf);
  return { bdf: seen.bdf, firmware: firmware.trim() || undefined, ...readReports(seen), inUse };
}

type Reported = Pick<NpuFacts, "xrt" | "driver" | "columns" | "powerMode">;

/** From XRT's reports, whose form is XRT's to change: what is not where XRT 2.25 has it is left out. */
export function readReports({ platform, host }: Pick<SeenDevice, "platform" | "host">): Reported {
  const of = (report: unknown, ...path: readonly (string | number)[]) =>
    path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | undefined)?.[key], report);
  const [platforms, system] = [parse(platform), parse(host)];
  const columns = Number(of(platforms, "platforms", 0, "static_region", "total_columns"));
  const drivers = of(system, "drivers");
  const amdxdna = Array.isArray(drivers) ? drivers.find((driver) => of(driver, "name") === "amdxdna") : undefined;
  return {
    xrt: text(of(system, "version")),
    driver: text(of(amdxdna, "version")),
    columns: Number.isSafeInteger(columns) && columns > 0 ? columns : undefined,
    powerMode: text(of(platforms, "platforms", 0, "status", "power_mode")),
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** XRT writes `unknown` where it has no answer. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value !== "unknown" ? value : undefined;
}
