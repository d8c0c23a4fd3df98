import type { Operation } from "../../ir/operation.ts";
import type { Check } from "../check.ts";

/** `packet = <pkt_type = T, pkt_id = I>`: 3 and 5 bits. Source: AM020, packet header. */
export function checkPacket(op: Operation, check: Check): void {
  const packet = op.attributes.get("packet");
  if (packet?.kind !== "packet-info") return;
  if (packet.packetType > 7) check.error("Packet type field can only hold 3 bits.");
  if (packet.packetId > 31) check.error("Packet ID field can only hold 5 bits.");
}

/** aie.dma_bd_packet: fields of a BD, which has one header. */
export function warnOfBdPacket(op: Operation, check: Check): void {
  const [type, id] = [op.int("packet_type") ?? 0, op.int("packet_id") ?? 0];
  if (type > 7) check.warning(`packet type ${type} does not fit its field of 3 bits`, { beyondLimit: true });
  if (id > 31) check.warning(`packet id ${id} does not fit its field of 5 bits`, { beyondLimit: true });
  const [first] = op.parent?.ops.filter(({ name }) => name === op.name) ?? [];
  if (first === undefined || first === op) return;
  check.warning(`a BD has one packet header, and its block has id ${first.int("packet_id")} before this id ${id}`, {
    hint: "give each packet a BD of its own, or leave one of the two out",
  });
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
