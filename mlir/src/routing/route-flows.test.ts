import { BudgetError, DesignError } from "@aiekit/core";
import { expect, test } from "vitest";
import type { Operation } from "../ir/operation.ts";
import { parseModule } from "../parser/module.ts";
import { printModule } from "../printer/module.ts";
import { routeFlows } from "./route-flows.ts";
import { walkRoutes } from "./walk-routes.test-support.ts";

test("six streams go north through one memtile, a seventh has no port, whoever sends it", () => {
  const six = [0, 1, 2, 3, 4, 5].map((ch) => `aie.flow(%t01, DMA : ${ch}, %t0${2 + (ch >> 1)}, DMA : ${ch % 2})`);

  expect(problems("npu1_1col", six)).toEqual([]);
  const error = refusal("npu1_1col", [...six, "aie.flow(%t00, DMA : 0, %t05, DMA : 0)"]);
  expect(error).toBeInstanceOf(BudgetError);
  expect(error.message).toContain("switch (0,1) North");
});

test("four streams go south through one memtile; a fifth to the shim's other column goes round", () => {
  const south = [0, 1].flatMap((ch) => [
    `aie.flow(%t02, DMA : ${ch}, %t00, DMA : ${ch})`,
    `aie.flow(%t03, DMA : ${ch}, %t01, DMA : ${ch})`,
  ]);

  expect(problems("npu1_2col", [...south, "aie.flow(%t04, DMA : 0, %t10, DMA : 0)"])).toEqual([]);
});

test("a memtile sends to a memtile of another column by way of the shim or the cores", () => {
  expect(problems("npu1_2col", ["aie.flow(%t01, DMA : 2, %t11, DMA : 4)"])).toEqual([]);
});

test("DMA 0 of a tile reaches DMA 1 of the same tile by a turn at a neighbour", () => {
  expect(problems("npu1_1col", ["aie.flow(%t02, DMA : 0, %t02, DMA : 1)"])).toEqual([]);
  expect(problems("npu1_1col", ["aie.flow(%t01, DMA : 0, %t01, DMA : 1)"])).toEqual([]);
});

test("a shim sends to the shim of the next column, but not to itself", () => {
  expect(problems("npu1_2col", ["aie.flow(%t00, DMA : 0, %t10, DMA : 0)"])).toEqual([]);
  expect(refusal("npu1_2col", ["aie.flow(%t00, DMA : 0, %t00, DMA : 0)"])).toBeInstanceOf(DesignError);
});

test("32 cores, each with a stream from a memtile and one back to it, are routed in less than 100 ms", () => {
  const flows = columns(8).flatMap((col) =>
    [2, 3, 4, 5].flatMap((row) => [
      `aie.flow(%t${col}1, DMA : ${row - 2}, %t${col}${row}, DMA : 0)`,
      `aie.flow(%t${col}${row}, DMA : 0, %t${col}1, DMA : ${row - 2})`,
    ]),
  );
  const module = design("npu2", flows);
  routeFlows(module);

  const fastest = Math.min(
    ...[1, 2, 3].map(() => {
      const start = performance.now();
      routeFlows(module);
      return performance.now() - start;
    }),
  );

  expect(walkRoutes(module, routeFlows(module))).toEqual([]);
  expect(fastest).toBeLessThan(100);
});

test("packets with one id from two cores to one shim channel keep apart until the end", () => {
  const flows = [packet(1, "%t02", ["%t00, DMA : 0"]), packet(1, "%t03", ["%t00, DMA : 0"])];

  expect(problems("npu1_1col", flows)).toEqual([]);
});

test("eight packet ids of one shim channel reach eight DMA channels with at most four rules per port", () => {
  const flows = (ids: readonly number[]) =>
    ids.map((id, n) => packet(id, "%t00", [`%t0${2 + (n >> 1)}, DMA : ${n % 2}`]));

  // Each tile's two ids lie outside of what those of the tiles behind it have in common.
  expect(problems("npu1_1col", flows([0, 1, 16, 17, 24, 25, 28, 29]))).toEqual([]);
  expect(refusal("npu1_1col", flows([0, 3, 6, 9, 12, 15, 18, 21])).message).toContain("false packet id match");
});

test("a circuit and packets cannot end on one port", () => {
  const flows = ["aie.flow(%t02, DMA : 0, %t04, DMA : 0)", packet(1, "%t03", ["%t04, DMA : 0"])];

  expect(refusal("npu1_1col", flows).message).toContain("packet flow 1 (0,3) DMA 0 -> (0,4) DMA 0");
});

test("a packet id above 31 does not fit a header", () => {
  expect(refusal("npu1_1col", [packet(40, "%t02", ["%t03, DMA : 0"])]).message).toContain("at most 31, got 40");
});

test("ids that part ways are refused where the compiler's one rule for some of them takes in another", () => {
  const flows = (...ids: readonly [number, number, number]) => [
    packet(ids[0], "%t00", ["%t02, TileControl : 0"]),
    packet(ids[1], "%t00", ["%t03, TileControl : 0"]),
    packet(ids[2], "%t00", ["%t03, DMA : 0"]),
  ];

  // 29 and 26 go on together: a rule for 0b11xxx, which takes in 28 as well.
  const error = refusal("npu1_1col", flows(28, 29, 26));
  expect(error).toBeInstanceOf(DesignError);
  expect(error.message).toContain("can lead to false packet id match for id 28");
  expect(problems("npu1_1col", flows(20, 29, 28))).toEqual([]);
});

test("an error names the fifo behind the shim's channel", () => {
  const flows = ["aie.shim_dma_allocation @pcm_shim_alloc(%t00, MM2S, 0)", "aie.flow(%t00, DMA : 0, %t02, DMA : 2)"];

  expect(refusal("npu1_1col", flows).message).toContain("flow of @pcm (0,0) DMA 0 -> (0,2) DMA 2");
});

const circuit = ["aie.flow(%t00, DMA : 0, %t02, DMA : 0)", "aie.flow(%t02, DMA : 1, %t00, DMA : 1)"];
const packets = [packet(4, "%t00", ["%t02, DMA : 0"]), packet(5, "%t00", ["%t03, DMA : 0"])];
const breaks: readonly (readonly [string, readonly string[], RegExp, string])[] = [
  ["a stream that stops on its way", circuit, /aie.connect<South : \d, DMA : 0>/, ""],
  ["a stream that ends on another channel", circuit, /(aie.connect<South : \d), DMA : 0>/, "$1, DMA : 1>"],
  ["a memtile that changes the channel", circuit, /(aie.connect<South : 0, North) : 0>/, "$1 : 1>"],
  ["a port that no switch has", circuit, /(aie.connect<DMA : 1, South) : \d>/, "$1 : 5>"],
  [
    "a stream that reaches a port it should not",
    circuit,
    /(aie.connect<South : \d, DMA : 0>)/,
    "$1\naie.connect<South : 0, Core : 0>",
  ],
  [
    "two circuits on one line",
    circuit,
    /aie.connect<DMA : 1, (South : \d)>/,
    "aie.connect<DMA : 1, $1>\naie.connect<DMA : 0, $1>",
  ],
  [
    "a shim DMA on the wrong line of the mux",
    circuit,
    /aie.connect<DMA : 0, North : 3>/,
    "aie.connect<DMA : 0, North : 7>",
  ],
  ["a rule for another id", packets, /aie.rule\(31, 5/, "aie.rule(31, 6"],
  ["a rule that takes more ids than it may", packets, /aie.rule\(31, 5/, "aie.rule(30, 4"],
  ["a master on two arbiters", packets, /aie.masterset\(DMA : 0, (%\d)\)/, "aie.masterset(DMA : 0, %0, %1)"],
];
test.each(breaks)("the walk finds %s", (_, flows, find, replacement) => {
  const module = design("npu1_1col", flows);
  const text = printModule(routeFlows(module));
  const broken = text.replace(find, replacement);

  expect(broken).not.toBe(text);
  expect(walkRoutes(module, parseModule(broken, "broken.mlir"))).not.toEqual([]);
});

function columns(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** A device with every tile as `%t<col><row>`. */
function design(device: string, flows: readonly string[]): Operation {
  const count = Number(device.match(/_(\d)col/)?.[1] ?? (device === "npu2" ? 8 : 4));
  const tiles = columns(count).flatMap((col) => columns(6).map((row) => `%t${col}${row} = aie.tile(${col}, ${row})`));
  return parseModule(`module { aie.device(${device}) {\n${[...tiles, ...flows].join("\n")}\n} }`, "design.mlir");
}

function packet(id: number, from: string, to: readonly string[]): string {
  const ends = to.map((end) => `aie.packet_dest<${end}>`).join(" ");
  return `aie.packet_flow(${id}) { aie.packet_source<${from}, DMA : 0> ${ends} }`;
}

function problems(device: string, flows: readonly string[]): string[] {
  const module = design(device, flows);
  return walkRoutes(module, routeFlows(module));
}

function refusal(device: string, flows: readonly string[]): Error {
  try {
    routeFlows(design(device, flows));
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("the design was routed");
}
