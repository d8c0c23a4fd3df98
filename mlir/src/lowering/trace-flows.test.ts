import { DesignError } from "@aiekit/core";
import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { lowerDesign } from "./lower-design.ts";
import { traceFlows as flows, sequenceSteps as steps } from "./trace-flows.test-support.ts";

interface Parts {
  readonly traces: string;
  readonly args?: string;
  readonly host?: string;
  readonly starts?: readonly string[];
  readonly declarations?: string;
}

const core = `aie.trace @core_trace(%tile02) {
      aie.trace.packet id=1 type=core
      aie.trace.event<"INSTR_EVENT_0">
      aie.trace.start broadcast=15
      aie.trace.stop broadcast=14
    }`;

function lowered({
  traces,
  args = "%a: memref<16xi32>",
  host = "buffer_size = 8192",
  starts = ["core_trace"],
  ...parts
}: Parts) {
  const text = `module { aie.device(npu1_1col) {
    %tile02 = aie.tile(0, 2)
    %tile01 = aie.tile(0, 1)
    %tile00 = aie.tile(0, 0)
    ${parts.declarations ?? ""}
    ${traces}
    aie.runtime_sequence(${args}) {
      aie.trace.host_config ${host}
      ${starts.map((name) => `aie.trace.start_config @${name}`).join("\n")}
      aiex.npu.write32 {address = 4096 : ui32, column = 0 : i32, row = 2 : i32, value = 7 : ui32}
    }
  } }`;
  return lowerDesign(parseModule(text, "t.mlir")).module.regions[0]!.entry.ops[0]!.regions[0]!.entry.ops;
}

// Values are those of mlir-aie's AIEInsertTraceFlows; trace-flows.conformance.test.ts has more of its answers.
test("a core's trace with a host buffer: flow, timer, BD 15, argument 4, start, and stop at the end", () => {
  const ops = lowered({ traces: core });

  expect(flows(ops)).toEqual(["1: Trace 0 of (0,2) to DMA 1 of (0,0), headers kept"]);
  expect(steps(ops)).toEqual([
    // BROADCAST_14 and 15 are events 121 and 122 of a core.
    "(0,2) 340d4 = 1",
    "(0,2) 340d0 = 797a0000",
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
    "(0,0) 34048 = 7e",
    "(0,0) 34008 = 7e",
  ]);
});

test("units of a memory, a memtile and the shim have their own ports, timers and events", () => {
  const unit = (
    name: string,
    tile: string,
    id: number,
    type: string,
    event: string,
  ): string => `aie.trace @${name}(%${tile}) {
      aie.trace.packet id=${id} type=${type}
      aie.trace.event<"${event}">
      aie.trace.start broadcast=15
      aie.trace.stop broadcast=14
    }`;
  const traces = [
    unit("memory", "tile02", 2, "mem", "DMA_S2MM_0_START_TASK"),
    unit("memtile", "tile01", 3, "memtile", "PORT_RUNNING_0"),
    unit("shim", "tile00", 4, "shimtile", "DMA_S2MM_0_START_TASK"),
  ].join("\n");
  const ops = lowered({ traces, starts: ["memory", "memtile", "shim"] });

  expect(flows(ops)).toEqual([
    "2: Trace 1 of (0,2) to DMA 1 of (0,0), headers kept",
    "3: Trace 0 of (0,1) to DMA 1 of (0,0), headers kept",
    "4: Trace 0 of (0,0) to DMA 1 of (0,0), headers kept",
  ]);
  const done = steps(ops);
  // Starts and stops: broadcasts are 107 + n of a memory, 142 + n of a memtile; the shim that makes them goes by user events.
  expect(done).toContain("(0,2) 140d0 = 797a0000");
  expect(done).toContain("(0,1) 940d0 = 9c9d0000");
  expect(done).toContain("(0,0) 340d0 = 7e7f0000");
  expect(done.filter((step) => /[139]4000 = /.test(step))).toEqual([
    ...["(0,2) 14000 = 7a00", "(0,1) 94000 = 9d00", "(0,0) 34000 = 7f00"],
  ]);
});

test("arg_idx -1 is behind the last argument; units that no broadcast starts have no user events made", () => {
  const own = core.replace("broadcast=15", 'event=<"TRUE">').replace("broadcast=14", 'event=<"NONE">');
  const ops = lowered({
    traces: own,
    args: "%a: memref<16xi32>, %b: memref<1024xi32>",
    host: "buffer_size = 8192 arg_idx = -1",
  });

  expect(steps(ops).filter((step) => !step.startsWith("(0,2)"))).toEqual([
    "bd f 800 words, burst 40",
    "patch 1d1e4 1 + 1000",
    "(0,0) 1d208 = f00 mask ff00",
    "(0,0) 1d20c = 8000000f",
  ]);
});

test("packets come to channel 0 where a flow has channel 1", () => {
  const ops = lowered({ traces: core, declarations: "aie.flow(%tile02, DMA : 0, %tile00, DMA : 1)" });

  expect(flows(ops)).toEqual(["1: Trace 0 of (0,2) to DMA 0 of (0,0), headers kept"]);
  expect(steps(ops)).toContain("(0,0) 1d204 = 8000000f");
});

test("a trace without a packet id gets the least that no other trace has", () => {
  const memory = core.replace("@core_trace", "@memory").replace("id=1 type=core", "id=2 type=mem");
  const traces = [
    memory.replace("INSTR_EVENT_0", "DMA_S2MM_0_START_TASK"),
    ...["02", "01", "00"].map((tile) => bare(`t${tile}`, `tile${tile}`)),
  ].join("\n");
  const ops = lowered({ traces, starts: [] });

  expect(flows(ops).map((flow) => flow.slice(0, 18))).toEqual([
    ...["2: Trace 1 of (0,2", "1: Trace 0 of (0,2", "3: Trace 0 of (0,1", "4: Trace 0 of (0,0"],
  ]);
});

const bare = (name: string, tile: string): string => `aie.trace @${name}(%${tile}) {
      aie.trace.event<"TRUE">
      aie.trace.start broadcast=15
      aie.trace.stop broadcast=14
    }`;

test("without host_config a broadcast stays its own number, and nothing is inserted", () => {
  const text = `module { aie.device(npu1_1col) {
    %tile02 = aie.tile(0, 2)
    ${core}
    aie.runtime_sequence(%a: memref<16xi32>) { aie.trace.start_config @core_trace }
  } }`;
  const ops = lowerDesign(parseModule(text, "t.mlir")).module.regions[0]!.entry.ops[0]!.regions[0]!.entry.ops;

  expect(flows(ops)).toEqual([]);
  expect(steps(ops)).toEqual(["(0,2) 340d4 = 1", "(0,2) 340d0 = e0f0000", "(0,2) 340e0 = 21"]);
});

const fifo = (name: string): string =>
  `aie.objectfifo @${name}(%tile02, {%tile00}, 2 : i32) : !aie.objectfifo<memref<16xi32>>`;

test.each<[string, Parts, RegExp]>([
  [
    "no stop",
    { traces: core.replace("aie.trace.stop broadcast=14", "") },
    /^t\.mlir:\d+:\d+: trace is missing 'aie\.trace\.stop'/,
  ],
  [
    "no start",
    { traces: core.replace("aie.trace.start broadcast=15", "") },
    /^t\.mlir:\d+:\d+: trace is missing 'aie\.trace\.start'/,
  ],
  [
    "a unit twice",
    { traces: `${core}\n${core.replace("@core_trace", "@other").replace("id=1", "id=2")}` },
    /tile \(0,2\) is traced more than once on the same trace unit, its core's/,
  ],
  [
    "an id twice",
    {
      traces: `${core}\n${core.replace("@core_trace", "@other").replace("type=core", "type=mem").replace("INSTR_EVENT_0", "TRUE")}`,
    },
    /trace packet id 1 is already used by another trace/,
  ],
  [
    "two fifos that end at the shim",
    { traces: core, declarations: `${fifo("x")}\n${fifo("y")}` },
    /no S2MM channels available on shim tile at column 0/,
  ],
  [
    "a buffer of no words",
    { traces: core, host: "buffer_size = 0" },
    /expected a buffer_size of whole words, got 0 bytes/,
  ],
])("refused: %s", (_what, parts, message) => {
  const step = () => lowered(parts);

  expect(step).toThrow(DesignError);
  expect(step).toThrow(message);
});
