import type { KernelReport } from "@aiekit/host";
import { expect, test } from "vitest";
import { kernelWork, type Roof } from "./kernel-work.ts";
import { channelReport, coreReport, runReport } from "./report.test-support.ts";
import { kernelLines } from "./time-lines.ts";

const roofs = { loadBytesPerCycle: 64, storeBytesPerCycle: 32, streamBytesPerCycle: 4, callCycles: 40 };
const noWork = { loadBytes: 0, storeBytes: 0, macIssues: 0, vectorIssues: 0, scalarCycles: 0 };
const tile = { col: 0, row: 2 };

function kernel(ops: Partial<NonNullable<KernelReport["ops"]>>, given: Partial<KernelReport> = {}): KernelReport {
  return { name: "k", calls: 1, cycles: 500, lowerBound: false, ops: { ...noWork, ...ops }, ...given };
}

const workOf = (kernels: readonly KernelReport[], words = 10) =>
  kernelWork(runReport([{ tile, core: coreReport(kernels), channels: [channelReport("S2MM", words)] }]), roofs);

test.each([
  ["compute", { macIssues: 300, vectorIssues: 200, loadBytes: 64 * 100 }, 10],
  ["tile memory", { macIssues: 100, loadBytes: 64 * 200, storeBytes: 32 * 150 }, 10],
  ["tile memory", { macIssues: 100, loadBytes: 64 * 50, storeBytes: 32 * 200 }, 10],
  ["scalar code", { macIssues: 100, scalarCycles: 200 }, 10],
  ["calls", { macIssues: 30, loadBytes: 64 * 10 }, 10],
  ["streams", { macIssues: 300 }, 341],
  ["compute", { macIssues: 300 }, 339],
] as const)("bound by %s: %o with %i words", (roof: Roof, ops, words) => {
  expect(workOf([kernel(ops)], words)[0]!.counted?.roof).toBe(roof);
});

test("a kernel's intensity is issues over bytes, its speed issues over cycles of the kernel and of the run", () => {
  const [work] = workOf([kernel({ macIssues: 250, vectorIssues: 10, loadBytes: 400, storeBytes: 100 })], 100);

  expect(work).toMatchObject({
    cores: 1,
    calls: 1,
    cycles: 500,
    busyShare: 0.5,
    streamInBytes: 400,
    streamOutBytes: 0,
  });
  expect(work!.counted).toMatchObject({
    ...{ issuesPerCycle: 0.5, issuesPerRunCycle: 0.25, memoryIntensity: 0.5, streamIntensity: 250 / 400 },
  });
});

test("cores that call the same kernel are taken together, those that do not call it are left out", () => {
  const core = coreReport([kernel({ macIssues: 100 })]);
  const idle = coreReport([kernel({}, { calls: 0, cycles: 0 })]);
  const tiles = [core, core, idle].map((one, row) => ({ tile: { col: 0, row }, core: one, channels: [] }));

  const [work] = kernelWork(runReport(tiles), roofs);

  expect(work).toMatchObject({ cores: 2, calls: 2, cycles: 1000, busyShare: 0.5 });
  expect(work!.counted).toMatchObject({ macIssues: 200, streamIntensity: Number.POSITIVE_INFINITY });
});

test("issues are told by unit; shuffles only where every core's module tells them", () => {
  const told = kernel({ macIssues: 250, vectorIssues: 12, shuffleIssues: 5 });
  const [work] = workOf([told, told]);
  const [mixed] = workOf([told, kernel({ macIssues: 250, vectorIssues: 12 })]);

  expect(work!.counted).toMatchObject({ macIssues: 500, vectorIssues: 24, shuffleIssues: 10 });
  expect(kernelLines([work!]).join("\n")).toMatch(/^k .* 500 +24 +10 +/m);
  expect(mixed!.counted?.shuffleIssues).toBeUndefined();
});

test("a kernel that counts no work has a lower bound and no roof", () => {
  const { ops: _, ...uncounted } = kernel({}, { lowerBound: true });
  const [work] = workOf([uncounted]);

  expect(work!.counted).toBeUndefined();
  expect(kernelLines([work!]).join("\n")).toMatch(/^k +1 +1 +at least 500 +50 % .* counts no work$/m);
});
