import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInProcess } from "./run-cli.test-support.ts";
import { oneCoreDesign, type SimFolder, simFolder } from "./sim.test-support.ts";

let folder: SimFolder;
beforeAll(async () => {
  folder = await simFolder();
  await folder.writeArray(
    "a.npy",
    "i32",
    Int32Array.from({ length: 32 }, (_, i) => i),
  );
  await folder.write("twice.cc", kernel);
});
afterAll(() => folder.remove());

const trace = (...argv: readonly string[]) => runInProcess(["trace", ...argv], { cwd: folder.path });

const kernel = `#include <aie_api/aie.hpp>
extern "C" void twice(const int32_t *in, int32_t *out) {
  event0();
  aie::vector<int32_t, 16> v = aie::load_v<16>(in);
  aie::store_v(out, aie::add(v, v));
  event1();
}
`;

interface Parts {
  /** Bytes of %trace that the shim's BD has. */
  readonly traceBytes?: number;
  readonly flowId?: number;
  readonly argIndex?: number;
  readonly flows?: string;
}

/** Registers of the shim and of tile (0,2), by their addresses in the tile. */
const write = (row: number, address: number, value: number): string =>
  `aiex.npu.write32 {address = ${address} : ui32, column = 0 : i32, row = ${row} : i32, value = ${value} : ui32}`;

const zeroFields = [
  ...["buffer_offset", "burst_length", "column", "enable_packet", "iteration_current", "iteration_size"],
  ...["iteration_stride", "lock_acq_enable", "lock_acq_id", "lock_acq_val", "lock_rel_id", "lock_rel_val", "next_bd"],
  ...["out_of_order_id", "packet_id", "packet_type", "row", "use_next_bd"],
  ...["d0", "d1", "d2"].flatMap((d) => ["size", "stride", "zero_after", "zero_before"].map((what) => `${d}_${what}`)),
];
const writeBd = (words: number): string =>
  `aiex.npu.writebd {bd_id = 15 : i32, buffer_length = ${words} : i32, valid_bd = 1 : i32, ${zeroFields.map((name) => `${name} = 0 : i32`).join(", ")}}`;

/** Two units of tile (0,2) that start by broadcast 15 and stop by 14, which user events of the shim make. */
function tracedDesign({ traceBytes = 1024, flowId = 1, argIndex = 2, flows }: Parts = {}): string {
  const flow = (id: number, port: number): string => `
    aie.packet_flow(${id}) {
      aie.packet_source<%c, Trace : ${port}>
      aie.packet_dest<%s, DMA : 1>
    } {keep_pkt_header = true}`;
  const declarations = `func.func private @twice(memref<16xi32>, memref<16xi32>) attributes {link_with = "twice.o"}
    aie.trace @core_trace(%c) {
      aie.trace.mode "Event-Time"
      aie.trace.packet id=1 type=core
      aie.trace.event<"INSTR_EVENT_0">
      aie.trace.event<"INSTR_EVENT_1">
      aie.trace.event<"LOCK_STALL">
      aie.trace.start event=<"BROADCAST_15">
      aie.trace.stop event=<"BROADCAST_14">
    }
    aie.trace @memory_trace(%c) {
      aie.trace.packet id=2 type=mem
      aie.trace.event<"DMA_S2MM_0_FINISHED_BD">
      aie.trace.event<"DMA_MM2S_0_STALLED_LOCK">
      aie.trace.start event=<"BROADCAST_15">
      aie.trace.stop event=<"BROADCAST_14">
    }${flows ?? flow(flowId, 0) + flow(2, 1)}`;
  const sequence = `aie.trace.start_config @core_trace
      aie.trace.start_config @memory_trace
      ${write(2, 0x34000, 122 << 8)}
      ${write(2, 0x14000, 122 << 8)}
      ${writeBd(traceBytes / 4)}
      aiex.npu.address_patch {addr = ${0x1d004 + 15 * 0x20} : ui32, arg_idx = ${argIndex} : i32, arg_plus = 0 : i32}
      ${write(0, 0x1d20c, 15)}
      ${write(0, 0x3404c, 127)}
      ${write(0, 0x34008, 127)}
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 32][0, 0, 0, 1]) {id = 0 : i64, metadata = @in} : memref<32xi32>
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 32][0, 0, 0, 1]) {id = 1 : i64, metadata = @out, issue_token = true} : memref<32xi32>
      aiex.npu.dma_wait {symbol = @out}
      ${write(0, 0x34048, 126)}
      ${write(0, 0x34008, 126)}`;
  const work = "func.call @twice(%ei, %eo) : (memref<16xi32>, memref<16xi32>) -> ()";
  const text = oneCoreDesign({ declarations, work, sequence });
  return text.replace("%b: memref<32xi32>)", "%b: memref<32xi32>, %trace: memref<256xi32>)");
}

const files = ["--kernel", "twice.cc", "--in", "a.npy", "--out", "b=b.npy", "--out", "trace=t.npy"];

test("sim writes the packets of two trace units to their argument, and trace reads what --trace has of the run", {
  timeout: 60_000,
}, async () => {
  await folder.write("traced.mlir", tracedDesign());

  const run = await folder.sim("traced.mlir", ...files, "--trace", "own.json");
  const read = await trace("t.npy", "--design", "traced.mlir", "--out", "packets.json", "--json");

  expect([run.code, read.code]).toEqual([0, 0]);
  expect(run.stderr).not.toContain("trace unit");
  expect([...(await folder.read("b.npy"))]).toEqual(Array.from({ length: 32 }, (_, i) => 2 * i));
  const { units, silent, problems, columnShift } = JSON.parse(read.stdout);
  expect([silent, problems, columnShift]).toEqual([[], [], 0]);
  const unitOf = (name: string) => units.find(({ module }: { module: string }) => module === name);
  const [core, memory] = [unitOf("core"), unitOf("memory")];
  // A load, an add and a store between the events, of which the load of 64 bytes and the store of 64 take 2 cycles.
  expect(core.kernel).toEqual({ calls: 2, least: 2, median: 2, most: 2 });
  expect(memory.events[0]).toMatchObject({ name: "DMA_S2MM_0_FINISHED_BD", times: 2 });

  const slices = async (file: string, thread: string) => {
    const { traceEvents } = JSON.parse(await readFile(join(folder.path, file), "utf8"));
    const { tid } = traceEvents.find((event: TraceEvent) => event.ph === "M" && event.args.name === thread);
    return traceEvents.filter((event: TraceEvent) => event.ph === "X" && event.tid === tid) as TraceEvent[];
  };
  // The units' timer begins where they start, in the first wait; of a wait that lasts only the packets have something.
  const own = (await slices("own.json", "DMA MM2S 0 of tile (0,2)")).filter(({ cat }) => cat === "stall");
  const waits = await slices("packets.json", "memory (0,2) 1 DMA_MM2S_0_STALLED_LOCK");
  expect(waits.length).toBe(3);
  expect(waits.slice(1, -1).map(({ args }) => args)).toEqual(own.slice(1).map(({ args }) => args));
  const kernels = (await slices("own.json", "core (0,2)")).filter(({ cat }) => cat === "work");
  const marks = await slices("packets.json", "core (0,2) 1 INSTR_EVENT_1");
  const cycles = (from: TraceEvent, to: TraceEvent): number => Math.round((to.ts - from.ts) * megahertz);
  // Half of what a call costs comes behind its work, in the first call as in the second.
  expect(cycles(marks[0]!, marks[1]!)).toBe(
    cycles(kernels[0]!, kernels[1]!) + kernels[1]!.args.cycles! - kernels[0]!.args.cycles!,
  );
});

/** The clock of an npu1 array, in cycles a microsecond. */
const megahertz = 1024;

interface TraceEvent {
  readonly ph: string;
  readonly tid: number;
  readonly cat: string;
  readonly ts: number;
  readonly args: { readonly name?: string; readonly cycles?: number };
}

test("a declared trace needs no more than host_config: flows, buffer, timers, start and stop are made for it", {
  timeout: 60_000,
}, async () => {
  const written = tracedDesign();
  const declared = written
    .replaceAll('event=<"BROADCAST_15">', "broadcast=15")
    .replaceAll('event=<"BROADCAST_14">', "broadcast=14")
    .replaceAll(/\n +aie\.packet_flow\(\d\) \{[^}]*\} \{keep_pkt_header = true\}/g, "")
    .replaceAll(/\n +aiex\.npu\.(write32|writebd|address_patch) \{.*/g, "")
    .replace(
      "aie.trace.start_config",
      "aie.trace.host_config buffer_size = 1024 arg_idx = 2\n      aie.trace.start_config",
    );
  expect(declared).not.toMatch(/packet_flow|writebd|write32/);
  await folder.write("written.mlir", written);
  await folder.write("declared.mlir", declared);

  const traces = [];
  for (const design of ["written.mlir", "declared.mlir"]) {
    const run = await folder.sim(design, ...files);
    expect(run.stderr).not.toMatch(/trace/);
    const { stdout } = await trace("t.npy", "--design", design, "--json");
    traces.push(JSON.parse(stdout).units);
  }

  // What the shim's own timer and the channel's control take puts the start of the transfers two records later in one of them.
  const counts = traces.map((units: Unit[]) =>
    units.map(({ module, kernel, events }) => [module, kernel, events.map(({ name, times }) => `${name} ${times}`)]),
  );
  expect(counts[1]).toEqual(counts[0]);
  expect(counts[0]).toContainEqual(["core", expect.objectContaining({ calls: 2 }), expect.anything()]);
});

interface Unit {
  readonly module: string;
  readonly kernel: unknown;
  readonly events: readonly { readonly name: string; readonly times: number }[];
}

test.each<[string, Parts, number, RegExp]>([
  [
    "an id that its flow does not have",
    { flowId: 5 },
    0,
    /^warning: trace unit core of \(0,2\): 1 packet was not taken: no flow from its port has packet id 1, flows have 5/m,
  ],
  [
    "a BD for one packet",
    { traceBytes: 32 },
    0,
    /^warning: trace unit (core|memory) of \(0,2\): 1 packet was not taken: DMA S2MM 1 of tile \(0,0\) took 32 bytes and has no more room/m,
  ],
  [
    "no flow at all",
    { flows: "" },
    5,
    /output %trace was never written[\s\S]*trace unit core of \(0,2\) is set up, and no flow leads from its port Trace : 0 to a DMA/,
  ],
  [
    "an argument that the sequence lacks",
    { argIndex: 4 },
    4,
    /the instruction stream uses argument 4, the sequence has 3 argument[\s\S]*a trace's buffer, names an argument \(arg_idx\)/,
  ],
  [
    "a BD beyond the argument",
    { traceBytes: 2048 },
    5,
    /writes bytes 0\.\.2047 of host argument 2, which has 1024 bytes/,
  ],
])("sim tells %s", { timeout: 60_000 }, async (_what, parts, code, message) => {
  await folder.write("wrong.mlir", tracedDesign(parts));

  const run = await folder.sim("wrong.mlir", ...files);

  expect(run.stderr).toMatch(message);
  expect(run.code).toBe(code);
});
