import { delimiter, join } from "node:path";
import { findTool } from "../toolchain/find-tools.ts";
import { lockedRange } from "../toolchain/locked-range.ts";
import { compareVersions, isWithin } from "../toolchain/versions.ts";
import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";
import { oldestXrt } from "./mismatches.ts";
import type { Npu } from "./npu-device.ts";
import { namesIn } from "./system-files.ts";

const libraries = ["libxrt_coreutil.so.2", "libxrt_core.so.2", "libxrt_driver_xdna.so.2"] as const;

const cure =
  "XRT 2.21 or newer with the NPU plug-in: libxrt2 and libxrt-npu2 (trixie-backports, ppa:amd-team/xrt), or XRT and " +
  "xrt_plugin-amdxdna from AMD";

/** XRT's libraries: the NPU's driver plug-in is loaded from the folder that holds libxrt_core, and from nowhere else. */
export async function checkXrtLibraries(environment: DoctorEnvironment): Promise<Check> {
  const folders = libraryFolders(environment);
  const base = {
    group: "npu",
    name: "XRT libraries",
    about: "the user side of the driver",
    lookedIn: folders,
  } as const;
  let partial: string | undefined;
  for (const folder of folders) {
    const names = await namesIn(folder);
    const missing = libraries.filter((library) => !names.includes(library));
    if (missing.length === 0) return judgeVersion(base, folder, versionOf(names));
    if (missing.length < libraries.length) partial ??= `${folder} lacks ${missing.join(", ")}`;
  }
  if (partial !== undefined) return { ...base, status: "warn", found: partial, cure };
  return { ...base, status: "absent", found: "not found", cure };
}

/** The soname is the same for all of 2.x; the file behind it carries the version: libxrt_coreutil.so.2.25.0. */
export function versionOf(names: readonly string[], library = "libxrt_coreutil"): string | undefined {
  const versions = names.flatMap((name) => {
    return name.startsWith(`${library}.so.`) ? (/\.so\.(\d+\.\d+\.\d+)$/.exec(name)?.[1] ?? []) : [];
  });
  return versions.sort(compareVersions).at(-1);
}

function judgeVersion(
  base: Pick<Check, "group" | "name" | "about" | "lookedIn">,
  folder: string,
  version: string | undefined,
): Check {
  if (version === undefined) return { ...base, status: "ok", found: folder };
  const range = lockedRange("xrt");
  const found = `${version} (${folder})`;
  if (range === undefined || isWithin(version, range)) return { ...base, status: "ok", found, version };
  if (isWithin(version, { from: oldestXrt, before: range.from })) {
    // Has what the addon uses, by its sources; never run by us.
    return { ...base, status: "ok", found: `${found}; not tried, ${range.from} was`, version };
  }
  return { ...base, status: "warn", found: `${found}, expected ${oldestXrt} or newer in 2.x`, version, cure };
}

/** Where XRT is looked for. */
export function libraryFolders({ env, systemRoot }: DoctorEnvironment): readonly string[] {
  const fromVariables = [
    ...(env.LD_LIBRARY_PATH ?? "").split(delimiter).filter((folder) => folder !== ""),
    ...(env.XILINX_XRT ? [join(env.XILINX_XRT, "lib")] : []),
  ];
  const system = ["opt/xilinx/xrt/lib", "usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib"];
  return [...fromVariables, ...system.map((folder) => join(systemRoot, folder))];
}

/** Whether XRT itself lists the device: the sum of all checks before. */
export async function checkXrtSeesNpu(environment: DoctorEnvironment, npu: Npu | undefined): Promise<Check> {
  const base = { group: "npu", name: "xrt-smi", about: "XRT's own list of devices" } as const;
  const tool = await findTool("xrt-smi", environment);
  if ("missing" in tool) {
    const how =
      "libxrt-utils and libxrt-utils-npu (trixie-backports, ppa:amd-team/xrt); it only looks, nothing else needs it";
    return { ...base, status: "absent", found: "not found", lookedIn: tool.lookedIn, cure: how };
  }
  const located = { ...base, lookedIn: [tool.from], path: tool.path };
  if (npu === undefined) return { ...located, status: "ok", found: `${tool.path}; no NPU to ask for` };
  const output = await environment.ask(tool.path, ["examine"]);
  // It prints addresses as [0000:c5:00.1]. Its line on the driver's version is not looked at: without a driver it
  // prints the kernel's release there.
  if (output?.includes(npu.address)) return { ...located, status: "ok", found: `lists ${npu.address} (${tool.path})` };
  const found = output === undefined ? "does not start or answer" : `does not list ${npu.address}`;
  return {
    ...located,
    status: "warn",
    found: `${tool.path} ${found}`,
    cure: "the first failing check above is the reason",
  };
}
