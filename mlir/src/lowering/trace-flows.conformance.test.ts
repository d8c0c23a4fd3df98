import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { lowerDesign } from "./lower-design.ts";
import { sequenceSteps, traceFlows } from "./trace-flows.test-support.ts";

/** A trace unit on a tile, with one event; it starts by broadcast 15 and stops by 14 unless said otherwise. */
function unit(
  place: string,
  packet: string,
  event: string,
  { start = "broadcast=15", stop = "broadcast=14", more = "" } = {},
): string {
  const name = `t${place}${/type=(\w+)/.exec(packet)?.[1] ?? ""}`;
  return `aie.trace @${name}(%t${place}) {
      ${more}
      ${packet && `aie.trace.packet ${packet}`}
      aie.trace.event<"${event}">
      aie.trace.start ${start}
      aie.trace.stop ${stop}
    }`;
}

const core = (id: number, place = "02", options = {}): string =>
  unit(place, `id=${id} type=core`, "INSTR_EVENT_0", options);
const memory = (id: number, options = {}): string => unit("02", `id=${id} type=mem`, "DMA_S2MM_0_START_TASK", options);
const memtile = (id: number, place = "01"): string => unit(place, `id=${id} type=memtile`, "PORT_RUNNING_0");
const shim = (id: number, place = "00", options = {}): string =>
  unit(place, `id=${id} type=shimtile`, "DMA_S2MM_0_START_TASK", options);

interface Parts {
  readonly device?: string;
  readonly shim?: string;
  readonly declarations?: string;
  readonly args?: string;
  readonly host?: string;
  /** Operations of the sequence in place of host_config, a start of each trace and one write. */
  readonly sequence?: string;
}

const write = "aiex.npu.write32 {address = 4096 : ui32, column = 0 : i32, row = 2 : i32, value = 7 : ui32}";

function design(traces: readonly string[], { device = "npu1", host = "buffer_size = 8192", ...parts }: Parts = {}) {
  const starts = traces.map((text) => `aie.trace.start_config ${/@\w+/.exec(text)?.[0]}`);
  const sequence = parts.sequence ?? [`aie.trace.host_config ${host}`, ...starts, write].join("\n      ");
  const tiles = ["0, 1", "0, 2", "1, 0", "1, 1", "1, 2"].map((at) => `%t${at.replace(", ", "")} = aie.tile(${at})`);
  return `module { aie.device(${device}) {
    ${parts.shim ?? "%t00 = aie.tile(0, 0)"}
    ${tiles.join("\n    ")}
    ${parts.declarations ?? ""}
    ${traces.join("\n    ")}
    aie.runtime_sequence(${parts.args ?? "%a: memref<16xi32>"}) {
      ${sequence}
    }
  } }`;
}

const byEvent = { start: 'event=<"TRUE">', stop: 'event=<"NONE">' };
const mode = { more: 'aie.trace.mode "Event-PC"' };

// Measured: mlir-aie of April 2026 (979629649), aie-insert-trace-flows and the trace passes behind it.
test.each<readonly [what: string, text: string, flows: readonly string[], steps: readonly string[]]>([
  [
    "all four units of a column",
    design([core(1), memory(2), memtile(3), shim(4)]),
    [
      "1: Trace 0 of (0,2) to DMA 1",
      "2: Trace 1 of (0,2) to DMA 1",
      "3: Trace 0 of (0,1) to DMA 1",
      "4: Trace 0 of (0,0) to DMA 1",
    ],
    [
      "(0,2) 340d4 = 1",
      "(0,2) 340d0 = 797a0000",
      "(0,2) 340e0 = 21",
      "(0,2) 140d4 = 1002",
      "(0,2) 140d0 = 797a0000",
      "(0,2) 140e0 = 13",
      "(0,1) 940d4 = 3003",
      "(0,1) 940d0 = 9c9d0000",
      "(0,1) 940e0 = 50",
      "(0,0) 340d4 = 2004",
      "(0,0) 340d0 = 7e7f0000",
      "(0,0) 340e0 = e",
      "(0,2) 34000 = 7a00",
      "(0,2) 14000 = 7a00",
      "(0,1) 94000 = 9d00",
      "bd f 800 words, burst 40",
      "patch 1d1e4 4 + 0",
      "(0,0) 1d208 = f00 mask ff00",
      "(0,0) 1d20c = 8000000f",
      "(0,0) 34000 = 7f00",
      "(0,0) 3404c = 7f",
      "(0,0) 34008 = 7f",
      "(0,2) 1000 = 7",
      "(0,0) 34048 = 7e",
      "(0,0) 34008 = 7e",
    ],
  ],
  [
    "npu2, the shim's unit first, each with broadcasts of its own",
    design(
      [
        shim(9, "00", { start: "broadcast=3", stop: "broadcast=5" }),
        memory(8, { start: "broadcast=1", stop: "broadcast=0" }),
        core(7),
      ],
      { device: "npu2" },
    ),
    ["9: Trace 0 of (0,0) to DMA 1", "8: Trace 1 of (0,2) to DMA 1", "7: Trace 0 of (0,2) to DMA 1"],
    [
      "(0,0) 340d4 = 2009",
      "(0,0) 340d0 = 7e7f0000",
      "(0,0) 340e0 = e",
      "(0,2) 140d4 = 1008",
      "(0,2) 140d0 = 6b6c0000",
      "(0,2) 140e0 = 13",
      "(0,2) 340d4 = 7",
      "(0,2) 340d0 = 797a0000",
      "(0,2) 340e0 = 21",
      "(0,2) 14000 = 6c00",
      "(0,2) 34000 = 7a00",
      "bd f 800 words, burst 40",
      "patch 1d1e4 4 + 0",
      "(0,0) 1d208 = f00 mask ff00",
      "(0,0) 1d20c = 8000000f",
      "(0,0) 34000 = 7f00",
      "(0,0) 3401c = 7f",
      "(0,0) 34008 = 7f",
      "(0,2) 1000 = 7",
      "(0,0) 34024 = 7e",
      "(0,0) 34008 = 7e",
    ],
  ],
  [
    "another column's shim hears the broadcast; two cores",
    design([shim(4, "10"), memtile(5, "11"), core(6, "12"), core(1)]),
    [
      "4: Trace 0 of (1,0) to DMA 1",
      "5: Trace 0 of (1,1) to DMA 1",
      "6: Trace 0 of (1,2) to DMA 1",
      "1: Trace 0 of (0,2) to DMA 1",
    ],
    [
      "(1,0) 340d4 = 2004",
      "(1,0) 340d0 = 7c7d0000",
      "(1,0) 340e0 = e",
      "(1,1) 940d4 = 3005",
      "(1,1) 940d0 = 9c9d0000",
      "(1,1) 940e0 = 50",
      "(1,2) 340d4 = 6",
      "(1,2) 340d0 = 797a0000",
      "(1,2) 340e0 = 21",
      "(0,2) 340d4 = 1",
      "(0,2) 340d0 = 797a0000",
      "(0,2) 340e0 = 21",
      "(1,0) 34000 = 7d00",
      "(1,1) 94000 = 9d00",
      "(1,2) 34000 = 7a00",
      "(0,2) 34000 = 7a00",
      "bd f 800 words, burst 40",
      "patch 1d1e4 4 + 0",
      "(0,0) 1d208 = f00 mask ff00",
      "(0,0) 1d20c = 8000000f",
      "(0,0) 34000 = 7f00",
      "(0,0) 3404c = 7f",
      "(0,0) 34008 = 7f",
      "(0,2) 1000 = 7",
      "(0,0) 34048 = 7e",
      "(0,0) 34008 = 7e",
    ],
  ],
  [
    "units without a packet id, and modes that only a core has",
    design([unit("01", "", "PORT_RUNNING_0", mode), unit("00", "", "TRUE", mode), unit("02", "", "TRUE", mode)]),
    ["1: Trace 0 of (0,1) to DMA 1", "2: Trace 0 of (0,0) to DMA 1", "3: Trace 0 of (0,2) to DMA 1"],
    [
      "(0,1) 940d4 = 3001",
      "(0,1) 940d0 = 9c9d0000",
      "(0,1) 940e0 = 50",
      "(0,0) 340d4 = 2002",
      "(0,0) 340d0 = 7e7f0000",
      "(0,0) 340e0 = 1",
      "(0,2) 340d4 = 3",
      "(0,2) 340d0 = 797a0001",
      "(0,2) 340e0 = 1",
      "(0,1) 94000 = 9d00",
      "(0,2) 34000 = 7a00",
      "bd f 800 words, burst 40",
      "patch 1d1e4 4 + 0",
      "(0,0) 1d208 = f00 mask ff00",
      "(0,0) 1d20c = 8000000f",
      "(0,0) 34000 = 7f00",
      "(0,0) 3404c = 7f",
      "(0,0) 34008 = 7f",
      "(0,2) 1000 = 7",
      "(0,0) 34048 = 7e",
      "(0,0) 34008 = 7e",
    ],
  ],
  [
    "started by an event, stopped by a broadcast",
    design([core(1, "02", { start: byEvent.start })]),
    ["1: Trace 0 of (0,2) to DMA 1"],
    [
      "(0,2) 340d4 = 1",
      "(0,2) 340d0 = 79010000",
      "(0,2) 340e0 = 21",
      "bd f 800 words, burst 40",
      "patch 1d1e4 4 + 0",
      "(0,0) 1d208 = f00 mask ff00",
      "(0,0) 1d20c = 8000000f",
      "(0,2) 1000 = 7",
      "(0,0) 34048 = 7e",
      "(0,0) 34008 = 7e",
    ],
  ],
  [
    "started by a broadcast, stopped by an event",
    design([core(1, "02", { stop: byEvent.stop })]),
    ["1: Trace 0 of (0,2) to DMA 1"],
    [
      "(0,2) 340d4 = 1",
      "(0,2) 340d0 = 7a0000",
      "(0,2) 340e0 = 21",
      "(0,2) 34000 = 7a00",
      "bd f 800 words, burst 40",
      "patch 1d1e4 4 + 0",
      "(0,0) 1d208 = f00 mask ff00",
      "(0,0) 1d20c = 8000000f",
      "(0,0) 34000 = 7f00",
      "(0,0) 3404c = 7f",
      "(0,0) 34008 = 7f",
      "(0,2) 1000 = 7",
    ],
  ],
  [
    "started and stopped by events, behind the last argument",
    design([core(1, "02", byEvent)], {
      args: "%a: memref<4xi8>, %b: memref<3x6xbf16>",
      host: "buffer_size = 64 arg_idx = -1 routing = single",
    }),
    ["1: Trace 0 of (0,2) to DMA 1"],
    [
      "(0,2) 340d4 = 1",
      "(0,2) 340d0 = 10000",
      "(0,2) 340e0 = 21",
      "bd f 10 words, burst 40",
      "patch 1d1e4 1 + 24",
      "(0,0) 1d208 = f00 mask ff00",
      "(0,0) 1d20c = 8000000f",
      "(0,2) 1000 = 7",
    ],
  ],
  [
    "nothing started in the sequence: at its head",
    design([core(1)], {
      sequence: `${write}\n      aie.trace.host_config buffer_size = 65536 arg_idx = 0\n      ${write}`,
    }),
    ["1: Trace 0 of (0,2) to DMA 1"],
    [
      "(0,2) 34000 = 7a00",
      "bd f 4000 words, burst 40",
      "patch 1d1e4 0 + 0",
      "(0,0) 1d208 = f00 mask ff00",
      "(0,0) 1d20c = 8000000f",
      "(0,0) 34000 = 7f00",
      "(0,0) 3404c = 7f",
      "(0,0) 34008 = 7f",
      "(0,2) 1000 = 7",
      "(0,2) 1000 = 7",
      "(0,0) 34048 = 7e",
      "(0,0) 34008 = 7e",
    ],
  ],
  [
    "host_config between the starts: behind the last",
    design([core(1), memory(2)], {
      sequence: `aie.trace.start_config @t02core\n      aie.trace.host_config buffer_size = 65536\n      ${write}\n      aie.trace.start_config @t02mem\n      ${write}`,
    }),
    ["1: Trace 0 of (0,2) to DMA 1", "2: Trace 1 of (0,2) to DMA 1"],
    [
      "(0,2) 340d4 = 1",
      "(0,2) 340d0 = 797a0000",
      "(0,2) 340e0 = 21",
      "(0,2) 1000 = 7",
      "(0,2) 140d4 = 1002",
      "(0,2) 140d0 = 797a0000",
      "(0,2) 140e0 = 13",
      "(0,2) 34000 = 7a00",
      "(0,2) 14000 = 7a00",
      "bd f 4000 words, burst 40",
      "patch 1d1e4 4 + 0",
      "(0,0) 1d208 = f00 mask ff00",
      "(0,0) 1d20c = 8000000f",
      "(0,0) 34000 = 7f00",
      "(0,0) 3404c = 7f",
      "(0,0) 34008 = 7f",
      "(0,2) 1000 = 7",
      "(0,0) 34048 = 7e",
      "(0,0) 34008 = 7e",
    ],
  ],
  [
    "a shim with its own controller id, and a flow on channel 1",
    design([core(1)], {
      shim: "%t00 = aie.tile(0, 0) {controller_id = #aie.packet_info<pkt_type = 0, pkt_id = 5>}",
      declarations: "aie.flow(%t01, DMA : 0, %t00, DMA : 1)",
    }),
    ["1: Trace 0 of (0,2) to DMA 0"],
    [
      "(0,2) 340d4 = 1",
      "(0,2) 340d0 = 797a0000",
      "(0,2) 340e0 = 21",
      "(0,2) 34000 = 7a00",
      "bd f 800 words, burst 40",
      "patch 1d1e4 4 + 0",
      "(0,0) 1d200 = 500 mask ff00",
      "(0,0) 1d204 = 8000000f",
      "(0,0) 34000 = 7f00",
      "(0,0) 3404c = 7f",
      "(0,0) 34008 = 7f",
      "(0,2) 1000 = 7",
      "(0,0) 34048 = 7e",
      "(0,0) 34008 = 7e",
    ],
  ],
])("%s: flows and writes are the real compiler's", (_what, text, flows, steps) => {
  const device = lowerDesign(parseModule(text, "t.mlir")).module.regions[0]!.entry.ops[0]!.regions[0]!.entry.ops;

  expect(traceFlows(device)).toEqual(flows.map((flow) => `${flow} of (0,0), headers kept`));
  expect(sequenceSteps(device)).toEqual(steps);
});
