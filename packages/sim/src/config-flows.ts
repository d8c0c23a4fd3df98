import type { Operation, Value } from "@aiekit/mlir";
import type { FlowConfig } from "./array-config.ts";
import type { ChannelPlace } from "./dma-channel.ts";
import { type TileCoord, tileName } from "./fault.ts";
import { badOp, needInt, needText, operand } from "./ir-read.ts";

/** A port of a stream switch, or of the shim mux in front of it. */
interface Port {
  readonly tile: TileCoord;
  readonly bundle: string;
  readonly channel: number;
}

type Tiles = ReadonlyMap<Value, TileCoord>;

/**
 * The ways from DMA to DMA: `aie.flow`, `aie.packet_flow`, and circuits traced through `aie.switchbox` and `aie.shim_mux`
 * where the design is routed. Flows of trace and control ports are left out: nothing of them is simulated.
 */
export function readFlows(ops: readonly Operation[], tiles: Tiles): FlowConfig[] {
  const sinksOf = new Map<string, { source: ChannelPlace; sinks: ChannelPlace[]; packetId: number | undefined }>();
  const add = (from: Port, to: Port, packetId: number | undefined): void => {
    if (from.bundle !== "DMA" || to.bundle !== "DMA") return;
    const source: ChannelPlace = { tile: from.tile, direction: "MM2S", channel: from.channel };
    const sink: ChannelPlace = { tile: to.tile, direction: "S2MM", channel: to.channel };
    const key = `${tileName(source.tile)}:${source.channel}:${packetId}`;
    const flow = sinksOf.get(key) ?? { source, sinks: [], packetId };
    sinksOf.set(key, flow);
    const known = flow.sinks.some((s) => tileName(s.tile) === tileName(sink.tile) && s.channel === sink.channel);
    if (!known) flow.sinks.push(sink);
  };
  for (const op of ops) {
    if (op.name === "aie.flow") add(flowEnd(op, 0, "source", tiles), flowEnd(op, 1, "dest", tiles), undefined);
    else if (op.name === "aie.packet_flow") addPacketFlow(op, tiles, add);
  }
  const connections = readConnections(ops, tiles);
  for (const from of dmaSources(connections)) {
    for (const to of trace(from, connections)) add(from, to, undefined);
  }
  for (const flow of sinksOf.values()) flow.sinks.sort(byPlace);
  return [...sinksOf.values()];
}

/** One order of a broadcast's ends, however they were found. */
function byPlace(a: ChannelPlace, b: ChannelPlace): number {
  return a.tile.col - b.tile.col || a.tile.row - b.tile.row || a.channel - b.channel;
}

function flowEnd(op: Operation, index: number, end: "source" | "dest", tiles: Tiles): Port {
  return {
    tile: tileAt(op, index, tiles),
    bundle: needText(op, `${end}_bundle`),
    channel: needInt(op, `${end}_channel`),
  };
}

function addPacketFlow(op: Operation, tiles: Tiles, add: (from: Port, to: Port, packetId: number) => void): void {
  const inner = op.regions[0]?.blocks[0]?.ops ?? [];
  const ends = (name: string): Port[] =>
    inner
      .filter((end) => end.name === name)
      .map((end) => ({
        tile: tileAt(end, 0, tiles),
        bundle: needText(end, "bundle"),
        channel: needInt(end, "channel"),
      }));
  for (const from of ends("aie.packet_source")) {
    for (const to of ends("aie.packet_dest")) {
      if (from.bundle === "DMA" && to.bundle === "DMA" && op.flag("keep_pkt_header")) {
        throw badOp(op, "packet headers kept at a DMA are not simulated", "leave keep_pkt_header out");
      }
      add(from, to, needInt(op, "ID"));
    }
  }
}

function tileAt(op: Operation, index: number, tiles: Tiles): TileCoord {
  const tile = tiles.get(operand(op, index));
  if (!tile) throw badOp(op, `expected a tile as operand ${index}`);
  return tile;
}

/** Connected ports by the port where words enter; the shim mux is a switch of its own in front of the shim's. */
type Connections = ReadonlyMap<string, { readonly from: Port; readonly to: Port[] }>;

const portKey = (port: Port, box: "switch" | "mux"): string =>
  `${box} ${tileName(port.tile)} ${port.bundle} ${port.channel}`;

function readConnections(ops: readonly Operation[], tiles: Tiles): Connections {
  const connections = new Map<string, { from: Port; to: Port[] }>();
  for (const box of ops) {
    if (box.name !== "aie.switchbox" && box.name !== "aie.shim_mux") continue;
    const tile = tileAt(box, 0, tiles);
    for (const op of box.regions[0]?.blocks[0]?.ops ?? []) {
      if (op.name !== "aie.connect") continue;
      const from = { tile, bundle: needText(op, "source_bundle"), channel: needInt(op, "source_channel") };
      const to = { tile, bundle: needText(op, "dest_bundle"), channel: needInt(op, "dest_channel") };
      const key = portKey(from, box.name === "aie.shim_mux" ? "mux" : "switch");
      const entry = connections.get(key) ?? { from, to: [] };
      connections.set(key, entry);
      entry.to.push(to);
    }
  }
  return connections;
}

function dmaSources(connections: Connections): Port[] {
  return [...connections.values()].map((entry) => entry.from).filter((port) => port.bundle === "DMA");
}

/** DMA ports that words from a DMA port reach. */
function trace(source: Port, connections: Connections): Port[] {
  const reached: Port[] = [];
  const seen = new Set<string>();
  const open: { port: Port; box: "switch" | "mux" }[] = [
    { port: source, box: source.tile.row === 0 ? "mux" : "switch" },
  ];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const key = portKey(at.port, at.box);
    if (seen.has(key)) continue;
    seen.add(key);
    for (const exit of connections.get(key)?.to ?? []) {
      if (exit.bundle === "DMA") reached.push(exit);
      else open.push(enteredFrom(exit, at.box));
    }
  }
  return reached;
}

/** The port by which words that leave through `exit` enter the next switch. */
function enteredFrom(exit: Port, box: "switch" | "mux"): { port: Port; box: "switch" | "mux" } {
  const { tile, bundle, channel } = exit;
  const { col, row } = tile;
  if (box === "mux") return { port: { tile, bundle: "South", channel }, box: "switch" };
  if (row === 0 && bundle === "South") return { port: { tile, bundle: "North", channel }, box: "mux" };
  const moves: Readonly<Record<string, readonly [dCol: number, dRow: number, entry: string]>> = {
    North: [0, 1, "South"],
    South: [0, -1, "North"],
    East: [1, 0, "West"],
    West: [-1, 0, "East"],
  };
  const [dCol, dRow, entry] = moves[bundle] ?? [0, 0, bundle];
  return { port: { tile: { col: col + dCol, row: row + dRow }, bundle: entry, channel }, box: "switch" };
}
