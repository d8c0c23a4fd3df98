import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NpuGeneration } from "../device.ts";
import { faultTableBytes } from "./fault-table.ts";

/** Where XRT looks for the NPU, as an address on the PCI bus. */
const npuAddress = "0000:c5:00.1";

/**
 * Makes the files of a machine with one NPU below `folder`: its entries in sysfs, its device node, an empty table of
 * faults. The preload library shows them to XRT in place of the machine's own.
 */
export function makeMachineFolder(folder: string, generation: NpuGeneration): void {
  const { device, revision, name } = identities[generation];
  const pci = join(folder, "sys/devices/pci0000:00/0000:00:08.2", npuAddress);
  mkdirSync(join(pci, "accel/accel0"), { recursive: true });
  for (const bus of ["drivers/amdxdna", "devices"]) {
    mkdirSync(join(folder, "sys/bus/pci", bus), { recursive: true });
    const up = bus.includes("/") ? "../../../../" : "../../../";
    symlinkSync(`${up}devices/pci0000:00/0000:00:08.2/${npuAddress}`, join(folder, "sys/bus/pci", bus, npuAddress));
  }
  mkdirSync(join(folder, "sys/module/amdxdna"), { recursive: true });
  const attributes = {
    // The kernel's queue, as all AIE2 devices have it.
    device_type: "0",
    vbnv: `${name} ${emulatedMark}`,
    vendor: "0x1022",
    device,
    revision,
    subsystem_vendor: "0x1022",
    subsystem_device: device,
    fw_version: "0.0.0.0",
  };
  for (const [file, value] of Object.entries(attributes)) writeFileSync(join(pci, file), `${value}\n`);
  mkdirSync(join(folder, "dev/accel"), { recursive: true });
  writeFileSync(join(folder, "dev/accel/accel0"), "", { mode: 0o660 });
  writeFileSync(join(folder, "faults"), new Uint8Array(faultTableBytes));
}

/** Part of the device's name by which every program that uses it can tell that there is no NPU. */
export const emulatedMark = "(emulated driver, simulated array)";

// PCI device and revision by which amdxdna knows the generations; the names are what its device tables call them.
const identities: Readonly<Record<NpuGeneration, { device: string; revision: string; name: string }>> = {
  npu1: { device: "0x1502", revision: "0x00", name: "RyzenAI-npu1" },
  npu2: { device: "0x17f0", revision: "0x10", name: "RyzenAI-npu4" },
};
