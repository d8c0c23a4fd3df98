import type { Operation } from "../../ir/operation.ts";
import type { Check } from "../check.ts";

/** `packet = <pkt_type = T, pkt_id = I>`: 3 and 5 bits. Source: AM020, packet header. */
export function checkPacket(op: Operation, check: Check): void {
  const packet = op.attributes.get("packet");
  if (packet?.kind !== "packet-info") return;
  if (packet.packetType > 7) check.error("Packet type field can only hold 3 bits.");
  if (packet.packetId > 31) check.error("Packet ID field can only hold 5 bits.");
}

/** aie.packet_flow: one source, destinations, and nothing else. */
export function verifyPacketFlow(op: Operation, check: Check): void {
  const ops = op.regions[0]?.blocks.flatMap((block) => block.ops) ?? [];
  const sources = ops.filter(({ name }) => name === "aie.packet_source").length;
  for (const other of ops) {
    if (!["aie.packet_source", "aie.packet_dest", "aie.end"].includes(other.name)) {
      check.error("cannot be contained in a PacketFlow op", { at: other });
    }
  }
  if (sources !== 1) check.error(`must have exactly one aie.packet_source (got ${sources})`);
  if (!ops.some(({ name }) => name === "aie.packet_dest")) check.error("must have at least one aie.packet_dest");
}
