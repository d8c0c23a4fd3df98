import { expect, test } from "vitest";
import type { KernelWork } from "../time/kernel-work.ts";
import { rooflinePicture } from "./roofline-picture.ts";

const roofs = { loadBytesPerCycle: 64, storeBytesPerCycle: 32, streamBytesPerCycle: 4, callCycles: 40 };
const work = (kernel: string, counted: Partial<NonNullable<KernelWork["counted"]>> | undefined): KernelWork => ({
  ...{ kernel, cores: 1, calls: 1, cycles: 100, busyShare: 1, streamInBytes: 0, streamOutBytes: 0 },
  counted: counted && {
    ...{ macIssues: 1, vectorIssues: 0, shuffleIssues: 0, loadBytes: 1, storeBytes: 0, roof: "compute" },
    ...{ issuesPerCycle: 0.1, issuesPerRunCycle: 0.05, memoryIntensity: 0.5, streamIntensity: 0.2, ...counted },
  },
});

/** Ends of the drawn lines `M x y L x y`, in the order memory, stream, compute. */
const linesOf = (svg: string): number[][] =>
  [...svg.matchAll(/class="roof" d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"/g)].map((m) => m.slice(1).map(Number));
const circlesOf = (svg: string): { cx: number; cy: number; ring: boolean }[] =>
  [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="5" fill="([^"]+)"/g)].map(([, x, y, fill]) => {
    return { cx: Number(x), cy: Number(y), ring: fill === "#fff" };
  });

test("slanted roofs rise a decade a decade and meet the level one; kernels at a roof lie on its line", () => {
  // 96 bytes a cycle: at 0.001 issues a byte 0.096 a cycle. 4 bytes: at 0.02 issues a byte 0.08 a cycle.
  const atRoofs = work("k", {
    ...{ memoryIntensity: 0.001, issuesPerCycle: 0.096, streamIntensity: 0.02, issuesPerRunCycle: 0.08 },
  });
  const { svg } = rooflinePicture([atRoofs], { title: "t", roofs });

  const [memory, stream, compute] = linesOf(svg);
  const [disc, ring] = circlesOf(svg);
  expect([disc!.ring, ring!.ring]).toEqual([false, true]);
  for (const [line, mark] of [
    [memory!, disc!],
    [stream!, ring!],
  ] as const) {
    const [x1, y1, x2, y2] = line as [number, number, number, number];
    const expected = y1 + ((y2 - y1) * (mark.cx - x1)) / (x2 - x1);
    expect(Math.abs(mark.cy - expected)).toBeLessThan(0.1);
  }
  expect(memory![3]).toBe(compute![1]);
  expect(stream![3]).toBe(compute![3]);
});

test("kernels without vector work are named and not drawn; names are escaped", () => {
  const { svg, leftOut } = rooflinePicture(
    [work("a<b", {}), work("plain", undefined), work("idle", { issuesPerCycle: 0 })],
    {
      ...{ title: "x & y", roofs },
    },
  );

  expect(leftOut).toEqual(["plain", "idle"]);
  expect(circlesOf(svg)).toHaveLength(2);
  expect(svg).toContain("a&lt;b");
  expect(svg).toContain("no vector work: plain, idle");
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test("a run without any kernel gives the roofs alone", () => {
  const { svg } = rooflinePicture([], { title: "t", roofs });

  expect(linesOf(svg)).toHaveLength(3);
  expect(svg).not.toMatch(/NaN|Infinity/);
});
