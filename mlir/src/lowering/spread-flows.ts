import { flowOp } from "../builder/aie-ops.ts";
import { packetFlowOp } from "../builder/fabric-ops.ts";
import type { Bundle } from "../device-model/ports.ts";
import type { Operation, Value } from "../ir/operation.ts";
import { appendToDevice, type Device, opsNamed, tileOperand } from "./device-ops.ts";

/**
 * Turns each `aiex.broadcast_packet` into a packet flow for each of its ids, and each `aiex.multicast` into a flow for each
 * of its destinations. Source: AIECreateBroadcastPacket, AIELowerMulticast.
 */
export function lowerSpreadFlows(device: Device): void {
  for (const broadcast of opsNamed(device, "aiex.broadcast_packet")) {
    for (const packet of innerOps(broadcast, "aiex.bp_id")) {
      const to = innerOps(packet, "aiex.bp_dest").map(portOf);
      appendToDevice(device, packetFlowOp({ id: packet.int("ID") ?? 0, from: portOf(broadcast), to }));
    }
    device.block.remove(broadcast);
  }
  for (const multicast of opsNamed(device, "aiex.multicast")) {
    const from = portOf(multicast);
    for (const to of innerOps(multicast, "aiex.multi_dest").map(portOf)) {
      const source = { source: from.tile, sourceBundle: from.bundle, sourceChannel: from.channel };
      const dest = { dest: to.tile, destBundle: to.bundle, destChannel: to.channel };
      appendToDevice(device, flowOp({ ...source, ...dest, loc: multicast.loc }));
    }
    device.block.remove(multicast);
  }
}

function innerOps(op: Operation, name: string): Operation[] {
  return (op.regions[0]?.entry.ops ?? []).filter((inner) => inner.name === name);
}

function portOf(op: Operation): { readonly tile: Value; readonly bundle: Bundle; readonly channel: number } {
  return { tile: tileOperand(op), bundle: (op.text("bundle") ?? "DMA") as Bundle, channel: op.int("channel") ?? 0 };
}
