import { expect, test } from "vitest";
import type { ConformanceDesign } from "./design.ts";
import { knownExceptions } from "./known-exceptions.ts";
import type { Difference } from "./verdict.ts";

const design = (source: string): ConformanceDesign => ({
  name: "other",
  shows: [],
  source,
  answers: new Map(),
  lowered: undefined,
  streams: [],
});

const met = (difference: Difference, source = ""): string[] =>
  knownExceptions.filter((known) => known.applies(difference, design(source))).map(({ name }) => name);

const queue = (value: string, row = 1) => `0x${value} (tile (0,${row}) MM2S 1 task queue = 0x${value})`;

test("a push of a memtile's BD 24 that the tool makes one of BD 8 is known", () => {
  const what = "sequence @run: word 31, op 3 (write32), value word";

  expect(met({ what, expected: queue("80010008"), got: queue("80010018") })).toEqual(["BDs above 15 of a memtile"]);
  expect(met({ what, expected: queue("80010009"), got: queue("80010018") })).toEqual([]);
  expect(met({ what, expected: queue("80020008"), got: queue("80010018") })).toEqual([]);
  expect(met({ what, expected: queue("80010008", 0), got: queue("80010018", 0) })).toEqual([]);
});

test("chains started by name are known in every design", () => {
  const expected =
    "refused: x.physical.mlir:9:12: error: 'aiex.dma_start_bd_chain' op references symbol 'c' which must be either a DeviceOp, but got: aie.bd_chain";

  expect(met({ what: "verdict", expected, got: "accepted" })).toEqual(["chains started by name"]);
  expect(met({ what: "verdict", expected: expected.replace(/bd_chain$/, "lock"), got: "accepted" })).toEqual([]);
});

test("acquires that the tool leaves out are known where a core's fifo has a repeat count", () => {
  const difference = {
    what: "core (0,2): step 8",
    expected: "memref.load",
    got: "AcquireGreaterEqual @o_prod_lock_0 by 3",
  };
  const fifo = "aie.objectfifo @o(%c, {%s}, 2 : i32) {repeat_count = 3 : i32}";

  expect(met(difference, fifo)).toEqual(["repeat_count at a core"]);
  expect(met(difference, fifo.replace("repeat_count = 3 : i32", ""))).toEqual([]);
  expect(met({ ...difference, got: "Release @o_prod_lock_0 by 3" }, fifo)).toEqual([]);
});

test("buffers of a memtile that pads are known in links with padding", () => {
  const difference = { what: "buffer @wide_buff_0", expected: "tile (0,1), type memref<6x12xi32>", got: "none" };
  const source =
    "aie.objectfifo @wide(%m, {%c}, 2 : i32) {padDimensions = #aie<...>}\naie.objectfifo.link [@in] -> [@wide]";

  expect(met(difference, source)).toEqual(["links that pad"]);
  expect(met(difference, source.replace("padDimensions", "via_DMA"))).toEqual([]);
  expect(met(difference, source.replace("link", "allocate"))).toEqual([]);
  expect(met({ ...difference, got: "tile (0,1), type memref<4x8xi32>" }, source)).toEqual([]);
});
