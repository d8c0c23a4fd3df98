import { createRandom } from "@aiekit/validate";
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
    return { cx: Number(x), cy: Number(y), ring: fill === "none" };
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

test("kernels at one place share its circle, in their order, and none is hidden", () => {
  const same = { memoryIntensity: 0.02, issuesPerCycle: 0.9 };
  const kernels = [
    work("one", { ...same, streamIntensity: 0.3 }),
    work("two", { ...same, streamIntensity: 3 }),
    work("three", { ...same, memoryIntensity: 0.0201, streamIntensity: 3.02 }),
  ];

  const { svg } = rooflinePicture(kernels, { title: "t", roofs });

  const parts = [...svg.matchAll(/<path class="part" [^>]+><title>(\w+): [^<]+(kernel|run), /g)];
  expect(parts.map(([, kernel, of]) => `${kernel} in the ${of}`)).toEqual([
    ...["one in the kernel", "two in the kernel", "three in the kernel"],
    ...["two in the run", "three in the run"],
  ]);
  expect(circlesOf(svg)).toMatchObject([{ ring: true }]);
});

test("a roof's name lies on no kernel's mark", () => {
  const random = createRandom(7);
  const turned = /class="label" x="([\d.]+)" y="([\d.]+)" transform="rotate\((-?[\d.]+) [^)]+\)"[^>]*>([^<]+)</g;
  let placed = 0;
  for (let round = 0; round < 300; round++) {
    const kernels = Array.from({ length: 1 + (round % 6) }, (_, i) => {
      const [memoryIntensity, streamIntensity] = [10 ** random.between(-4, 0), 10 ** random.between(-3, 1)];
      const speeds = { issuesPerCycle: random.between(0.1, 1), issuesPerRunCycle: random.between(0.05, 1) };
      const [memory, stream] = [Math.min(1, 96 * memoryIntensity), Math.min(1, 4 * streamIntensity)];
      return work(`k${i}`, {
        ...{ memoryIntensity, streamIntensity },
        ...{ issuesPerCycle: speeds.issuesPerCycle * memory, issuesPerRunCycle: speeds.issuesPerRunCycle * stream },
      });
    });
    const { svg } = rooflinePicture(kernels, { title: "t", roofs });
    for (const [, x, y, degrees, name] of svg.matchAll(turned)) {
      placed++;
      const angle = (Number(degrees) * Math.PI) / 180;
      const hidden = circlesOf(svg).filter(({ cx, cy }) => {
        const [dx, dy] = [cx - Number(x), cy - Number(y)];
        const along = dx * Math.cos(angle) + dy * Math.sin(angle);
        const down = dy * Math.cos(angle) - dx * Math.sin(angle);
        return along > -5 && along < 0.602 * 9 * name!.length + 5 && down > -7 - 5 && down < 2 + 5;
      });
      expect(hidden, `round ${round}: ${name}`).toEqual([]);
    }
  }
  expect(placed).toBe(600);
});
