import type { Operation } from "@aiekit/mlir";
import { type TileCoord, tileName } from "./fault.ts";
import { needInt, needText, operand } from "./ir-read.ts";

/** A port of a stream switch, or of the shim mux in front of it. */
export interface SwitchPort {
  readonly tile: TileCoord;
  readonly bundle: string;
  readonly channel: number;
}

/** The shim mux is a switch of its own in front of the shim's. */
export type Box = "switch" | "mux";

/** Where one port's packets go whose id fits: `id & mask` is `value`. */
interface PacketRule {
  readonly mask: number;
  readonly value: number;
  readonly exits: readonly { readonly port: SwitchPort; readonly keepHeader: boolean }[];
}

/** What the switches of a routed design do with words that enter by a port. */
interface Switches {
  readonly circuits: ReadonlyMap<string, readonly SwitchPort[]>;
  /** In the order of their slots: the first that fits decides. */
  readonly packets: ReadonlyMap<string, readonly PacketRule[]>;
  /** Ports of DMA channels, cores and trace units by which words enter the switches. */
  readonly sources: readonly SwitchPort[];
}

/** Reads every `aie.switchbox` and `aie.shim_mux`. */
export function readSwitches(ops: readonly Operation[], tileOf: (op: Operation) => TileCoord): Switches {
  const circuits = new Map<string, SwitchPort[]>();
  const packets = new Map<string, PacketRule[]>();
  const entries = new Map<string, SwitchPort>();
  for (const box of ops) {
    if (box.name !== "aie.switchbox" && box.name !== "aie.shim_mux") continue;
    const kind: Box = box.name === "aie.shim_mux" ? "mux" : "switch";
    const tile = tileOf(box);
    const inside = box.regions[0]?.blocks[0]?.ops ?? [];
    for (const op of inside) {
      if (op.name !== "aie.connect" && op.name !== "aie.packet_rules") continue;
      const from = { tile, bundle: needText(op, "source_bundle"), channel: needInt(op, "source_channel") };
      const key = portKey(from, kind);
      entries.set(key, from);
      if (op.name === "aie.connect") {
        const to = { tile, bundle: needText(op, "dest_bundle"), channel: needInt(op, "dest_channel") };
        circuits.set(key, [...(circuits.get(key) ?? []), to]);
      } else {
        packets.set(key, [...(packets.get(key) ?? []), ...readRules(op, { tile, inside })]);
      }
    }
  }
  const sources = [...entries].filter(([, port]) => ["DMA", "Core", "Trace"].includes(port.bundle));
  return { circuits, packets, sources: sources.map(([, port]) => port) };
}

/** Ends that a circuit from `source` reaches. */
export function traceCircuit(source: SwitchPort, { circuits }: Switches): SwitchPort[] {
  return walk(source, (key) => (circuits.get(key) ?? []).map((port) => ({ port, keepHeader: true }))).map(
    (end) => end.port,
  );
}

/** Ends that packets of one id from `source` reach, and whether their header does. */
export function tracePacket(source: SwitchPort, packetId: number, switches: Switches): PacketRule["exits"] {
  return walk(source, (key) => {
    const circuit = switches.circuits.get(key)?.map((port) => ({ port, keepHeader: true }));
    const rule = switches.packets.get(key)?.find(({ mask, value }) => (packetId & mask) === value);
    return circuit ?? rule?.exits ?? [];
  });
}

/** A port by which words enter (`slave`) or leave (`master`) a switch or the shim mux. */
export interface PassedPort extends SwitchPort {
  readonly box: Box;
  readonly side: "slave" | "master";
}

/** Every port that words of `source` pass on their way; `packetId` undefined for words that are no packets. */
export function portsOnWay(source: SwitchPort, packetId: number | undefined, switches: Switches): PassedPort[] {
  const passed: PassedPort[] = [];
  walk(source, (key, { port, box }) => {
    const circuit = switches.circuits.get(key)?.map((to) => ({ port: to, keepHeader: true }));
    const rule = switches.packets
      .get(key)
      ?.find(({ mask, value }) => packetId !== undefined && (packetId & mask) === value);
    const exits = circuit ?? rule?.exits ?? [];
    if (exits.length > 0) passed.push({ ...port, box, side: "slave" });
    for (const exit of exits) passed.push({ ...exit.port, box, side: "master" });
    return exits;
  });
  return passed;
}

/** True when the first switch that words of `source` come to looks at packets. */
export function walksPackets(source: SwitchPort, { circuits, packets }: Switches): boolean {
  let found = false;
  walk(source, (key) => {
    found ||= packets.has(key);
    return (circuits.get(key) ?? []).map((port) => ({ port, keepHeader: true }));
  });
  return found;
}

function readRules(
  rules: Operation,
  { tile, inside }: { tile: TileCoord; inside: readonly Operation[] },
): PacketRule[] {
  const masters = inside.filter((op) => op.name === "aie.masterset");
  return (rules.regions[0]?.blocks[0]?.ops ?? []).flatMap((rule): PacketRule[] => {
    if (rule.name !== "aie.rule") return [];
    const select = operand(rule, 0);
    const exits = masters
      .filter((master) => master.operands.includes(select))
      .map((master) => ({
        port: { tile, bundle: needText(master, "dest_bundle"), channel: needInt(master, "dest_channel") },
        keepHeader: keepsHeader(master, tile),
      }));
    return [{ mask: needInt(rule, "mask"), value: needInt(rule, "value"), exits }];
  });
}

/** Headers are dropped in front of DMAs; what leaves a shim's switch to the south goes to its DMA. */
function keepsHeader(master: Operation, tile: TileCoord): boolean {
  const bundle = needText(master, "dest_bundle");
  if (master.attributes.has("keep_pkt_header")) return master.flag("keep_pkt_header");
  return bundle !== "DMA" && !(bundle === "South" && tile.row === 0);
}

const portKey = (port: SwitchPort, box: Box): string => `${box} ${tileName(port.tile)} ${port.bundle} ${port.channel}`;

/** Follows words from port to port until they reach a DMA channel or a core. */
function walk(
  source: SwitchPort,
  exitsOf: (key: string, at: { readonly port: SwitchPort; readonly box: Box }) => PacketRule["exits"],
): PacketRule["exits"][number][] {
  const reached: PacketRule["exits"][number][] = [];
  const seen = new Set<string>();
  const start: Box = source.tile.row === 0 && source.bundle === "DMA" ? "mux" : "switch";
  const open = [{ port: source, box: start, keepHeader: true }];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const key = portKey(at.port, at.box);
    if (seen.has(key)) continue;
    seen.add(key);
    for (const exit of exitsOf(key, at)) {
      const { bundle } = exit.port;
      const keepHeader = at.keepHeader && exit.keepHeader;
      if (bundle === "DMA" || bundle === "Core") reached.push({ port: exit.port, keepHeader });
      else open.push({ ...enteredFrom(exit.port, at.box), keepHeader });
    }
  }
  return reached;
}

/** The port by which words that leave through `exit` enter the next switch. */
function enteredFrom(exit: SwitchPort, box: Box): { port: SwitchPort; box: Box } {
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
