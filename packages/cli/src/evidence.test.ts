import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Evidence, evidenceHolds, evidenceHtml } from "./evidence-report.ts";
import { runInProcess } from "./run-cli.test-support.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-evidence-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("evidence of transpose on the simulator equals the simulator, and every line says simulated", async () => {
  const argv = ["evidence", "--device", "sim", "--kernel", "transpose", "--out", folder];

  const { code, stdout } = await runInProcess(argv, { cwd: process.cwd() });

  expect(code).toBe(0);
  expect(stdout).toMatch(
    /transpose +1 of 1 cases pass +all \d+ equal +\S+ ms \(n = \d+\) +simulated on npu1 \(simulated\)/,
  );
  const evidence = JSON.parse(await readFile(join(folder, "evidence.json"), "utf8")) as Evidence;
  expect(evidence).toMatchObject({
    origin: "simulated",
    kernels: [{ kernel: "transpose", differing: 0, error: null }],
  });
  const page = await readFile(join(folder, "evidence.html"), "utf8");
  expect(page).toContain("simulated on npu1 (simulated)");
  for (const text of [stdout, page]) expect(text).toContain("equal outputs and times say nothing about an NPU");
}, 240_000);

test("evidence of a part is of that part alone: launches have a time, and their figure says simulated too", async () => {
  const argv = ["evidence", "--device", "sim", "--part", "launches", "--out", folder];

  const { code, stdout } = await runInProcess(argv, { cwd: process.cwd() });

  expect(code).toBe(0);
  const { kernels, probes } = JSON.parse(await readFile(join(folder, "evidence.json"), "utf8")) as Evidence;
  expect(kernels).toEqual([]);
  expect(probes).toEqual([
    expect.objectContaining({ part: "launches", values: 1024, differing: 0, error: null, figure: expect.any(String) }),
  ]);
  expect(stdout).toMatch(/launches: launch of 1024 sums +\S+ us a launch +all 1024 equal .*simulated on npu1/);
}, 240_000);

test("a part that there is not is refused with those that there are", async () => {
  const { code, stderr } = await runInProcess(["evidence", "--part", "speed"], { cwd: folder });

  expect(code).toBe(2);
  expect(stderr).toContain("expected one of kernels, numerics, launches, bandwidth, gemm, phases");
});

test("evidence does not hold with a bit that differs, a case that fails, an error, or nothing looked at", () => {
  const good = { kernel: "k", cases: 2, passed: 2, values: 9, differing: 0, launchMs: null, error: null };
  const probe = { kernel: "k", part: "gemm", name: "n", params: {}, figure: null } as const;
  const fine = { ...probe, values: 9, differing: 0, launchMs: null, error: null };
  const holds = (kernels: Evidence["kernels"], probes: Evidence["probes"] = []) => evidenceHolds({ kernels, probes });

  expect(holds([good], [fine])).toBe(true);
  for (const change of [{ differing: 1 }, { passed: 1 }, { error: "x" }, { values: 0 }, { cases: 0, passed: 0 }]) {
    expect(holds([good, { ...good, ...change }])).toBe(false);
  }
  for (const change of [{ differing: 1 }, { error: "x" }, { values: 0 }]) {
    expect(holds([good], [fine, { ...fine, ...change }])).toBe(false);
  }
  expect(holds([])).toBe(false);
});

test("text of a device does not become HTML", () => {
  const machine = { cpu: "<b>", node: "v", platform: "p", commit: null };
  const page = evidenceHtml({
    device: "<script>",
    origin: "measured",
    machine,
    kernels: [],
    probes: [],
    createdAt: "",
  } as never);

  expect(page).not.toContain("<script>");
  expect(page).toContain("&lt;script&gt;");
  expect(page).not.toContain("say nothing about an NPU");
});

test("devices lists both simulators and says what is missing for an NPU", async () => {
  const { code, stdout } = await runInProcess(["devices"], { cwd: folder });

  expect(code).toBe(0);
  expect(stdout).toContain("npu2 (simulated)");
  expect(stdout).toMatch(/absent +xrt +NPU +the XRT addon is not built/);
  expect(stdout).toContain("build-xrt-addon.mjs");
});

test("evidence of an NPU that is not there is refused as a device that is missing", async () => {
  const { code, stderr } = await runInProcess(["evidence"], { cwd: folder });

  expect(code).toBe(5);
  expect(stderr).toContain("device xrt: the XRT addon is not built");
});
