import { deviceModel, eventNumber, traceRegisterOffset } from "@aiekit/mlir";
import { decodeTxn, type TxnOp } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { arrayOf, bytesOf, inAndOut, insts, sync, transfer } from "../lowered-design.test-support.ts";
import { type HardwareTrace, hardwareTrace } from "../trace-packets/hardware-trace.ts";
import { traceUnitSettings } from "../trace-packets/unit-settings.ts";
import { TraceRecorder, type TraceSlice } from "../trace-recorder.ts";
import {
  broadcastBy,
  markedCycles,
  objects,
  packetFlow,
  runTraced,
  setUp,
  type TracedRun,
  type UnitSetup,
} from "./traced-design.test-support.ts";

const core: UnitSetup = {
  ...{ module: "core", packetId: 1 },
  slots: ["INSTR_EVENT_0", "INSTR_EVENT_1", "LOCK_STALL", "ACTIVE", "INSTR_LOCK_ACQUIRE_REQ", "INSTR_LOCK_RELEASE_REQ"],
};
const memory: UnitSetup = {
  ...{ module: "memory", packetId: 2 },
  slots: [
    ...["DMA_S2MM_0_FINISHED_BD", "DMA_MM2S_0_FINISHED_BD", "DMA_MM2S_0_STALLED_LOCK", "DMA_S2MM_0_STALLED_LOCK"],
    ...["DMA_S2MM_0_STREAM_STARVATION", "LOCK_SEL0_ACQ_GE", "LOCK_SEL1_ACQ_GE", "LOCK_1_REL"],
  ],
};

const circuit = "aie.flow(%tile, Trace : 0, %shim, DMA : 1)";

async function traced(run: TracedRun) {
  const recorder = new TraceRecorder();
  const { report, words, settings } = await runTraced({ ...run, options: { ...run.options, trace: recorder } });
  return { report, recorder, words, found: hardwareTrace(words, settings, 0) };
}

const selectPorts = (value: number): TxnOp => ({ op: "write32", address: (2 << 20) + 0x3ff00, value });

/** Intervals of an event in the packets. */
function intervals({ trace }: HardwareTrace, event: string): [number, number][] {
  const found = trace.slices.filter(({ track }) => track.endsWith(` ${event}`));
  return found.map(({ start, end }) => [start, end]);
}

const launchCycles = 8000;
const recordCycles = 20;

/** Cycle of the array in which the start event comes: the record of the sequence that makes user event 1. */
const startedAt = (setUps: number): number => launchCycles + recordCycles * (5 * setUps + 4);

/** What the recorder has of a track between start and stop, on the units' timer. */
function recorded(recorder: TraceRecorder, from: number, to: number, is: (slice: TraceSlice) => boolean) {
  return recorder.slices
    .filter(is)
    .map(({ start, end }) => [Math.max(start - from, 1), Math.min(end, to) - from] as [number, number])
    .filter(([start, end]) => end > start)
    .sort((a, b) => a[0] - b[0]);
}

test("stalls, BDs and kernels in the packets are those of the simulator's own recorder, cycle by cycle", async () => {
  const { report, recorder, found } = await traced({ units: [core, memory] });
  const from = startedAt(2);
  const to = launchCycles + report.cycles;
  const on = (track: string, stall: boolean) => (slice: TraceSlice) => slice.track === track && slice.stall === stall;
  const own = (track: string, stall: boolean) => recorded(recorder, from, to, on(track, stall));

  expect([report.warnings, found.problems, found.silent]).toEqual([[], [], []]);
  // The wait that lasts has no end in the recorder.
  expect(intervals(found, "LOCK_STALL").slice(0, -1)).toEqual(own("core (0,2)", true));
  expect(intervals(found, "LOCK_STALL").at(-1)![1]).toBe(to - from);
  expect(intervals(found, "DMA_S2MM_0_STALLED_LOCK")).toEqual(own("DMA S2MM 0 of tile (0,2)", true));
  expect(intervals(found, "DMA_MM2S_0_STALLED_LOCK").slice(0, -1)).toEqual(own("DMA MM2S 0 of tile (0,2)", true));
  for (const direction of ["S2MM", "MM2S"]) {
    const ends = own(`DMA ${direction} 0 of tile (0,2)`, false).map(([, end]) => [end, end + 1]);
    expect(ends).toHaveLength(objects);
    expect(intervals(found, `DMA_${direction}_0_FINISHED_BD`)).toEqual(ends);
  }
  const kernels = recorded(recorder, from, to, ({ name }) => name === "k");
  expect(kernels).toHaveLength(objects);
  // A call ends what the core does in one go: half of what calls cost comes behind the work.
  expect(intervals(found, "INSTR_EVENT_1").map(([at]) => at)).toEqual(kernels.map(([, end]) => end - 20));
  expect(intervals(found, "INSTR_EVENT_0").map(([at]) => at)).toEqual(
    kernels.map(([, end]) => end - 20 - markedCycles),
  );
  expect(found.units[0]!.kernel).toMatchObject({ calls: objects, least: markedCycles, most: markedCycles });
  expect(intervals(found, "ACTIVE")).toEqual([[1, to - from]]);
});

test("lock events are of the locks that the selection registers name", async () => {
  const select: TxnOp = { op: "write32", address: (2 << 20) + 0x1f104, value: 3 };
  const plain = await traced({ units: [memory] });
  const selected = await traced({ units: [memory], before: [select] });

  // Lock 0 counts free objects of the first fifo, which its DMA takes; lock 3 filled ones of the second, which its DMA sends.
  expect(intervals(plain.found, "LOCK_SEL1_ACQ_GE")).toEqual(intervals(plain.found, "LOCK_SEL0_ACQ_GE"));
  expect(intervals(plain.found, "LOCK_SEL0_ACQ_GE")).toHaveLength(objects);
  expect(intervals(selected.found, "LOCK_SEL1_ACQ_GE").map(([at]) => at)).toEqual(
    intervals(selected.found, "DMA_MM2S_0_STALLED_LOCK")
      .slice(0, objects)
      .map(([, end]) => end),
  );
  expect(intervals(selected.found, "LOCK_1_REL")).toHaveLength(objects);
});

test("ports of the switch run while their words move, are stalled before, and end with TLAST", async () => {
  // Master 1 is DMA S2MM 0, slave 1 DMA MM2S 0.
  const select = selectPorts(0x2100 + 1);
  const slots = ["PORT_RUNNING_0", "PORT_STALLED_0", "PORT_TLAST_0", "PORT_IDLE_1", "PORT_RUNNING_1", "PORT_TLAST_1"];
  const { found, recorder, report } = await traced({ units: [{ ...core, slots }], before: [select] });
  const from = startedAt(1) + recordCycles;
  const to = launchCycles + report.cycles;

  expect(report.warnings).toEqual([]);
  for (const [port, track] of [
    [0, "DMA MM2S 0 of tile (0,2)"],
    [1, "DMA S2MM 0 of tile (0,2)"],
  ] as const) {
    const bds = recorded(recorder, from, to, (slice) => slice.track === track && !slice.stall);
    const running = intervals(found, `PORT_RUNNING_${port}`);
    expect(running.map(([start, end]) => end - start)).toEqual([16, 16, 16, 16]);
    expect(running.map(([, end]) => end)).toEqual(bds.map(([, end]) => end));
    expect(intervals(found, `PORT_TLAST_${port}`)).toEqual(running.map(([, end]) => [end, end + 1]));
  }
  expect(intervals(found, "PORT_STALLED_0")).toEqual([]);
  const [idle, running] = ["PORT_IDLE_1", "PORT_RUNNING_1"].map((event) => intervals(found, event));
  expect(idle!.slice(0, -1).map(([, end]) => end)).toEqual(running!.map(([start]) => start));
});

test("combinations and edges are made of the events that the simulator knows", async () => {
  const at = (name: string): number => (2 << 20) + traceRegisterOffset("core", name);
  const stall = eventNumber("core", "LOCK_STALL");
  const before: TxnOp[] = [
    // ACTIVE and not LOCK_STALL; rising and falling edges of LOCK_STALL.
    { op: "write32", address: at("Combo_event_inputs"), value: eventNumber("core", "ACTIVE") + (stall << 8) },
    { op: "write32", address: at("Combo_event_control"), value: 1 },
    { op: "write32", address: at("Edge_Detection_event_control"), value: stall + (3 << 9) },
  ];
  const slots = ["COMBO_EVENT_0", "EDGE_DETECTION_EVENT_0", "LOCK_STALL"];
  const { found, report } = await traced({ units: [{ ...core, slots }], before });

  expect(report.warnings).toEqual([]);
  const stalls = intervals(found, "LOCK_STALL");
  const edges = stalls.flat().slice(1, -1);
  expect(intervals(found, "EDGE_DETECTION_EVENT_0").map(([start]) => start)).toEqual(edges);
  expect(intervals(found, "COMBO_EVENT_0")).toEqual(stalls.slice(0, -1).map(([, end], i) => [end, stalls[i + 1]![0]]));
});

test("a shim's unit starts and stops by the user events of its own module", async () => {
  const shim: UnitSetup = { module: "shim", packetId: 3, slots: ["DMA_S2MM_0_START_TASK", "DMA_S2MM_0_FINISHED_TASK"] };
  const { found, report } = await traced({ units: [shim], flows: packetFlow(3, "shim, Trace : 0") });

  expect([report.warnings, found.problems]).toEqual([[], []]);
  // The task of the output is pushed three records behind the start.
  expect(intervals(found, "DMA_S2MM_0_START_TASK").map(([at]) => at)).toEqual([recordCycles * 3]);
  expect(intervals(found, "DMA_S2MM_0_FINISHED_TASK")).toHaveLength(1);
});

/** Words of a shim by a memtile, which has one buffer and starts channels 0 or 1, and back. */
const relay = (channel: number): string => `module { aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %memtile = aie.tile(0, 1)
    %buffer = aie.buffer(%memtile) {address = 0 : i32, sym_name = "relayed"} : memref<32xi32>
    %free = aie.lock(%memtile, 4) {init = 1 : i32}
    %filled = aie.lock(%memtile, 5) {init = 0 : i32}
    aie.flow(%shim, DMA : 0, %memtile, DMA : ${channel})
    aie.flow(%memtile, DMA : ${channel}, %shim, DMA : 0)
    ${packetFlow(4, "memtile, Trace : 0")}
    aie.memtile_dma(%memtile) {
      %0 = aie.dma_start(S2MM, ${channel}, ^in, ^second)
    ^in:
      aie.use_lock(%free, AcquireGreaterEqual, 1)
      aie.dma_bd(%buffer : memref<32xi32>, 0, 32)
      aie.use_lock(%filled, Release, 1)
      aie.next_bd ^in
    ^second:
      %1 = aie.dma_start(MM2S, ${channel}, ^out, ^end)
    ^out:
      aie.use_lock(%filled, AcquireGreaterEqual, 1)
      aie.dma_bd(%buffer : memref<32xi32>, 0, 32)
      aie.use_lock(%free, Release, 1)
      aie.next_bd ^out
    ^end:
      aie.end
    }
  } }`;

test("a memtile's unit sees the channels, locks and ports that its registers select", async () => {
  const slots = [
    ...["DMA_S2MM_SEL0_FINISHED_BD", "DMA_MM2S_SEL1_STALLED_LOCK", "LOCK_SEL2_REL", "PORT_RUNNING_3"],
    "DMA_S2MM_SEL1_STREAM_STARVATION",
  ];
  const writes = (channel: number): TxnOp[] => [
    ...setUp({ module: "memtile", packetId: 4, slots }),
    { op: "write32", address: (1 << 20) + 0xa06a0, value: channel + ((1 - channel) << 8) + channel * 2 ** 24 },
    { op: "write32", address: (1 << 20) + 0xc0408, value: 5 },
    // Master 0 or 1 of the switch: DMA S2MM 0 or 1.
    { op: "write32", address: (1 << 20) + 0xb0f00, value: (0x20 + channel) * 2 ** 24 },
  ];
  for (const channel of [0, 1]) {
    const recorder = new TraceRecorder();
    const stream = insts(
      writes(channel),
      transfer({ direction: "S2MM", channel: 1, bd: 15, argIndex: 2, lengthWords: 256 }),
      broadcastBy(1),
      transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 64 }),
      transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 64 }),
      sync("S2MM"),
      broadcastBy(0),
    );
    const words = new Uint32Array(256);
    const buffers = [new Int32Array(64), new Int32Array(64), words].map(bytesOf);
    const array = arrayOf(relay(channel), {}, { trace: recorder });

    const { warnings } = await array.run({ insts: stream, buffers });

    expect(warnings).toEqual([]);
    const found = hardwareTrace(words, traceUnitSettings(deviceModel("npu1_1col"), decodeTxn(stream).ops), 0);
    expect(found.problems).toEqual([]);
    const from = launchCycles + recordCycles * (5 + 3 + 3 + 1);
    const own = recorder.slices.filter(({ track }) => track === `DMA S2MM ${channel} of tile (0,1)`);
    const ends = own.filter(({ stall }) => !stall).map(({ end }) => end - from);
    expect(ends).toHaveLength(2);
    expect(intervals(found, "DMA_S2MM_SEL0_FINISHED_BD").map(([at]) => at)).toEqual(ends);
    // Channel 0 has waited for words before the other channel was selected.
    expect(intervals(found, "DMA_S2MM_SEL1_STREAM_STARVATION")).toEqual([]);
    expect(intervals(found, "LOCK_SEL2_REL").map(([at]) => at)).toEqual(ends);
    expect(intervals(found, "PORT_RUNNING_3")).toEqual(ends.map((end) => [end - 32, end]));
    expect(
      intervals(found, "DMA_MM2S_SEL1_STALLED_LOCK")
        .map(([, end]) => end)
        .slice(0, 2),
    ).toEqual(ends);
  }
});

test("a circuit carries the packets of one unit, headers included", async () => {
  const alone = await traced({ units: [core], flows: circuit });
  const packets = await traced({ units: [core] });

  expect(alone.report.warnings).toEqual([]);
  expect(alone.words).toEqual(packets.words);
});

test("packets go by the switches that the router set as they do by flows, those of a shim's own unit as well", async () => {
  const shim: UnitSetup = { module: "shim", packetId: 3, slots: ["DMA_S2MM_0_FINISHED_TASK", "PORT_RUNNING_0"] };
  const flows = ["tile, Trace : 0", "tile, Trace : 1", "shim, Trace : 0"]
    .map((from, i) => packetFlow(i + 1, from))
    .join("");
  const units = [core, memory, shim];

  const plain = await traced({ units, flows });
  const routed = await traced({ units, flows, isRouted: true });

  expect(routed.report.warnings).toEqual(plain.report.warnings);
  expect([routed.found.problems, routed.found.silent]).toEqual([[], []]);
  expect(routed.found.units).toEqual(plain.found.units);
});

test("packets go by the rules of switches that the design sets itself", async () => {
  const ways = (id: number) => `
    %memtile = aie.tile(0, 1)
    aie.switchbox(%tile) {
      %0 = aie.amsel<0> (0)
      %1 = aie.masterset(South : 0, %0)
      aie.packet_rules(Trace : 0) { aie.rule(31, ${id}, %0) }
    }
    aie.switchbox(%memtile) {
      aie.connect<North : 0, South : 0>
    }
    aie.switchbox(%shim) {
      %0 = aie.amsel<0> (0)
      %1 = aie.masterset(South : 3, %0) {keep_pkt_header = true}
      aie.packet_rules(North : 0) { aie.rule(31, 1, %0) }
    }
    aie.shim_mux(%shim) {
      aie.connect<North : 3, DMA : 1>
    }`;
  const right = await traced({ units: [core], flows: ways(1) });
  const flow = await traced({ units: [core] });

  expect(right.report.warnings).toEqual([]);
  expect(right.words).toEqual(flow.words);
  const { report } = await runTraced({ units: [core], flows: ways(4) });
  expect(report.warnings).toContainEqual(
    expect.stringMatching(
      /^trace unit core of \(0,2\) is set up, and no flow leads from its port Trace : 0 to a DMA, /,
    ),
  );
});

test("launches of a traced array are not played from a tape, and each starts and stops its units again", async () => {
  for (const flows of [undefined, circuit]) {
    const { array, launch, words, settings } = await runTraced({
      units: [core],
      ...(flows !== undefined && { flows }),
    });
    for (let i = 0; i < 3; i++) expect((await launch()).warnings).toEqual([]);

    expect(array.playedLaunches).toBe(0);
    const found = hardwareTrace(words, settings, 0);
    expect(found.problems).toEqual([]);
    expect(found.units[0]!.events[0]).toMatchObject({ name: "INSTR_EVENT_0", times: 4 * objects });
    expect(words.filter((word) => word === 0xf000_0000)).toHaveLength(4);
  }
  // Behind a BD that is full the array is at rest, as tapes need it, while the unit goes on.
  const slots = ["INSTR_EVENT_0", "INSTR_EVENT_1", "LOCK_STALL"];
  const { array } = await runTraced({ units: [{ ...core, slots }], traceWords: 8, isStopped: false, flows: circuit });
  const plain = inAndOut(new Int32Array(64), new Int32Array(64));
  const launch = { insts: decodeTxn(plain.insts), buffers: plain.buffers };
  for (let i = 0; i < 4; i++) await array.run(launch);
  expect(array.playedLaunches).toBe(0);
});

test("the fifth BD for packets, while none is full, is dropped with a warning, and the packets of its launch come all the same", async () => {
  const { launch, words, settings } = await runTraced({ units: [core], traceWords: 2048 });
  for (let i = 0; i < 3; i++) await launch();

  const { warnings } = await launch();

  expect(warnings).toEqual([
    expect.stringMatching(
      /^DMA S2MM 1 of tile \(0,0\) holds 4 BDs for trace packets that are not full: hardware drops BD 15/,
    ),
  ]);
  const { units } = hardwareTrace(words, settings, 0);
  expect(units[0]!.events[0]).toMatchObject({ name: "INSTR_EVENT_0", times: 5 * objects });
});

test("a traced array leaves results and modelled cycles as they are, with threads as well", async () => {
  const traced = await runTraced({ units: [core, memory] });
  const without = await runTraced({ units: [core, memory], flows: " " });
  const options = { threads: 2, threadedFromUs: 0, takesCalls: false };
  const threads = await runTraced({ units: [core, memory], options });
  const uncounted = await runTraced({ units: [core], isCounted: false });
  const elsewhere = await runTraced({ units: [core], isCounted: false, options });

  expect(traced.report.cycles).toBe(without.report.cycles);
  expect(threads.report.cycles).toBe(traced.report.cycles);
  for (let i = 0; i < 3; i++) for (const { launch } of [traced, threads]) await launch();
  expect(threads.words).toEqual(traced.words);
  // What the tiles did is worked out when somebody reads it: for each launch it would take a tenth of its time.
  expect(Object.getOwnPropertyDescriptor(without.report, "tiles")?.get).toBeTypeOf("function");
  expect(elsewhere.words).toEqual(uncounted.words);
  for (const { array } of [threads, elsewhere]) array.close();
});

test("a kernel that counts nothing has its events spread over its call", async () => {
  const { found } = await traced({ units: [core], isCounted: false });
  const [begin, end] = ["INSTR_EVENT_0", "INSTR_EVENT_1"].map((event) => intervals(found, event).map(([at]) => at));

  expect(begin).toHaveLength(objects);
  // 128 bytes of arguments at 32 a cycle: 4 cycles, of which each third begins with an event or the end.
  expect(end!.map((at, i) => at - begin![i]!)).toEqual([1, 1, 1, 1]);
});

test("a checked array hears a kernel's events once a call", async () => {
  const { found } = await traced({ units: [core], options: { checked: true } });

  expect(intervals(found, "INSTR_EVENT_0")).toHaveLength(objects);
});
