import { afterEach, beforeEach, expect, test } from "vitest";
import { doctor } from "./doctor.ts";
import type { AddonReport } from "./environment.ts";
import { findCheck, Machine } from "./machine.test-support.ts";
import { mismatches, type Versions } from "./mismatches.ts";

const fits: Versions = {
  ...{ kernel: "6.14.1-amd64", driverLoaded: true, firmware: "1.5.5.391", generation: "npu1", glibc: "2.41" },
  ...{ xrt: "2.25.0", plugin: "2.25.0", xrtFolders: ["/usr/lib"] },
};

/** Names of the pairs that do not fit. */
const wrong = (change: Partial<Versions>) =>
  mismatches.filter(({ found }) => found({ ...fits, ...change }) !== undefined).map(({ parts }) => parts);

test("versions that fit, and a machine that has none of the parts, have no mismatch", () => {
  expect(wrong({})).toEqual([]);
  const nothing = { firmware: undefined, xrt: undefined, plugin: undefined, driverLoaded: false, xrtFolders: [] };
  expect(wrong({ ...nothing, kernel: "5.15.0", glibc: "2.31" })).toEqual([]);
});

const rows: readonly [string, Partial<Versions>, Partial<Versions>][] = [
  ["XRT and this program", { xrt: "2.20.1", plugin: "2.20.1" }, { xrt: "2.21.0", plugin: "2.21.0" }],
  ["XRT and its NPU plug-in", { plugin: "2.23.0" }, { plugin: "2.25.7" }],
  ["XRT and the driver of dkms", { driver: "2.21.75_20260101" }, { driver: "2.25.0_20260301" }],
  ["kernel and amdxdna", { kernel: "6.12.40-amd64" }, { kernel: "6.12.40-amd64", driver: "2.25.0" }],
  ["firmware and driver", { firmware: "1.4.9" }, { firmware: "1.4.9", generation: "npu2" }],
  ["libc and XRT", { glibc: "2.36" }, { glibc: "2.38" }],
  ["two XRTs", { xrtFolders: ["/opt/xilinx/xrt/lib", "/usr/lib"] }, { xrtFolders: ["/opt/xilinx/xrt/lib"] }],
];

test.each(rows)("%s: found where they do not fit, and only there", (parts, bad, good) => {
  expect(wrong(bad)).toEqual([parts]);
  expect(wrong(good)).toEqual([]);
});

test("every row of the table has a case here and a cure", () => {
  expect(rows.map(([parts]) => parts)).toEqual(mismatches.map(({ parts }) => parts));
  for (const { cure } of mismatches) expect(cure.length).toBeGreaterThan(20);
});

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.make();
});
afterEach(() => machine.remove());

test("doctor reads versions off the machine: an old plug-in, a driver of dkms and a second XRT are three lines", async () => {
  await machine.npu("0x1502");
  await machine.file("sys/module/amdxdna/version", "2.21.75\n");
  const folder = "usr/lib/x86_64-linux-gnu";
  for (const name of ["coreutil.so.2", "coreutil.so.2.25.00", "core.so.2", "driver_xdna.so.2", "driver_xdna.so.2.21.0"])
    await machine.file(`${folder}/libxrt_${name}`);
  await machine.file("usr/lib64/libxrt_coreutil.so.2");

  const checks = await doctor(machine.environment(), "npu1");

  for (const [name, found] of [
    ["XRT and its NPU plug-in", "XRT 2.25.00, plug-in 2.21.0"],
    ["XRT and the driver of dkms", "amdxdna 2.21.75 is older than XRT 2.25.00"],
    ["two XRTs", "usr/lib64"],
  ] as const) {
    expect(findCheck(checks, name)).toMatchObject({ status: "warn", found: expect.stringContaining(found) });
  }
  expect(checks.some(({ name }) => name === "versions")).toBe(false);
});

const loads = { loads: true, builtAgainst: "2.25", runtime: "2.26" } as const;
test.each<[string, AddonReport, "npu1" | "sim", string, string]>([
  ["not built, for npu1", { loads: false, reason: "the XRT addon is not built", cure: "c" }, "npu1", "fail", "c"],
  ["not built, for sim", { loads: false, reason: "the XRT addon is not built", cure: "c" }, "sim", "absent", "c"],
  ["that does not load", { loads: false, reason: "libxrt_coreutil.so.2: cannot open", cure: "c" }, "sim", "warn", "c"],
  ["to which XRT lists nothing", { ...loads, npus: [] }, "npu1", "warn", "the first failing check"],
  [
    "through which the NPU does not open",
    { ...loads, npus: [{ available: false, name: "NPU", detail: "Permission denied", hint: "group render" }] },
    "npu1",
    "warn",
    "group render",
  ],
])("an addon %s", async (_, report, target, status, cure) => {
  const checks = await doctor(machine.environment({ addon: async () => report }), target);

  expect(findCheck(checks, "XRT addon")).toMatchObject({ status, cure: expect.stringContaining(cure) });
});

test("an addon that works says both versions of XRT and what it opens", async () => {
  expect(findCheck(await doctor(machine.environment()), "XRT addon")).toMatchObject({
    status: "ok",
    found: "built against XRT 2.25, runs with 2.25; opens RyzenAI-npu1 at 0000:c5:00.1",
  });
});
