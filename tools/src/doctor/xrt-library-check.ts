import { readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";

const libraries = ["libxrt_coreutil.so.2", "libxrt_core.so.2", "libxrt_driver_xdna.so.2"] as const;

/** XRT's libraries: the NPU's driver plug-in is loaded from the folder that holds libxrt_core. */
export async function checkXrtLibraries(environment: DoctorEnvironment): Promise<Check> {
  const folders = libraryFolders(environment);
  const base = {
    group: "npu",
    name: "XRT libraries",
    about: "the user side of the driver",
    lookedIn: folders,
  } as const;
  const cure =
    "XRT 2.25 or newer with the NPU plug-in: libxrt2 and libxrt-npu2 (trixie-backports, ppa:amd-team/xrt), or XRT and " +
    "xrt_plugin-amdxdna from AMD";
  let partial: string | undefined;
  for (const folder of folders) {
    const names: readonly string[] = await readdir(folder).catch(() => []);
    const missing = libraries.filter((library) => !names.includes(library));
    if (missing.length === 0) return { ...base, status: "ok", found: folder };
    if (missing.length < libraries.length) partial ??= `${folder} lacks ${missing.join(", ")}`;
  }
  if (partial !== undefined) return { ...base, status: "warn", found: partial, cure };
  return { ...base, status: "absent", found: "not found", cure };
}

function libraryFolders({ env, systemRoot }: DoctorEnvironment): readonly string[] {
  const fromVariables = [
    ...(env.LD_LIBRARY_PATH ?? "").split(delimiter).filter((folder) => folder !== ""),
    ...(env.XILINX_XRT ? [join(env.XILINX_XRT, "lib")] : []),
  ];
  const system = ["opt/xilinx/xrt/lib", "usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib"];
  return [...fromVariables, ...system.map((folder) => join(systemRoot, folder))];
}
