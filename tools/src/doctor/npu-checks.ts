import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";
import { checkXrtLibraries } from "./xrt-library-check.ts";

/** AMD's PCI vendor id and the device ids of its NPUs, with the target to build for. */
const amdVendor = "0x1022";
const npuDevices: Readonly<Record<string, string>> = {
  "0x1502": "Phoenix or Hawk Point (npu1)",
  "0x17f0": "Strix, Strix Halo or Krackan (npu2)",
};

/** An NPU on this machine and what a program needs to reach it, in the order in which things depend on each other. */
export async function npuChecks(environment: DoctorEnvironment): Promise<readonly Check[]> {
  const npu = await findNpu(environment);
  return Promise.all([
    checkPci(environment, npu),
    checkDriver(environment, npu),
    checkNode(environment),
    checkLockedMemory(environment, npu),
    checkXrtLibraries(environment),
    checkEmulationMode(environment),
  ]);
}

interface Npu {
  /** PCI address, for example `0000:c5:00.1`. */
  readonly address: string;
  readonly device: string;
  readonly folder: string;
}

async function findNpu(environment: DoctorEnvironment): Promise<Npu | undefined> {
  const bus = join(environment.systemRoot, "sys/bus/pci/devices");
  for (const address of (await readdir(bus).catch(() => [])).sort()) {
    const folder = join(bus, address);
    const vendor = await readTrimmed(join(folder, "vendor"));
    const device = (await readTrimmed(join(folder, "device"))) ?? "";
    if (vendor === amdVendor && device in npuDevices) return { address, device, folder };
  }
  return undefined;
}

async function checkPci(environment: DoctorEnvironment, npu: Npu | undefined): Promise<Check> {
  const base = {
    group: "npu",
    name: "PCI device",
    about: "the NPU itself",
    lookedIn: [`${join(environment.systemRoot, "sys/bus/pci/devices")}: 1022:1502, 1022:17f0`],
  } as const;
  if (npu === undefined) {
    const cure = "on a Ryzen AI machine: enable the IPU/NPU in the BIOS; a virtual machine does not see it";
    return { ...base, status: "absent", found: "no NPU on the PCI bus", cure };
  }
  const name = await readTrimmed(join(npu.folder, "vbnv"));
  const firmware = await readTrimmed(join(npu.folder, "fw_version"));
  const details = [name, firmware && `firmware ${firmware}`].filter((part) => part).join(", ");
  return { ...base, status: "ok", found: `${npu.address} ${npuDevices[npu.device]}${details && `: ${details}`}` };
}

async function checkDriver(environment: DoctorEnvironment, npu: Npu | undefined): Promise<Check> {
  const module = join(environment.systemRoot, "sys/module/amdxdna");
  const base = {
    group: "npu",
    name: "amdxdna driver",
    about: "the kernel module for the NPU",
    lookedIn: [module],
  } as const;
  const kernel = `Linux ${environment.kernelRelease}`;
  if (!(await exists(module))) {
    const cure = "modprobe amdxdna; it is part of Linux from 6.14 on, before that install amdxdna-dkms";
    return { ...base, status: npu ? "fail" : "absent", found: `not loaded (${kernel})`, cure };
  }
  const bound = npu && (await readlink(join(npu.folder, "driver")).catch(() => undefined));
  if (npu && (bound === undefined || basename(bound) !== "amdxdna")) {
    const cure =
      "see dmesg | grep amdxdna: most often the firmware in /lib/firmware/amdnpu is missing or too old, or the IOMMU is off";
    return { ...base, status: "fail", found: `loaded, but not bound to ${npu.address} (${kernel})`, cure };
  }
  return { ...base, status: "ok", found: `loaded (${kernel})` };
}

async function checkNode(environment: DoctorEnvironment): Promise<Check> {
  const path = join(environment.systemRoot, "dev/accel/accel0");
  const base = { group: "npu", name: "device node", about: "how programs open the NPU", lookedIn: [path] } as const;
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) {
    const cure = "it appears when the driver starts; in a container: docker run --device /dev/accel/accel0";
    return { ...base, status: "absent", found: "not there", cure };
  }
  if (await environment.canReadWrite(path)) return { ...base, status: "ok", found: `${path}, readable and writable` };
  const member = environment.groups.includes(info.gid);
  const found = `${path} is not accessible: it belongs to group ${info.gid}, this process has ${environment.groups.join(", ")}`;
  const cure = member
    ? `the group may not write: sudo chmod g+rw ${path}`
    : "sudo usermod -aG render $USER, then log in again; in a container: --group-add with that number";
  return { ...base, status: "fail", found, cure };
}

/** The driver pins 64 MB at the first open, then every data buffer. */
const heapBytes = 64 * 1024 * 1024;

async function checkLockedMemory(environment: DoctorEnvironment, npu: Npu | undefined): Promise<Check> {
  const path = join(environment.systemRoot, "proc/self/limits");
  const base = {
    group: "npu",
    name: "locked memory",
    about: "buffers for the NPU are pinned",
    lookedIn: [path],
  } as const;
  const limit = /^Max locked memory\s+(\S+)/m.exec((await readTrimmed(path)) ?? "")?.[1];
  if (limit === undefined) return { ...base, status: "absent", found: `no limits on ${environment.platform}` };
  if (limit === "unlimited") return { ...base, status: "ok", found: "unlimited" };
  const found = `${limit} B; the driver pins ${heapBytes} B at once, data comes on top (root is exempt)`;
  if (Number(limit) > heapBytes) return { ...base, status: "ok", found };
  const cure =
    "/etc/security/limits.d/99-amdxdna.conf: `* soft memlock unlimited` and `* hard memlock unlimited`, then log in " +
    "again; in a container: --ulimit memlock=-1";
  return { ...base, status: npu ? "warn" : "absent", found, cure };
}

async function checkEmulationMode(environment: DoctorEnvironment): Promise<Check> {
  const mode = environment.env.XCL_EMULATION_MODE;
  const base = {
    group: "npu",
    name: "XCL_EMULATION_MODE",
    about: "redirects XRT to an emulator",
    lookedIn: ["environment"],
  } as const;
  if (mode === undefined) return { ...base, status: "ok", found: "not set" };
  return {
    ...base,
    status: "warn",
    found: `set to ${mode}: XRT will not see the NPU`,
    cure: "unset XCL_EMULATION_MODE",
  };
}

async function readTrimmed(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
