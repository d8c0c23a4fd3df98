import { expect, test } from "vitest";
import { channelReport, coreReport, runReport, step, wait } from "./report.test-support.ts";
import { timeLines } from "./time-lines.ts";
import { whereTimeWent } from "./where-time-went.ts";

const [left, right] = [
  { col: 0, row: 2 },
  { col: 1, row: 2 },
];
const kernel = { name: "k", calls: 2, cycles: 300, lowerBound: false };
const input = "in (DMA MM2S 0 of tile (0,0) to DMA S2MM 0 of tile (0,2))";
const stream = {
  ...({ kind: "stream", what: "moves words" } as const),
  ends: ["DMA MM2S 0 of tile (0,0)", "DMA S2MM 0 of tile (0,2)"],
};
const tiles = [
  {
    tile: left,
    core: coreReport([kernel], {
      ...{ busyCycles: 350, endedCycles: 50 },
      waits: [
        wait("in", 400),
        wait("out", 100, { flow: "out" }),
        wait("a word at its stream port 0", 60, { kind: "stream" }),
        wait("mine", 40, { kind: "lock", flow: undefined }),
      ],
    }),
    channels: [channelReport("S2MM", 700, { name: "in_cons", startCycles: 20, idleCycles: 280 })],
  },
  { tile: right, core: coreReport([{ ...kernel, cycles: 200 }]), channels: [channelReport("MM2S", 64)] },
];

test("a core's kernels, own code and waits are told apart, and add up to the run", () => {
  const { cores } = whereTimeWent(runReport(tiles));

  expect(cores[0]).toEqual({
    ...{ tile: left, kernels: 300, ownCode: 50, waitsIn: 400, waitsOut: 100, waitsStream: 60, waitsLock: 40 },
    ended: 50,
  });
});

test("critical is who has most of the path in all its steps; next is who works longest beside it and its ends", () => {
  const path = [step(input, 500, stream), step("core (1,2)", 300), step(input, 200, { ...stream, what: "starts BDs" })];

  const { critical, next } = whereTimeWent(runReport(tiles, path));

  expect(critical).toEqual({ who: input, cycles: 700 });
  // The channel of 720 cycles is an end of the critical stream.
  expect(next).toEqual({ who: "core (0,2)", cycles: 350 });
  expect(whereTimeWent(runReport(tiles, [step("core (0,2)", 1000)])).next).toEqual({
    ...{ who: "DMA S2MM 0 of tile (0,2) (in_cons)", cycles: 720 },
  });
});

test("waits come longest first with their cause by name; a channel's wait for its peer is one of them", () => {
  const peer = channelReport("MM2S", 10, { name: "out", peerCycles: 600, peers: ["DMA S2MM 1 of tile (0,0)"] });

  const { waits } = whereTimeWent(runReport([{ ...tiles[0]!, channels: [peer] }]));

  expect(waits.map(({ who, cause, cycles }) => `${who} ${cycles} ${cause}`)).toEqual([
    "DMA MM2S 0 of tile (0,2) (out) 600 for DMA S2MM 1 of tile (0,0)",
    "core (0,2) 400 for a filled object of objectFifo in",
    "core (0,2) 100 for a free object of objectFifo out",
    "core (0,2) 60 for a word at its stream port 0",
    "core (0,2) 40 for lock mine",
  ]);
});

test("the text calls its figures modelled, ends the path with the run, and counts what it leaves out", () => {
  const path = Array.from({ length: 10 }, (_, i) => step(`core (${i},2)`, 100));

  const text = timeLines(whereTimeWent(runReport(tiles, path))).join("\n");

  expect(text).toMatch(/^where the time went \(modelled, not measured\): 1000 cycles/);
  expect(text).toMatch(/^ +200 +20 % +2 more$/m);
  expect(text).toMatch(/^ +1000 +100 % +the run$/m);
  expect(text).toMatch(/^\(0,2\) +35 % +300 +50 +400 +100 +60 +40 +50 +1000$/m);
});
