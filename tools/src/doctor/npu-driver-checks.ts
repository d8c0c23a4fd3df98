import { readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";
import type { Npu } from "./npu-device.ts";
import { exists, namesIn, readTrimmed } from "./system-files.ts";

/** First Linux with amdxdna in it. */
const inTree = [6, 14] as const;

export async function checkDriver(environment: DoctorEnvironment, npu: Npu | undefined): Promise<Check> {
  const module = join(environment.systemRoot, "sys/module/amdxdna");
  const base = {
    group: "npu",
    name: "amdxdna driver",
    about: "the kernel module for the NPU",
    lookedIn: [module],
  } as const;
  const kernel = `Linux ${environment.kernelRelease}`;
  if (!(await exists(module))) {
    const cure = hasDriver(environment.kernelRelease)
      ? "sudo modprobe amdxdna; where there is no such module: the kernel needs CONFIG_DRM_ACCEL_AMDXDNA=m"
      : `Linux has it from ${inTree.join(".")} on: install a newer kernel (Debian 12 and 13: from backports), or amdxdna-dkms`;
    return { ...base, status: npu ? "fail" : "absent", found: `not loaded (${kernel})`, cure };
  }
  const version = await readTrimmed(join(module, "version"));
  const loaded = `loaded${version === undefined ? ", of the kernel" : `, version ${version}`} (${kernel})`;
  const bound = npu && (await readlink(join(npu.folder, "driver")).catch(() => undefined));
  if (npu && (bound === undefined || basename(bound) !== "amdxdna")) {
    const cure =
      "sudo dmesg | grep -i amdxdna says why it refused the device: mostly the firmware, the IOMMU or a hypervisor";
    return { ...base, status: "fail", found: `${loaded}, but not bound to ${npu.address}`, cure };
  }
  return { ...base, status: "ok", found: loaded, ...(version !== undefined && { version }) };
}

function hasDriver(release: string): boolean {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  return major > inTree[0] || (major === inTree[0] && minor >= inTree[1]);
}

/** The driver needs shared virtual addressing of AMD's IOMMU. */
export async function checkIommu({ systemRoot }: DoctorEnvironment, npu: Npu | undefined): Promise<Check> {
  const folder = join(systemRoot, "sys/class/iommu");
  const base = {
    group: "npu",
    name: "IOMMU",
    about: "lets the NPU use the process's addresses",
    lookedIn: [folder],
  } as const;
  const names = await namesIn(folder);
  if (names.length > 0) return { ...base, status: "ok", found: names.join(", ") };
  const cure = "enable the IOMMU in the BIOS and take amd_iommu=off and iommu=off out of the kernel's command line";
  return { ...base, status: npu ? "fail" : "absent", found: "none is active", cure };
}

/** The running firmware's version; where the driver did not start, whether the files it loads are there. */
export async function checkFirmware({ systemRoot }: DoctorEnvironment, npu: Npu | undefined): Promise<Check> {
  const base = { group: "npu", name: "firmware", about: "the program of the NPU's own processor" } as const;
  if (npu === undefined) return { ...base, status: "absent", found: "no NPU", lookedIn: [] };
  const running = await readTrimmed(join(npu.folder, "fw_version"));
  const folder = join(systemRoot, "lib/firmware/amdnpu", `${npu.device}_${npu.revision}`);
  const located = { ...base, lookedIn: [join(npu.folder, "fw_version"), folder] };
  const name = await readTrimmed(join(npu.folder, "vbnv"));
  if (running !== undefined)
    return { ...located, status: "ok", found: `${running} runs${name ? ` on ${name}` : ""}`, version: running };
  // Distributions compress firmware: npu.sbin.zst, npu.sbin.xz.
  const files = (await namesIn(folder)).filter((file) => /^npu.*\.sbin/.test(file));
  if (files.length > 0) {
    const cure =
      "sudo dmesg | grep -i amdxdna: a firmware older than the driver's protocol is refused; take driver and firmware of one release";
    return { ...located, status: "warn", found: `not running; ${folder} has ${files.join(", ")}`, cure };
  }
  const cure =
    "install firmware-amd-graphics or linux-firmware of 2025 or newer, then: sudo modprobe -r amdxdna && sudo modprobe amdxdna";
  return { ...located, status: "fail", found: `not running, and ${folder} has no npu*.sbin`, cure };
}
