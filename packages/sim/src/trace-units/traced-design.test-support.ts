import {
  deviceModel,
  eventNumber,
  parseModule,
  printModule,
  routeFlows,
  type TraceModule,
  traceRegisterOffset,
} from "@aiekit/mlir";
import { decodeTxn, type TxnOp } from "@aiekit/xclbin";
import type { AieArrayOptions } from "../array-options.ts";
import { arrayOf, bytesOf, callK, coreDesign, insts, sync, transfer, words16 } from "../lowered-design.test-support.ts";
import type { RunReport } from "../run-report.ts";
import { traceUnitSettings } from "../trace-packets/unit-settings.ts";
import { assemble, markingKernel } from "../wasm-assembler.test-support.ts";

/** How a unit of tile (0,2), or of the shim, is set up, as the compiler's writes have it. */
export interface UnitSetup {
  readonly module: TraceModule;
  readonly packetId: number;
  readonly slots: readonly string[];
  /** Its start event; broadcast 15 when left out. */
  readonly start?: string;
  readonly stop?: string;
  readonly mode?: number;
}

const rowOf = { core: 2, memory: 2, memtile: 1, shim: 0 };
const typeOf = { core: 0, memory: 1, shim: 2, memtile: 3 };

const write = (row: number, offset: number, value: number): TxnOp => ({
  op: "write32",
  address: (row << 20) + offset,
  value: value >>> 0,
});

/** Writes of the registers of a unit, and of its timer, which its start event resets. */
export function setUp({ module, packetId, slots, mode = 0, ...events }: UnitSetup): TxnOp[] {
  const number = (name: string): number => eventNumber(module, name);
  const start = number(events.start ?? (module === "shim" ? "USER_EVENT_1" : "BROADCAST_15"));
  const stop = number(events.stop ?? (module === "shim" ? "USER_EVENT_0" : "BROADCAST_14"));
  const words = [slots.slice(0, 4), slots.slice(4)].map((four) =>
    four.reduce((word, name, i) => word + number(name) * 2 ** (8 * i), 0),
  );
  const row = rowOf[module];
  const at = (name: string): number => traceRegisterOffset(module, name);
  return [
    write(row, at("Trace_Control0"), mode + (start << 16) + stop * 2 ** 24),
    write(row, at("Trace_Control1"), packetId + (typeOf[module] << 12)),
    write(row, at("Trace_Event0"), words[0]!),
    write(row, at("Trace_Event1"), words[1]!),
    write(row, at("Trace_Control0") - 0xd0, start << 8),
  ];
}

/** The shim makes user event 1, broadcast 15, or 0, broadcast 14, so that all units start, or stop. */
export function broadcastBy(user: 0 | 1): TxnOp[] {
  const event = eventNumber("shim", `USER_EVENT_${user}`);
  return [write(0, 0x34010 + 4 * (14 + user), event), write(0, 0x34008, event)];
}

export const packetFlow = (id: number, source: string, keepHeader = true): string => `
    aie.packet_flow(${id}) {
      aie.packet_source<%${source}>
      aie.packet_dest<%shim, DMA : 1>
    } {keep_pkt_header = ${keepHeader}}`;

export interface TracedRun {
  readonly units: readonly UnitSetup[];
  /** Flows of the packets. */
  readonly flows?: string;
  /** Writes before the start. */
  readonly before?: readonly TxnOp[];
  readonly isStopped?: boolean;
  /** Words of the BD for the trace, and of the host's buffer. */
  readonly traceWords?: number;
  readonly hostWords?: number;
  readonly options?: AieArrayOptions;
  readonly work?: string;
  /** The design's flows are routed through the switches. */
  readonly isRouted?: boolean;
  /** False: the kernel counts nothing of what it does. */
  readonly isCounted?: boolean;
}

/** The design with its switches, and without the flows that led to them. */
function routed(text: string): string {
  const printed = printModule(routeFlows(parseModule(text, "design.mlir")));
  return printed.replaceAll(/aie\.packet_flow\(\d+\) \{[^}]*\}( \{[^}]*\})?/g, "");
}

/** Work of a kernel between its two events. */
export const markedCycles = 100;
export const objects = 4;

/**
 * Sends four objects through a core that calls a kernel, which marks its events around 100 cycles, and traces that: BD 15 of the shim
 * takes the packets into host argument 2.
 */
export async function runTraced(run: TracedRun) {
  const { units, before = [], isStopped = true, traceWords = 1024, hostWords = traceWords, options, work } = run;
  const flows = run.flows ?? packetFlow(1, "tile, Trace : 0") + packetFlow(2, "tile, Trace : 1");
  const text = coreDesign({ ...words16, declarations: words16.declarations + flows, work: work ?? callK(16, 0) });
  const functions = markingKernel(markedCycles).slice(0, run.isCounted === false ? 1 : 2);
  // Memory that threads can share has a maximum.
  const module = assemble({ functions, globals: 1, events: true, memory: { minimum: 1, maximum: 1 } });
  const array = arrayOf(run.isRouted ? routed(text) : text, { "0,2": module }, options);
  const ops = [
    ...units.flatMap(setUp),
    ...before,
    ...transfer({ direction: "S2MM", channel: 1, bd: 15, argIndex: 2, lengthWords: traceWords }),
    ...broadcastBy(1),
    ...transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 16 * objects }),
    ...transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 16 * objects }),
    sync("S2MM"),
    ...(isStopped ? broadcastBy(0) : []),
  ];
  const words = new Uint32Array(hostWords);
  const [input, output] = [new Int32Array(16 * objects), new Int32Array(16 * objects)];
  const stream = insts(ops);
  const launch = (): Promise<RunReport> =>
    array.run({ insts: stream, buffers: [bytesOf(input), bytesOf(output), bytesOf(words)] });
  const report = await launch();
  const settings = traceUnitSettings(deviceModel("npu1_1col"), decodeTxn(stream).ops);
  return { report, words, settings, array, launch };
}
