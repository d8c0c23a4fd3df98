import { join } from "node:path";
import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";
import { mismatches, type Versions } from "./mismatches.ts";
import type { Npu } from "./npu-device.ts";
import { exists, namesIn, readTrimmed } from "./system-files.ts";
import { libraryFolders, versionOf } from "./xrt-checks.ts";

/** One line where all parts that are there fit each other, else one line for each pair that does not. */
export async function checkMismatches(environment: DoctorEnvironment, npu: Npu | undefined): Promise<readonly Check[]> {
  const versions = await gatherVersions(environment, npu);
  const about = "kernel, driver, firmware, XRT and libc have to be of releases that fit";
  const base = { group: "npu", about, lookedIn: [] } as const;
  const found = mismatches.flatMap(({ parts, found, cure }): Check[] => {
    const wrong = found(versions);
    return wrong === undefined ? [] : [{ ...base, name: parts, status: "warn", found: wrong, cure }];
  });
  if (found.length > 0) return found;
  return [{ ...base, name: "versions", status: "ok", found: `no known mismatch of ${mismatches.length} looked for` }];
}

async function gatherVersions(environment: DoctorEnvironment, npu: Npu | undefined): Promise<Versions> {
  const { systemRoot, kernelRelease, host } = environment;
  const folders: { readonly folder: string; readonly names: readonly string[] }[] = [];
  for (const folder of new Set(libraryFolders(environment))) {
    const names = await namesIn(folder);
    if (names.includes("libxrt_coreutil.so.2")) folders.push({ folder, names });
  }
  const names = folders[0]?.names ?? [];
  const module = join(systemRoot, "sys/module/amdxdna");
  return {
    driver: await readTrimmed(join(module, "version")),
    kernel: kernelRelease,
    driverLoaded: await exists(module),
    firmware: npu && (await readTrimmed(join(npu.folder, "fw_version"))),
    generation: npu && (npu.device === "1502" ? "npu1" : "npu2"),
    xrt: versionOf(names),
    plugin: versionOf(names, "libxrt_driver_xdna"),
    glibc: host.glibc,
    xrtFolders: folders.map(({ folder }) => folder),
  };
}
