import type { Operation, Value } from "@aiekit/mlir";
import type { FlowConfig, PortPlace, TraceFlowConfig } from "./array-config.ts";
import { type TileCoord, tileName } from "./fault.ts";
import { badOp, needInt, needText, operand } from "./ir-read.ts";
import { readSwitches, type SwitchPort, traceCircuit, tracePacket, walksPackets } from "./switch-trace.ts";

type Tiles = ReadonlyMap<Value, TileCoord>;

/** Ids that a packet can have. */
const packetIds = 32;

/**
 * The ways between DMA channels and stream ports of cores: `aie.flow` and `aie.packet_flow`, and where the design is routed
 * what leads through its `aie.switchbox` and `aie.shim_mux`. A packet flow counts only where no switch carries its packets:
 * routing leaves the operation standing. `traces` begin at trace units. Ports of control are left out: nothing of them is simulated.
 */
export function readFlows(
  ops: readonly Operation[],
  tiles: Tiles,
): { readonly flows: readonly FlowConfig[]; readonly traces: readonly TraceFlowConfig[] } {
  const flows = new Flows();
  const switches = readSwitches(ops, (op) => tileAt(op, 0, tiles));
  const routed = new Set<string>();
  for (const from of switches.sources) {
    for (const to of traceCircuit(from, switches)) flows.add({ from, to, packetId: undefined, keepHeader: true });
    if (!walksPackets(from, switches)) continue;
    routed.add(endKey(from));
    for (let packetId = 0; packetId < packetIds; packetId++) {
      for (const { port, keepHeader } of tracePacket(from, packetId, switches)) {
        flows.add({ from, to: port, packetId, keepHeader });
      }
    }
  }
  for (const op of ops) {
    if (op.name === "aie.flow") {
      const [from, to] = [flowEnd(op, 0, "source", tiles), flowEnd(op, 1, "dest", tiles)];
      flows.add({ from, to, packetId: undefined, keepHeader: true });
    } else if (op.name === "aie.packet_flow") {
      for (const flow of packetFlow(op, tiles)) if (!routed.has(endKey(flow.from))) flows.add(flow);
    }
  }
  return flows.sorted();
}

interface Way {
  readonly from: SwitchPort;
  readonly to: SwitchPort;
  readonly packetId: number | undefined;
  readonly keepHeader: boolean;
}

/** A flow whose sinks are being collected. */
interface OpenFlow<Source> {
  readonly source: Source;
  readonly sinks: (PortPlace & { readonly keepHeader: boolean })[];
  readonly packetId: number | undefined;
}

class Flows {
  readonly #flows = new Map<string, OpenFlow<PortPlace>>();
  readonly #traces = new Map<string, OpenFlow<TraceFlowConfig["source"]>>();

  add({ from, to, packetId, keepHeader }: Way): void {
    const source = portPlace(from, "MM2S");
    const sink = portPlace(to, "S2MM");
    if (sink === undefined) return;
    const key = `${endKey(from)}:${packetId}`;
    if (from.bundle === "Trace") {
      const { tile, channel } = from;
      this.#addTo(this.#traces, key, { source: { tile, channel }, packetId }, { ...sink, keepHeader });
    } else if (source !== undefined) this.#addTo(this.#flows, key, { source, packetId }, { ...sink, keepHeader });
  }

  #addTo<Source>(
    flows: Map<string, OpenFlow<Source>>,
    key: string,
    begin: Omit<OpenFlow<Source>, "sinks">,
    sink: OpenFlow<Source>["sinks"][number],
  ): void {
    const flow = flows.get(key) ?? { ...begin, sinks: [] };
    flows.set(key, flow);
    const known = flow.sinks.some((s) => placeKey(s) === placeKey(sink));
    if (!known) flow.sinks.push(sink);
  }

  /** In one order, however the flows were found. */
  sorted(): { readonly flows: readonly FlowConfig[]; readonly traces: readonly TraceFlowConfig[] } {
    const [flows, traces] = [[...this.#flows.values()], [...this.#traces.values()]];
    for (const { sinks } of [...flows, ...traces]) sinks.sort(byPlace);
    flows.sort((a, b) => byPlace(a.source, b.source) || byId(a, b));
    return { flows, traces: traces.sort((a, b) => byTile(a.source, b.source) || byId(a, b)) };
  }
}

function portPlace(port: SwitchPort, direction: "MM2S" | "S2MM"): PortPlace | undefined {
  const { tile, bundle, channel } = port;
  return bundle === "DMA" || bundle === "Core" ? { tile, bundle, direction, channel } : undefined;
}

const endKey = (port: SwitchPort): string => `${tileName(port.tile)} ${port.bundle} ${port.channel}`;
const placeKey = (place: PortPlace): string => `${tileName(place.tile)} ${place.bundle} ${place.channel}`;

function byPlace(a: PortPlace, b: PortPlace): number {
  const bundles = a.bundle < b.bundle ? -1 : a.bundle > b.bundle ? 1 : 0;
  return a.tile.col - b.tile.col || a.tile.row - b.tile.row || bundles || a.channel - b.channel;
}

function byTile(a: TraceFlowConfig["source"], b: TraceFlowConfig["source"]): number {
  return a.tile.col - b.tile.col || a.tile.row - b.tile.row || a.channel - b.channel;
}

function byId(a: { readonly packetId: number | undefined }, b: { readonly packetId: number | undefined }): number {
  return (a.packetId ?? -1) - (b.packetId ?? -1);
}

function flowEnd(op: Operation, index: number, end: "source" | "dest", tiles: Tiles): SwitchPort {
  return {
    tile: tileAt(op, index, tiles),
    bundle: needText(op, `${end}_bundle`),
    channel: needInt(op, `${end}_channel`),
  };
}

function packetFlow(op: Operation, tiles: Tiles): Way[] {
  const inner = op.regions[0]?.blocks[0]?.ops ?? [];
  const ends = (name: string): SwitchPort[] =>
    inner
      .filter((end) => end.name === name)
      .map((end) => ({
        tile: tileAt(end, 0, tiles),
        bundle: needText(end, "bundle"),
        channel: needInt(end, "channel"),
      }));
  const packetId = needInt(op, "ID");
  const keepHeader = op.flag("keep_pkt_header");
  return ends("aie.packet_source").flatMap((from) =>
    ends("aie.packet_dest").map((to) => ({ from, to, packetId, keepHeader })),
  );
}

function tileAt(op: Operation, index: number, tiles: Tiles): TileCoord {
  const tile = tiles.get(operand(op, index));
  if (!tile) throw badOp(op, `expected a tile as operand ${index}`);
  return tile;
}
