import { DesignError } from "@aiekit/core";
import { expect, test } from "vitest";
import type { Operation } from "../ir/operation.ts";
import { parseModule } from "../parser/module.ts";
import { lowerDesign } from "./lower-design.ts";

const tiles = { shim: "aie.tile(0, 0)", memtile: "aie.tile(0, 1)", core: "aie.tile(0, 2)" };

function lowered(tile: keyof typeof tiles, body: string, started = "t") {
  const text = `module { aie.device(npu1_1col) {
    %tile = ${tiles[tile]}
    aie.trace @t(%tile) {
${body}
    }
    aie.runtime_sequence(%a: memref<32xi32>) { aie.trace.start_config @${started} }
  } }`;
  return lowerDesign(parseModule(text, "t.mlir"));
}

/** Offset and value of each register write, in order. */
function writes(module: Operation): [number, number][] {
  const device = module.regions[0]?.entry.ops[0];
  const sequence = device?.regions[0]?.entry.ops.find((op) => op.name === "aie.runtime_sequence");
  const ops = sequence?.regions[0]?.entry.ops ?? [];
  return ops
    .filter((op) => op.name === "aiex.npu.write32")
    .map((op) => [op.int("address") ?? -1, op.int("value") ?? -1]);
}

// Offsets and words are mlir-aie's own for the same declarations.
test.each([
  {
    unit: "data memory: no mode, its own registers and event numbers",
    tile: "core",
    body: `aie.trace.mode "Event-PC"
      aie.trace.packet id=3 type=mem
      aie.trace.event<"DMA_S2MM_0_START_TASK">
      aie.trace.event<"LOCK_SEL0_ACQ_EQ">
      aie.trace.event<"NONE">
      aie.trace.event<"TRUE">
      aie.trace.event<"CONFLICT_DM_BANK_0">
      aie.trace.start event=<"TRUE">
      aie.trace.stop event=<"NONE">`,
    expected: [
      [0x140d4, 4099],
      [0x140d0, 65536],
      [0x140e0, 16788499],
      [0x140e4, 77],
    ],
  },
  {
    unit: "memtile: ports of its switch",
    tile: "memtile",
    body: `aie.trace.packet id=4 type=memtile
      aie.trace.event<"PORT_RUNNING_0">
      aie.trace.event<"PORT_RUNNING_1">
      aie.trace.port<0> port=DMA channel=0 direction=S2MM
      aie.trace.port<1> port=DMA channel=2 direction=MM2S
      aie.trace.start broadcast=15
      aie.trace.stop broadcast=14`,
    expected: [
      [0x940d4, 12292],
      [0x940d0, 235864064],
      [0xb0f00, 544],
      [0x940e0, 21584],
    ],
  },
  {
    unit: "shim: started and stopped by user events",
    tile: "shim",
    body: `aie.trace.packet id=5 type=shimtile
      aie.trace.event<"DMA_S2MM_0_START_TASK">
      aie.trace.start event=<"USER_EVENT_1">
      aie.trace.stop event=<"USER_EVENT_0">`,
    expected: [
      [0x340d4, 8197],
      [0x340d0, 2122252288],
      [0x340e0, 14],
    ],
  },
  {
    unit: "core: combinations and edges before all else, events of both registers",
    tile: "core",
    body: `aie.trace.mode "Event-Time"
      aie.trace.packet id=1 type=core
      aie.trace.event<"INSTR_VECTOR">
      aie.trace.event<"PORT_RUNNING_0">
      aie.trace.event<"PORT_RUNNING_5">
      aie.trace.event<"COMBO_EVENT_0">
      aie.trace.event<CoreEventAIE2::EDGE_DETECTION_EVENT_0>
      aie.trace.edge_event<1> event=<"lock_stall"> trigger=BOTH
      aie.trace.combo_event<0> <"LOCK_STALL"> AND_NOT <"MEMORY_STALL">
      aie.trace.port<0> port=DMA channel=0 direction=S2MM
      aie.trace.port<5> port=DMA channel=1 direction=MM2S
      aie.trace.start broadcast=15
      aie.trace.stop broadcast=14`,
    expected: [
      [0x34400, 5914],
      [0x34404, 1],
      [0x34408, 102367232],
      [0x340d0, 235864064],
      [0x340d4, 1],
      [0x3ff00, 33],
      [0x3ff04, 512],
      [0x340e0, 157240101],
      [0x340e4, 13],
    ],
  },
] as const)("a trace of a $unit", ({ tile, body, expected }) => {
  const { module, warnings } = lowered(tile, body);

  expect(writes(module)).toEqual(expected);
  expect(warnings.filter((w) => w.message.includes("trace"))).toEqual([]);
});

test("a number wider than its field loses its upper bits, with a warning", () => {
  const { module, warnings } = lowered("core", "aie.trace.start broadcast=300");

  expect(writes(module)).toEqual([[0x340d0, (300 - 256) << 16]]);
  expect(warnings.map((w) => w.message)).toContainEqual(expect.stringContaining("value 300 exceeds field width 7"));
});

test.each([
  [
    "a port that a trace cannot watch",
    "core",
    "aie.trace.port<0> port=TileControl channel=0 direction=S2MM",
    /Failed to resolve port value: TileControl:0/,
  ],
  [
    "a mode on a memtile",
    "memtile",
    'aie.trace.mode "Event-Time"',
    /Field not found in register: Mode in Trace_Control0/,
  ],
  [
    "two modes",
    "core",
    'aie.trace.mode "Event-Time"\naie.trace.mode "Event-PC"',
    /Overlapping masks for register Trace_Control0/,
  ],
  [
    "ports of a data memory",
    "core",
    "aie.trace.packet id=1 type=mem\naie.trace.port<0> port=DMA channel=0 direction=S2MM",
    /Register not found in database/,
  ],
] as const)("refused: %s", (_what, tile, body, message) => {
  expect(() => lowered(tile, body)).toThrow(message);
});

test("an unknown event is refused with its place and the nearest names of its module", () => {
  const error = errorOf(() => lowered("core", 'aie.trace.event<"LOCK_STAL">'));

  expect(error?.message).toBe("t.mlir:4:1: unknown trace event 'LOCK_STAL': expected an event of the core module");
  expect(error?.hint).toContain("LOCK_STALL");
});

test("a trace that is started and not declared is refused with those that are", () => {
  const error = errorOf(() => lowered("core", "aie.trace.start broadcast=15", "u"));

  expect(error?.message).toContain("trace config symbol 'u' not found");
  expect(error?.hint).toBe("traces of the device: @t");
});

function errorOf(step: () => unknown): DesignError | undefined {
  try {
    step();
  } catch (error) {
    if (error instanceof DesignError) return error;
    throw error;
  }
  return undefined;
}
