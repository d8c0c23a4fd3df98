import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { doctor } from "./doctor.ts";
import { findCheck, Machine, npuFolder } from "./machine.test-support.ts";

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.make();
});
afterEach(() => machine.remove());

test("an NPU with its driver, node and libraries is ok throughout", async () => {
  await machine.npu("0x1502");
  await machine.file(
    "proc/self/limits",
    "Limit  Soft Limit  Hard Limit  Units\nMax locked memory         unlimited            unlimited            bytes\n",
  );
  for (const name of [
    "libxrt_coreutil.so.2",
    "libxrt_coreutil.so.2.25.0",
    "libxrt_core.so.2",
    "libxrt_driver_xdna.so.2",
  ]) {
    await machine.file(`usr/lib/x86_64-linux-gnu/${name}`);
  }
  await machine.program("usr/bin/xrt-smi", "Device(s) Present\n|[0000:c5:00.1]  |RyzenAI-npu1  |");

  const checks = (await doctor(machine.environment(), "npu1")).filter((check) => check.group === "npu");

  expect(checks.map((check) => [check.name, check.status])).toEqual(checks.map((check) => [check.name, "ok"]));
  expect(findCheck(checks, "PCI device").found).toBe(
    "0000:c5:00.1 1022:1502 revision 00: Phoenix or Hawk Point (npu1)",
  );
  expect(findCheck(checks, "firmware").found).toBe("1.5.5.391 runs on RyzenAI-npu1");
  expect(findCheck(checks, "XRT libraries").version).toBe("2.25.0");
});

test("a device of AMD that is no NPU, and the NPU's number at another vendor, do not count", async () => {
  await machine.file("sys/bus/pci/devices/0000:00:01.0/vendor", "0x1022");
  await machine.file("sys/bus/pci/devices/0000:00:01.0/device", "0x1480");
  await machine.file("sys/bus/pci/devices/0000:00:02.0/vendor", "0x10de");
  await machine.file("sys/bus/pci/devices/0000:00:02.0/device", "0x1502");

  expect(findCheck(await doctor(machine.environment()), "PCI device").status).toBe("absent");
});

test("an NPU whose driver is not bound warns for sim, fails for npu2, and points at dmesg", async () => {
  await machine.npu("0x17f0");
  await machine.remove(`${npuFolder}/driver`);

  expect(findCheck(await doctor(machine.environment(), "sim"), "amdxdna driver").status).toBe("warn");
  expect(findCheck(await doctor(machine.environment(), "npu2"), "amdxdna driver")).toMatchObject({
    status: "fail",
    found: "loaded, of the kernel (Linux 6.14.1), but not bound to 0000:c5:00.1",
    cure: expect.stringContaining("dmesg"),
  });
});

test("a device node of another group names the group to join", async () => {
  await machine.npu("0x1502");

  const checks = await doctor(machine.environment({ canReadWrite: async () => false, groups: [4242] }), "npu1");

  expect(findCheck(checks, "device node")).toMatchObject({
    status: "fail",
    cure: expect.stringContaining("usermod -aG render"),
  });
});

test.each([
  ["8388608", "warn"],
  ["67108864", "warn"],
  ["268435456", "ok"],
] as const)("a locked-memory limit of %s bytes is %s: the driver pins 67108864 at once", async (limit, status) => {
  await machine.npu("0x1502");
  await machine.file(
    "proc/self/limits",
    `Max locked memory         ${limit}              ${limit}              bytes\n`,
  );

  expect(findCheck(await doctor(machine.environment()), "locked memory").status).toBe(status);
});

test("XRT without the NPU's plug-in in the same folder is a warning that names the missing library", async () => {
  await machine.file("opt/xilinx/xrt/lib/libxrt_coreutil.so.2");
  await machine.file("opt/xilinx/xrt/lib/libxrt_core.so.2");
  await machine.file("usr/lib/libxrt_driver_xdna.so.2");

  expect(findCheck(await doctor(machine.environment()), "XRT libraries")).toMatchObject({
    status: "warn",
    found: `${join(machine.root, "opt/xilinx/xrt/lib")} lacks libxrt_driver_xdna.so.2`,
  });
});

test("XCL_EMULATION_MODE is a warning", async () => {
  const checks = await doctor(machine.environment({ env: { XCL_EMULATION_MODE: "sw_emu" } }));

  expect(findCheck(checks, "XCL_EMULATION_MODE")).toMatchObject({ status: "warn", cure: "unset XCL_EMULATION_MODE" });
});

test("no NPU in a virtual machine says that it is one", async () => {
  await machine.file("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n");

  expect(findCheck(await doctor(machine.environment()), "PCI device")).toMatchObject({
    status: "absent",
    found: "no NPU on the PCI bus; this is a virtual machine",
    cure: expect.stringContaining("hypervisor"),
  });
});

test.each([
  ["6.12.40-amd64", "Linux has it from 6.14 on"],
  ["5.15.0", "amdxdna-dkms"],
  ["6.14.0-rc1", "sudo modprobe amdxdna"],
  ["7.0.2", "CONFIG_DRM_ACCEL_AMDXDNA"],
])("a driver that is not loaded on Linux %s: %s", async (kernelRelease, cure) => {
  await machine.npu("0x1502");
  await machine.remove("sys/module");

  expect(findCheck(await doctor(machine.environment({ kernelRelease }), "npu1"), "amdxdna driver")).toMatchObject({
    status: "fail",
    found: `not loaded (Linux ${kernelRelease})`,
    cure: expect.stringContaining(cure),
  });
});

test("a driver of dkms has a version of its own", async () => {
  await machine.npu("0x1502");
  await machine.file("sys/module/amdxdna/version", "2.21.75_20260101\n");

  expect(findCheck(await doctor(machine.environment()), "amdxdna driver")).toMatchObject({
    status: "ok",
    version: "2.21.75_20260101",
    found: "loaded, version 2.21.75_20260101 (Linux 6.14.1)",
  });
});

test("an NPU without an active IOMMU fails for npu1", async () => {
  await machine.npu("0x1502");
  await machine.remove("sys/class/iommu/ivhd0");

  expect(findCheck(await doctor(machine.environment(), "npu1"), "IOMMU")).toMatchObject({
    status: "fail",
    cure: expect.stringContaining("amd_iommu=off"),
  });
});

test("firmware that does not run: the files of this revision are there, compressed, or not", async () => {
  await machine.npu("0x17f0", "0x11");
  await machine.remove(`${npuFolder}/fw_version`);
  const missing = findCheck(await doctor(machine.environment(), "npu2"), "firmware");
  expect(missing).toMatchObject({ status: "fail", cure: expect.stringContaining("linux-firmware") });
  expect(missing.found).toContain("lib/firmware/amdnpu/17f0_11 has no npu*.sbin");

  await machine.file("lib/firmware/amdnpu/17f0_11/npu_7.sbin.zst");
  expect(findCheck(await doctor(machine.environment(), "npu2"), "firmware")).toMatchObject({
    status: "warn",
    found: expect.stringContaining("17f0_11 has npu_7.sbin.zst"),
    cure: expect.stringContaining("dmesg"),
  });
});

test("the node is the one that the NPU's own folder names", async () => {
  await machine.npu("0x1502");
  await machine.remove(`${npuFolder}/accel/accel0`);
  await machine.file(`${npuFolder}/accel/accel1/dev`, "261:1");
  expect(findCheck(await doctor(machine.environment(), "npu1"), "device node")).toMatchObject({
    status: "fail",
    found: "not there",
    cure: expect.stringContaining("--device /dev/accel/accel1"),
  });

  const path = await machine.file("dev/accel/accel1");
  expect(findCheck(await doctor(machine.environment(), "npu1"), "device node").found).toContain(path);
});

test("the group of the node is named where /etc/group has it", async () => {
  await machine.npu("0x1502");
  const { gid } = await stat(join(machine.root, "dev/accel/accel0"));
  await machine.file("etc/group", `root:x:99999:\nrender:x:${gid}:\n`);
  const environment = machine.environment({ canReadWrite: async () => false, groups: [4242] });

  expect(findCheck(await doctor(environment), "device node").found).toContain(`belongs to group render (${gid})`);
  const member = machine.environment({ canReadWrite: async () => false, groups: [gid] });
  expect(findCheck(await doctor(member), "device node").cure).toContain("chmod g+rw");
});

test.each([
  ["0000000000004000", "ok"],
  ["0000000000003fff", "warn"],
] as const)("with the capabilities %s a low limit of locked memory is %s", async (capabilities, status) => {
  await machine.npu("0x1502");
  await machine.file("proc/self/limits", "Max locked memory         8388608              8388608              bytes\n");
  await machine.file("proc/self/status", `Name:\tnode\nCapEff:\t${capabilities}\n`);

  expect(findCheck(await doctor(machine.environment()), "locked memory").status).toBe(status);
});

test.each([
  ["2.13.466", "warn", ", expected 2.21.0 or newer in 2.x"],
  ["2.21.75", "ok", "; not tried, 2.25.0 was"],
  ["2.25.0", "ok", ""],
  ["3.0.0", "warn", ", expected 2.21.0 or newer in 2.x"],
] as const)("XRT %s is %s: 2.21 and what follows in 2.x has what the addon uses", async (version, status, note) => {
  for (const name of ["libxrt_coreutil.so.2", "libxrt_core.so.2", "libxrt_driver_xdna.so.2"])
    await machine.file(`usr/lib64/${name}`);
  await machine.file(`usr/lib64/libxrt_coreutil.so.${version}`);

  const found = `${version} (${join(machine.root, "usr/lib64")})${note}`;
  expect(findCheck(await doctor(machine.environment()), "XRT libraries")).toMatchObject({ status, version, found });
});

test("XRT that does not list the NPU which the bus has is a warning", async () => {
  await machine.npu("0x1502");
  await machine.program("opt/xilinx/xrt/bin/xrt-smi", "Device(s) Present\n  0 devices found\n");

  expect(findCheck(await doctor(machine.environment()), "xrt-smi")).toMatchObject({
    status: "warn",
    found: expect.stringContaining("does not list 0000:c5:00.1"),
  });
});
