import type { TxnOp } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { packetFlow, runTraced, type TracedRun, type UnitSetup } from "./traced-design.test-support.ts";

const core: UnitSetup = {
  ...{ module: "core", packetId: 1 },
  slots: ["INSTR_EVENT_0", "INSTR_EVENT_1", "LOCK_STALL", "ACTIVE", "INSTR_LOCK_ACQUIRE_REQ", "INSTR_LOCK_RELEASE_REQ"],
};
const selectPorts = (value: number): TxnOp => ({ op: "write32", address: (2 << 20) + 0x3ff00, value });

test.each<[string, Partial<TracedRun>, RegExp]>([
  [
    "no flow",
    { flows: packetFlow(2, "tile, Trace : 1") },
    /^trace unit core of \(0,2\) is set up, and no flow leads from its port Trace : 0 to a DMA, .*; add aie\.packet_flow\(1\) from there/,
  ],
  [
    "a flow of another id",
    { flows: packetFlow(7, "tile, Trace : 0") },
    /^trace unit core of \(0,2\): \d packets were not taken: no flow from its port has packet id 1, flows have 7; give/,
  ],
  [
    "a flow that drops headers",
    { flows: packetFlow(1, "tile, Trace : 0", false) },
    /^trace unit core of \(0,2\): its flow drops the packets' headers, which readers need; set keep_pkt_header = true$/,
  ],
  [
    "a buffer of two packets",
    { traceWords: 16 },
    /^trace unit core of \(0,2\): 2 packets were not taken: DMA S2MM 1 of tile \(0,0\) took 64 bytes and has no more room; make/,
  ],
  [
    "a channel that takes other words as well",
    { flows: packetFlow(1, "tile, Trace : 0").replace("DMA : 1", "DMA : 0") },
    /^trace unit core of \(0,2\): its packets come to DMA S2MM 0 of tile \(0,0\), and words of DMA MM2S 0 of tile \(0,2\) as well;/,
  ],
  [
    "a port between the ends of a flow",
    { units: [{ ...core, slots: ["PORT_RUNNING_0", "PORT_RUNNING_1"] }], before: [selectPorts(0x2d01)] },
    /^trace unit core of \(0,2\): the simulator does not know PORT_RUNNING_1: nothing of it is in the trace$/,
  ],
  [
    "no stop",
    { isStopped: false },
    /^trace unit core of \(0,2\): it was not stopped \(stop event BROADCAST_14\), so that the last \d words stay in it; let/,
  ],
  [
    "a start event that does not happen, by the number of a broadcast",
    { units: [{ ...core, start: "GROUP_PC_EVENT" }] },
    /^trace unit core of \(0,2\): it never started: its start event is 15 \(GROUP_PC_EVENT\), .*; BROADCAST_15 has the number 122/,
  ],
  [
    "events that depend on what is not modelled",
    { units: [{ ...core, slots: ["INSTR_VECTOR", "LOCK_STALL", "MEMORY_STALL"] }] },
    /^trace unit core of \(0,2\): the simulator does not know INSTR_VECTOR, MEMORY_STALL: nothing of them is in the trace$/,
  ],
  [
    "a mode without times",
    { units: [{ ...core, mode: 1 }] },
    /^trace unit core of \(0,2\): mode event-PC is not simulated, nothing is sent; set Event-Time$/,
  ],
])("told in a warning: %s", async (_what, run, message) => {
  const { report } = await runTraced({ units: [core], ...run });

  expect(report.warnings.filter((text) => message.test(text))).toHaveLength(1);
});

test("a BD that is larger than the host's buffer is a fault that names the argument", async () => {
  await expect(runTraced({ units: [core], traceWords: 64, hostWords: 32 })).rejects.toThrow(
    /writes bytes 0\.\.255 of host argument 2, which has 128 bytes/,
  );
});
