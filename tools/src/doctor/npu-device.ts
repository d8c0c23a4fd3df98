import { join } from "node:path";
import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";
import { namesIn, readTrimmed } from "./system-files.ts";

/** AMD's PCI vendor id and the device ids of its NPUs, with the target to build for. Source: amdxdna's PCI table. */
const amdVendor = "0x1022";
const npuDevices: Readonly<Record<string, string>> = {
  "0x1502": "Phoenix or Hawk Point (npu1)",
  "0x17f0": "Strix, Strix Halo or Krackan (npu2)",
};

export interface Npu {
  /** PCI address, for example `0000:c5:00.1`. */
  readonly address: string;
  /** `1502` or `17f0`. */
  readonly device: string;
  /** `00`, `10`: with the device it names the firmware. */
  readonly revision: string;
  readonly name: string;
  readonly folder: string;
}

export async function findNpu({ systemRoot }: DoctorEnvironment): Promise<Npu | undefined> {
  const bus = join(systemRoot, "sys/bus/pci/devices");
  for (const address of await namesIn(bus)) {
    const folder = join(bus, address);
    const vendor = await readTrimmed(join(folder, "vendor"));
    const device = (await readTrimmed(join(folder, "device"))) ?? "";
    const name = npuDevices[device];
    if (vendor !== amdVendor || name === undefined) continue;
    const revision = ((await readTrimmed(join(folder, "revision"))) ?? "0x00").replace(/^0x/, "");
    return { address, device: device.replace(/^0x/, ""), revision, name, folder };
  }
  return undefined;
}

export async function checkPci(environment: DoctorEnvironment, npu: Npu | undefined): Promise<Check> {
  const { systemRoot } = environment;
  const cpuinfo = join(systemRoot, "proc/cpuinfo");
  const base = {
    group: "npu",
    name: "PCI device",
    about: "the NPU itself",
    lookedIn: [`${join(systemRoot, "sys/bus/pci/devices")}: 1022:1502, 1022:17f0`, cpuinfo],
  } as const;
  if (npu === undefined) {
    const isVirtual = /^flags\s*:.*\bhypervisor\b/m.test((await readTrimmed(cpuinfo)) ?? "");
    if (isVirtual) {
      const cure = "run on the machine itself: amdxdna refuses to start under a hypervisor";
      return { ...base, status: "absent", found: "no NPU on the PCI bus; this is a virtual machine", cure };
    }
    const cure = "on a Ryzen AI machine: enable the IPU/NPU in the BIOS";
    return { ...base, status: "absent", found: "no NPU on the PCI bus", cure };
  }
  return { ...base, status: "ok", found: `${npu.address} 1022:${npu.device} revision ${npu.revision}: ${npu.name}` };
}
