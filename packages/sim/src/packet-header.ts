import type { TileCoord } from "@aiekit/mlir";

/** Type and id that a BD gives to its packets. */
export interface PacketInfo {
  readonly id: number;
  readonly type: number;
}

/**
 * Header word of a packet: id in bits 0..4, type in 12..14, row in 16..20 and column in 21..27 of the tile that sends it,
 * and in bit 31 what makes the number of ones odd.   Source: AM020, stream switch, packet-switched streams.
 */
export function packetHeader(packet: PacketInfo, from: TileCoord): number {
  const fields = packet.id | (packet.type << 12) | (from.row << 16) | (from.col << 21);
  return (ones(fields) % 2 === 0 ? fields | 0x8000_0000 : fields) >>> 0;
}

function ones(word: number): number {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) count++;
  return count;
}
