import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ToolError } from "@aiekit/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findProject } from "../build/project.ts";
import type { Check } from "./check.ts";
import { doctor } from "./doctor.ts";
import type { DoctorEnvironment } from "./environment.ts";

let root: string;
/** What the machine's programs print, by path. */
let programs: Record<string, string>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "aiekit-doctor-"));
  programs = {};
});
afterEach(() => rm(root, { recursive: true }));

/** A machine with nothing on it but what `files` says; the files of `systemRoot` are below `root`. */
function machine(changes: Partial<DoctorEnvironment> = {}): DoctorEnvironment {
  return {
    env: { PATH: join(root, "usr/bin") },
    systemRoot: root,
    project: findProject({ projectRoot: join(root, "project") }),
    nodeVersion: "20.19.0",
    platform: "linux",
    kernelRelease: "6.14.1",
    groups: [1000],
    canReadWrite: async () => true,
    ask: async (program) => programs[program],
    probeSimTarget: async () => "@yowasp/clang 22.0.0",
    ...changes,
  };
}

async function file(path: string, content = ""): Promise<string> {
  const full = join(root, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, content);
  return full;
}

async function program(path: string, output: string): Promise<void> {
  programs[await file(path)] = output;
}

async function npu(device: string): Promise<void> {
  const folder = "sys/bus/pci/devices/0000:c5:00.1";
  await file(`${folder}/vendor`, "0x1022\n");
  await file(`${folder}/device`, `${device}\n`);
  await file(`${folder}/vbnv`, "RyzenAI-npu1\n");
  await file(`${folder}/fw_version`, "1.5.5.391\n");
  await file("sys/module/amdxdna/refcnt", "0");
  await file("sys/bus/pci/drivers/amdxdna/bind");
  await symlink(join(root, "sys/bus/pci/drivers/amdxdna"), join(root, folder, "driver"));
  await file("dev/accel/accel0");
}

const find = (checks: readonly Check[], name: string): Check => {
  const found = checks.find((check) => check.name === name);
  if (found === undefined) throw new Error(`no check ${name} in ${checks.map((check) => check.name).join(", ")}`);
  return found;
};

test("a bare machine is enough for target sim: nothing fails, everything else is absent and says how to get it", async () => {
  const checks = await doctor(machine());

  expect(checks.filter((check) => check.status === "fail")).toEqual([]);
  expect(find(checks, "simulator target")).toMatchObject({
    status: "ok",
    found: expect.stringMatching(/@yowasp\/clang 22\.0\.0; a probe/),
  });
  for (const name of ["aie-opt", "aie-translate", "Peano", "bootgen", "xclbinutil", "PCI device", "espeak-ng"]) {
    expect(find(checks, name).status, name).toBe("absent");
    expect(find(checks, name).cure, name).toBeTruthy();
  }
});

test("for target npu1 the same machine fails for aie-opt, Peano and the NPU, not for packagers that are optional", async () => {
  const checks = await doctor(machine(), "npu1");

  const failed = checks.filter((check) => check.status === "fail").map((check) => check.name);
  expect(failed).toEqual(
    expect.arrayContaining(["aie-opt", "aie-translate", "Peano", "PCI device", "amdxdna driver", "device node"]),
  );
  expect(failed).not.toContain("bootgen");
  expect(failed).not.toContain("xclbinutil");
});

test.each([
  ["20.18.3", "fail"],
  ["18.20.0", "fail"],
  ["20.19.0", "ok"],
  ["24.1.0", "ok"],
] as const)("Node.js %s is %s", async (nodeVersion, status) => {
  expect(find(await doctor(machine({ nodeVersion })), "Node.js").status).toBe(status);
});

test("a compiler that does not load fails with its message", async () => {
  const failure = new ToolError({
    tool: "clang++",
    stage: "compile probe.cc",
    command: "clang++",
    exitCode: 1,
    stderr: "no",
  });
  const checks = await doctor(machine({ probeSimTarget: () => Promise.reject(failure) }));

  expect(find(checks, "simulator target")).toMatchObject({ status: "fail", found: failure.message });
});

test("a cache folder that cannot be made fails and names the folder", async () => {
  await file("project/.cache", "a file where the folder should be");

  expect(find(await doctor(machine()), "cache folder")).toMatchObject({
    status: "fail",
    cure: expect.stringContaining(join(root, "project/.cache")),
  });
});

test("tools are found through their variables, with version and path", async () => {
  await program("mlir_aie/bin/aie-opt", "LLVM version 23\naie-opt 601fc859532f\n");
  await program("peano/bin/llc", "LLVM version 21.0\n  Registered Targets:\n    aie2 - AIE2\n    aie2p - AIE2P\n");
  for (const name of ["clang", "opt", "ld.lld"]) await file(`peano/bin/${name}`);
  const env = { MLIR_AIE_INSTALL_DIR: join(root, "mlir_aie"), PEANO_INSTALL_DIR: join(root, "peano") };

  const checks = await doctor(machine({ env }), "npu1");

  expect(find(checks, "aie-opt")).toMatchObject({
    status: "ok",
    found: `aie-opt 601fc859532f (${join(root, "mlir_aie/bin/aie-opt")})`,
  });
  expect(find(checks, "Peano").status).toBe("ok");
});

test("bootgen's version is read from the banner above its help", async () => {
  await program("usr/bin/bootgen", "\n\n****** Xilinx Bootgen v2022.2\n  **** Build date : Jan 12 2023-02:25:15\n");

  expect(find(await doctor(machine()), "bootgen")).toMatchObject({
    status: "ok",
    found: `Xilinx Bootgen v2022.2 (${join(root, "usr/bin/bootgen")})`,
  });
});

test("tools are found in the site-packages of a virtual environment", async () => {
  await program("venv/lib/python3.12/site-packages/mlir_aie/bin/aie-translate", "aie-translate 601fc859532f");

  const checks = await doctor(machine({ env: { VIRTUAL_ENV: join(root, "venv") } }));

  expect(find(checks, "aie-translate").status).toBe("ok");
});

test("an llc without aie2, or without clang beside it, is not Peano", async () => {
  await program("peano/bin/llc", "LLVM version 16.0\n  Registered Targets:\n    x86-64\n");
  const env = { PEANO_INSTALL_DIR: join(root, "peano") };
  expect(find(await doctor(machine({ env })), "Peano")).toMatchObject({
    status: "warn",
    found: expect.stringMatching(/has no aie2 target/),
  });

  await program("peano/bin/llc", "  aie2 - AIE2");
  expect(find(await doctor(machine({ env })), "Peano")).toMatchObject({
    status: "warn",
    found: expect.stringMatching(/no clang, opt, ld\.lld/),
  });
});

test("llc on PATH is not taken for Peano", async () => {
  await program("usr/bin/llc", "  aie2 - AIE2");

  expect(find(await doctor(machine()), "Peano").status).toBe("absent");
});

test("the xclbinutil wrapper of stable distributions, which has no program behind it, is a warning", async () => {
  await program("usr/bin/xclbinutil", "line 39: /usr/bin/unwrapped/xclbinutil: No such file or directory");

  expect(find(await doctor(machine()), "xclbinutil")).toMatchObject({
    status: "warn",
    found: expect.stringMatching(/only a wrapper/),
  });
});

test("an NPU with its driver, node and libraries is ok throughout", async () => {
  await npu("0x1502");
  await file(
    "proc/self/limits",
    "Limit  Soft Limit  Hard Limit  Units\nMax locked memory         unlimited            unlimited            bytes\n",
  );
  for (const name of ["libxrt_coreutil.so.2", "libxrt_core.so.2", "libxrt_driver_xdna.so.2"]) {
    await file(`usr/lib/x86_64-linux-gnu/${name}`);
  }

  const checks = (await doctor(machine(), "npu1")).filter((check) => check.group === "npu");

  expect(checks.map((check) => [check.name, check.status])).toEqual(checks.map((check) => [check.name, "ok"]));
  expect(find(checks, "PCI device").found).toBe(
    "0000:c5:00.1 Phoenix or Hawk Point (npu1): RyzenAI-npu1, firmware 1.5.5.391",
  );
});

test("a device of AMD that is no NPU, and the NPU's number at another vendor, do not count", async () => {
  await file("sys/bus/pci/devices/0000:00:01.0/vendor", "0x1022");
  await file("sys/bus/pci/devices/0000:00:01.0/device", "0x1480");
  await file("sys/bus/pci/devices/0000:00:02.0/vendor", "0x10de");
  await file("sys/bus/pci/devices/0000:00:02.0/device", "0x1502");

  expect(find(await doctor(machine()), "PCI device").status).toBe("absent");
});

test("an NPU whose driver is not bound warns for sim, fails for npu2, and points at dmesg", async () => {
  await npu("0x17f0");
  await rm(join(root, "sys/bus/pci/devices/0000:c5:00.1/driver"));

  expect(find(await doctor(machine(), "sim"), "amdxdna driver").status).toBe("warn");
  expect(find(await doctor(machine(), "npu2"), "amdxdna driver")).toMatchObject({
    status: "fail",
    found: "loaded, but not bound to 0000:c5:00.1 (Linux 6.14.1)",
    cure: expect.stringContaining("dmesg"),
  });
});

test("a device node of another group names the group to join", async () => {
  await npu("0x1502");

  const checks = await doctor(machine({ canReadWrite: async () => false, groups: [4242] }), "npu1");

  expect(find(checks, "device node")).toMatchObject({
    status: "fail",
    cure: expect.stringContaining("usermod -aG render"),
  });
});

test.each([
  ["8388608", "warn"],
  ["67108864", "warn"],
  ["268435456", "ok"],
] as const)("a locked-memory limit of %s bytes is %s: the driver pins 67108864 at once", async (limit, status) => {
  await npu("0x1502");
  await file("proc/self/limits", `Max locked memory         ${limit}              ${limit}              bytes\n`);

  expect(find(await doctor(machine()), "locked memory").status).toBe(status);
});

test("XRT without the NPU's plug-in in the same folder is a warning that names the missing library", async () => {
  await file("opt/xilinx/xrt/lib/libxrt_coreutil.so.2");
  await file("opt/xilinx/xrt/lib/libxrt_core.so.2");
  await file("usr/lib/libxrt_driver_xdna.so.2");

  expect(find(await doctor(machine()), "XRT libraries")).toMatchObject({
    status: "warn",
    found: `${join(root, "opt/xilinx/xrt/lib")} lacks libxrt_driver_xdna.so.2`,
  });
});

test("XCL_EMULATION_MODE is a warning", async () => {
  const checks = await doctor(machine({ env: { XCL_EMULATION_MODE: "sw_emu" } }));

  expect(find(checks, "XCL_EMULATION_MODE")).toMatchObject({ status: "warn", cure: "unset XCL_EMULATION_MODE" });
});
