import { DesignError } from "@aiekit/core";
import { tileKind } from "../device-model/device-model.ts";
import type { TileCoord } from "../device-model/neighbours.ts";
import { type Bundle, packetSwitch, shimMuxPorts } from "../device-model/ports.ts";
import type { Operation, Value } from "../ir/operation.ts";
import { coordOf, type Device, opsNamed, placeText } from "../lowering/device-ops.ts";
import { withLocation } from "../lowering/location.ts";
import { fifoNames } from "./fifo-names.ts";
import type { PlacedPort, StreamGraph, Wire } from "./stream-graph.ts";

/** Where a flow starts or ends as the design says it: a shim's DMA is not a port of its switch yet. */
export type FlowEnd = PlacedPort;

/** One source and everything its stream must reach. */
export interface Net {
  /** For messages: the fifo's name where known, and both ends. */
  readonly name: string;
  readonly from: FlowEnd;
  readonly to: readonly FlowEnd[];
  readonly source: Wire;
  readonly sinks: readonly Wire[];
  /** Undefined for a circuit-switched stream. */
  readonly packet:
    | { readonly id: number; readonly keepHeader: boolean | undefined; readonly isPriority: boolean }
    | undefined;
  readonly op: Operation;
}

/**
 * The streams a device asks for: `aie.flow`s of one source port are one circuit, every `aie.packet_flow` is one net.
 * @throws DesignError for ports that the tile does not have and ports that cannot be shared.
 */
export function readNets(device: Device, graph: StreamGraph): readonly Net[] {
  const names = fifoNames(device);
  const nets = [...circuits(device), ...packetStreams(device)].map((stream) =>
    withLocation(stream.op, () => bindNet(stream, graph, names)),
  );
  refuseSharedPins(nets);
  return nets;
}

interface Stream extends Pick<Net, "from" | "to" | "packet" | "op"> {}

function circuits(device: Device): Stream[] {
  const bySource = new Map<string, { op: Operation; from: FlowEnd; to: FlowEnd[] }>();
  for (const op of opsNamed(device, "aie.flow")) {
    const from = endOf(op.operands[0], op.text("source_bundle"), op.int("source_channel"));
    const to = endOf(op.operands[1], op.text("dest_bundle"), op.int("dest_channel"));
    const stream = bySource.get(endText(from)) ?? { op, from, to: [] };
    if (!stream.to.some((end) => endText(end) === endText(to))) stream.to.push(to);
    bySource.set(endText(from), stream);
  }
  return [...bySource.values()].map((stream) => ({ ...stream, packet: undefined }));
}

/** Packets with one id from one port are one stream, however many operations ask for it. */
function packetStreams(device: Device): Stream[] {
  const bySource = new Map<string, Stream & { readonly to: FlowEnd[] }>();
  for (const op of opsNamed(device, "aie.packet_flow")) {
    const [from] = packetEnds(op, "aie.packet_source");
    if (from === undefined) throw new DesignError("aie.packet_flow: expected an aie.packet_source, got none");
    const id = op.int("ID") ?? 0;
    const keepHeader = op.attributes.has("keep_pkt_header") ? op.flag("keep_pkt_header") : undefined;
    const key = `${id} ${endText(from)}`;
    const stream = bySource.get(key) ?? {
      op,
      from,
      to: [],
      packet: { id, keepHeader, isPriority: op.flag("priority_route") },
    };
    stream.to.push(...packetEnds(op, "aie.packet_dest"));
    bySource.set(key, stream);
  }
  return [...bySource.values()];
}

function packetEnds(op: Operation, name: string): FlowEnd[] {
  const ends = (op.regions[0]?.entry.ops ?? []).filter((end) => end.name === name);
  return ends.map((end) => endOf(end.operands[0], end.text("bundle"), end.int("channel")));
}

function endOf(tile: Value | undefined, bundle: string | undefined, channel: number | undefined): FlowEnd {
  if (tile === undefined) throw new DesignError("flow: expected a tile at both ends");
  return { ...coordOf(tile), bundle: (bundle ?? "DMA") as Bundle, channel: channel ?? 0 };
}

function bindNet(stream: Stream, graph: StreamGraph, names: ReadonlyMap<string, string>): Net {
  const { from, to, packet } = stream;
  const fifo = names.get(`MM2S ${endText(from)}`) ?? to.map((end) => names.get(`S2MM ${endText(end)}`)).find(Boolean);
  const what = packet === undefined ? "flow" : `packet flow ${packet.id}`;
  const name = `${fifo === undefined ? what : `${what} of @${fifo}`} ${endText(from)} -> ${to.map(endText).join(", ")}`;
  if (packet !== undefined && packet.id > packetSwitch.idMax) {
    throw new DesignError(`${name}: expected a packet id of at most ${packetSwitch.idMax}, got ${packet.id}`);
  }
  const source = graph.wireInto(switchEnd(graph, from, "MM2S"));
  if (source === undefined) throw noPort(name, from, "source");
  const sinks = to.map((end) => {
    if (isShimDma(graph, end) && isShimDma(graph, from) && placeText(end) === placeText(from)) {
      throw new DesignError(
        `${name}: expected the flow to enter the array, got both ends on the DMA of one shim tile`,
        {
          hint: "copy through a memtile: give the stream an objectFifo link on (col,1)",
        },
      );
    }
    const sink = graph.wireFrom(switchEnd(graph, end, "S2MM"));
    if (sink === undefined) throw noPort(name, end, "destination");
    return sink;
  });
  return { ...stream, name, source, sinks };
}

function isShimDma(graph: StreamGraph, end: FlowEnd): boolean {
  return end.bundle === "DMA" && tileKind(graph.device, end.col, end.row) === "shim";
}

/** The switch's own port behind an end. A shim's DMA channels come in and go out through South ports (the shim mux). */
export function switchEnd(graph: StreamGraph, end: FlowEnd, direction: "MM2S" | "S2MM"): PlacedPort {
  if (!isShimDma(graph, end)) return end;
  const channel = shimMuxPorts[direction][end.channel];
  // A channel that the shim does not have stays one that its switch does not have either.
  return channel === undefined ? end : { ...end, bundle: "South", channel };
}

function noPort(name: string, end: FlowEnd, role: string): DesignError {
  return new DesignError(`${name}: expected a ${role} port of ${placeText(end)}, got ${end.bundle} ${end.channel}`, {
    hint: "compute tiles and shims have DMA channels 0..1, memtiles 0..5; compass ports are counted per tile",
  });
}

/** A pin of a DMA or a core takes one circuit, or any number of packet streams. */
function refuseSharedPins(nets: readonly Net[]): void {
  const owner = new Map<Wire, Net>();
  for (const net of nets) {
    for (const pin of [net.source, ...net.sinks]) {
      const other = owner.get(pin);
      owner.set(pin, net);
      if (other === undefined || other === net) continue;
      if (other.packet !== undefined && net.packet !== undefined) continue;
      throw new DesignError(`${net.name}: expected a port of its own, got one that ${other.name} uses`, {
        hint: "give one of the two another DMA channel, or make both packet flows",
      });
    }
  }
}

/** `(0,2) DMA 1` */
function endText(end: TileCoord & { readonly bundle: string; readonly channel: number }): string {
  return `${placeText(end)} ${end.bundle} ${end.channel}`;
}
