import type { Bundle } from "../device-model/ports.ts";
import { boolAttr, enumAttr, integerAttr, symbolAttr } from "../ir/attributes.ts";
import { Operation, type Region, type Value } from "../ir/operation.ts";
import { i8, i32, index } from "../ir/types.ts";
import { endOp, regionOf } from "./aie-ops.ts";
import type { TileHandle } from "./handles.ts";

/** Which packets go where. */
export interface PacketFlowOptions<Port> {
  readonly id: number;
  readonly from: Port;
  readonly to: readonly Port[];
  /** True: the header arrives too. DMAs and the shim's South ports drop it by default. */
  readonly keepHeader?: boolean;
  readonly isRoutedFirst?: boolean;
}

interface Port {
  readonly tile: Value;
  readonly bundle: Bundle;
  readonly channel: number;
}

export function packetFlowOp(flow: PacketFlowOptions<Port>): Operation {
  const port = (name: string, { tile, bundle, channel }: Port) =>
    new Operation(name, {
      operands: [tile],
      attributes: { bundle: enumAttr(bundle), channel: integerAttr(channel, i32) },
    });
  const dests = flow.to.map((dest) => port("aie.packet_dest", dest));
  return new Operation("aie.packet_flow", {
    attributes: {
      ID: integerAttr(flow.id, i8),
      keep_pkt_header: flow.keepHeader === undefined ? undefined : boolAttr(flow.keepHeader),
      priority_route: flow.isRoutedFirst === undefined ? undefined : boolAttr(flow.isRoutedFirst),
    },
    regions: [regionOf([port("aie.packet_source", flow.from), ...dests, endOp()])],
  });
}

export function cascadeFlowOp(from: Value, to: Value): Operation {
  return new Operation("aie.cascade_flow", { operands: [from, to] });
}

/** Where the objects of a fifo in shared memory lie. */
export function allocateOp(fifo: string, tile: Value): Operation {
  return new Operation("aie.objectfifo.allocate", {
    operands: [tile],
    attributes: { objFifo_name: symbolAttr(fifo) },
  });
}

export function dmaProgramOp(tile: TileHandle, body: Region): Operation {
  const name = { computeTile: "aie.mem", memtile: "aie.memtile_dma", shim: "aie.shim_dma" }[tile.kind];
  return new Operation(name, {
    operands: [tile.value],
    results: [index],
    resultNames: [`${name.slice("aie.".length)}_${tile.col}_${tile.row}`],
    regions: [body],
  });
}
