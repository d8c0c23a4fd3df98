import type { Operation } from "../ir/operation.ts";

/** What the sequence of a device does, an operation a line: tile and register, or what it names. Numbers are hexadecimal. */
export function sequenceSteps(device: readonly Operation[]): string[] {
  const sequence = device.find((op) => op.name === "aie.runtime_sequence")!;
  return sequence.regions[0]!.entry.ops.map((op) => {
    const n = (key: string): string => (op.int(key) ?? 0).toString(16);
    if (op.name === "aiex.npu.writebd")
      return `bd ${n("bd_id")} ${n("buffer_length")} words, burst ${n("burst_length")}`;
    if (op.name === "aiex.npu.address_patch") return `patch ${n("addr")} ${n("arg_idx")} + ${n("arg_plus")}`;
    const mask = op.name === "aiex.npu.maskwrite32" ? ` mask ${n("mask")}` : "";
    return `(${n("column")},${n("row")}) ${n("address")} = ${n("value")}${mask}`;
  });
}

/** Flows from trace ports: `1: Trace 0 of (0,2) to DMA 1 of (0,0)`. */
export function traceFlows(device: readonly Operation[]): string[] {
  return device.flatMap((op) => {
    const ends = op.name === "aie.packet_flow" ? op.regions[0]!.entry.ops.slice(0, 2) : [];
    const [from, to] = ends.map((end) => {
      const tile = end.operands[0]!.definingOp!;
      return `${end.text("bundle")} ${end.int("channel")} of (${tile.int("col")},${tile.int("row")})`;
    });
    if (!from?.startsWith("Trace")) return [];
    return [`${op.int("ID")}: ${from} to ${to}${op.flag("keep_pkt_header") ? ", headers kept" : ""}`];
  });
}
