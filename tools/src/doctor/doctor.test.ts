import { join } from "node:path";
import { ToolError } from "@aiekit/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { doctor } from "./doctor.ts";
import { findCheck, Machine } from "./machine.test-support.ts";

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.make();
});
afterEach(() => machine.remove());

test("a bare machine is enough for target sim: nothing fails, everything else is absent and says how to get it", async () => {
  const checks = await doctor(machine.environment());

  expect(checks.filter((check) => check.status === "fail")).toEqual([]);
  expect(findCheck(checks, "simulator target")).toMatchObject({
    status: "ok",
    found: expect.stringMatching(/@yowasp\/clang 22\.0\.0; a probe/),
  });
  for (const name of ["aie-opt", "aie-translate", "Peano", "bootgen", "xclbinutil", "PCI device", "espeak-ng"]) {
    expect(findCheck(checks, name).status, name).toBe("absent");
    expect(findCheck(checks, name).cure, name).toBeTruthy();
  }
});

test("for target npu1 the same machine fails for aie-opt, Peano and the NPU, not for packagers that are optional", async () => {
  const checks = await doctor(machine.environment(), "npu1");

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
  expect(findCheck(await doctor(machine.environment({ nodeVersion })), "Node.js").status).toBe(status);
});

test("a compiler that does not load fails with its message", async () => {
  const failure = new ToolError({
    tool: "clang++",
    stage: "compile probe.cc",
    command: "clang++",
    exitCode: 1,
    stderr: "no",
  });
  const checks = await doctor(machine.environment({ probeSimTarget: () => Promise.reject(failure) }));

  expect(findCheck(checks, "simulator target")).toMatchObject({ status: "fail", found: failure.message });
});

test("a cache folder that cannot be made fails and names the folder", async () => {
  await machine.file("project/.cache", "a file where the folder should be");

  expect(findCheck(await doctor(machine.environment()), "cache folder")).toMatchObject({
    status: "fail",
    cure: expect.stringContaining(join(machine.root, "project/.cache")),
  });
});

test("tools are found through their variables, with version and path", async () => {
  await machine.program("mlir_aie/bin/aie-opt", "LLVM version 23\naie-opt 601fc859532f\n");
  await machine.program(
    "peano/bin/llc",
    "LLVM version 21.0\n  Registered Targets:\n    aie2 - AIE2\n    aie2p - AIE2P\n",
  );
  for (const name of ["clang", "clang++", "opt", "ld.lld"]) await machine.file(`peano/bin/${name}`);
  const env = { MLIR_AIE_INSTALL_DIR: join(machine.root, "mlir_aie"), PEANO_INSTALL_DIR: join(machine.root, "peano") };

  const checks = await doctor(machine.environment({ env }), "npu1");

  expect(findCheck(checks, "aie-opt")).toMatchObject({
    status: "ok",
    found: `aie-opt 601fc859532f (${join(machine.root, "mlir_aie/bin/aie-opt")})`,
  });
  expect(findCheck(checks, "Peano").status).toBe("ok");
});

test("bootgen's version is read from the banner above its help", async () => {
  await machine.program(
    "usr/bin/bootgen",
    "\n\n****** Xilinx Bootgen v2022.2\n  **** Build date : Jan 12 2023-02:25:15\n",
  );

  expect(findCheck(await doctor(machine.environment()), "bootgen")).toMatchObject({
    status: "ok",
    found: `Xilinx Bootgen v2022.2 (${join(machine.root, "usr/bin/bootgen")})`,
  });
});

test("tools are found in the site-packages of a virtual environment", async () => {
  await machine.program("venv/lib/python3.12/site-packages/mlir_aie/bin/aie-translate", "aie-translate 601fc859532f");

  const checks = await doctor(machine.environment({ env: { VIRTUAL_ENV: join(machine.root, "venv") } }));

  expect(findCheck(checks, "aie-translate").status).toBe("ok");
});

test("an llc without aie2, or without clang beside it, is not Peano", async () => {
  await machine.program("peano/bin/llc", "LLVM version 16.0\n  Registered Targets:\n    x86-64\n");
  const env = { PEANO_INSTALL_DIR: join(machine.root, "peano") };
  expect(findCheck(await doctor(machine.environment({ env })), "Peano")).toMatchObject({
    status: "warn",
    found: expect.stringMatching(/has no aie2 target/),
  });

  await machine.program("peano/bin/llc", "  aie2 - AIE2");
  expect(findCheck(await doctor(machine.environment({ env })), "Peano")).toMatchObject({
    status: "warn",
    found: expect.stringMatching(/no clang, clang\+\+, opt, ld\.lld/),
  });
});

test("llc on PATH is not taken for Peano", async () => {
  await machine.program("usr/bin/llc", "  aie2 - AIE2");

  expect(findCheck(await doctor(machine.environment()), "Peano").status).toBe("absent");
});

test("the xclbinutil wrapper of stable distributions, which has no program behind it, is a warning", async () => {
  await machine.program("usr/bin/xclbinutil", "line 39: /usr/bin/unwrapped/xclbinutil: No such file or directory");

  expect(findCheck(await doctor(machine.environment()), "xclbinutil")).toMatchObject({
    status: "warn",
    found: expect.stringMatching(/only a wrapper/),
  });
});

test("tools that were installed are found with the wheel's version", async () => {
  await machine.program("toolchain/mlir_aie/1.3.4/mlir_aie/bin/aie-opt", "aie-opt 6fc24086e");
  await machine.file("toolchain/mlir_aie/1.3.4/mlir_aie-1.3.4.dist-info/METADATA", "Version: 1.3.4\n");
  await machine.file(
    "toolchain/mlir_aie/1.3.4/aiekit-receipt.json",
    '{"name":"mlir_aie","version":"1.3.4","sha256":"0"}',
  );
  await machine.file("toolchain/mlir_aie/current", "1.3.4\n");

  expect(findCheck(await doctor(machine.environment(), "npu1"), "aie-opt")).toMatchObject({
    status: "ok",
    version: "1.3.4",
    found: expect.stringMatching(/^1\.3\.4, aie-opt 6fc24086e/),
    lookedIn: [expect.stringContaining("(installed)")],
  });
});

test("a version that the drivers are not written for is a warning with the range", async () => {
  await machine.program("site/mlir_aie/bin/aie-opt", "aie-opt 601fc859532f");
  await machine.file("site/mlir_aie-1.4.1.dist-info/METADATA", "Version: 1.4.1\n");
  const env = { MLIR_AIE_INSTALL_DIR: join(machine.root, "site/mlir_aie") };

  expect(findCheck(await doctor(machine.environment({ env })), "aie-opt")).toMatchObject({
    status: "warn",
    found: expect.stringContaining("outside the supported range"),
    cure: expect.stringContaining("1.1.0 or newer, before 1.4.0"),
  });
});

test("a program that does not start points at its libraries", async () => {
  await machine.file("usr/bin/aie-opt");

  expect(findCheck(await doctor(machine.environment()), "aie-opt")).toMatchObject({
    status: "warn",
    cure: expect.stringContaining("ldd "),
  });
});

test("a tool that is missing says every place that was looked in, in order", async () => {
  const { lookedIn } = findCheck(await doctor(machine.environment()), "Peano");

  expect(lookedIn.map((place) => place.replace(machine.root, ""))).toEqual([
    "$PEANO_INSTALL_DIR/bin (not set)",
    "$MLIR_AIE_INSTALL_DIR/../llvm-aie/bin (not set)",
    "/toolchain/llvm_aie (nothing installed; $AIEKIT_TOOLCHAIN)",
    "$VIRTUAL_ENV (not set)",
  ]);
});

test.each([
  [{ platform: "linux", arch: "x64", glibc: "2.31" }, "glibc 2.31, expected 2.35 or newer"],
  [{ platform: "linux", arch: "x64", glibc: undefined }, "another C library than glibc"],
  [{ platform: "darwin", arch: "arm64", glibc: undefined }, "this is darwin arm64"],
])("on %o AMD's programs do not start, which fails for npu1 only", async (host, found) => {
  expect(findCheck(await doctor(machine.environment({ host }), "npu1"), "C library")).toMatchObject({
    status: "fail",
    found,
  });
  expect(findCheck(await doctor(machine.environment({ host })), "C library").status).toBe("absent");
});
