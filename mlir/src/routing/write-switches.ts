import { DesignError } from "@aiekit/core";
import { tileKind } from "../device-model/device-model.ts";
import type { TileCoord } from "../device-model/neighbours.ts";
import { type Attribute, boolAttr, enumAttr, integerAttr } from "../ir/attributes.ts";
import { Operation, Region, type Value } from "../ir/operation.ts";
import { i8, i32, index } from "../ir/types.ts";
import { appendToDevice, coordOf, type Device, opsNamed, placeText, tileOperand } from "../lowering/device-ops.ts";
import type { RouteTree } from "./negotiate.ts";
import { type FlowEnd, type Net, switchEnd } from "./nets.ts";
import { branches, type SwitchTables } from "./packet-routes.ts";
import type { Amsel, PacketTables } from "./packet-tables.ts";
import type { StreamGraph } from "./stream-graph.ts";
import type { StreamPort } from "./switch-connections.ts";

interface RoutedDevice {
  readonly device: Device;
  readonly graph: StreamGraph;
  readonly trees: ReadonlyMap<Net, RouteTree>;
  readonly tables: SwitchTables;
}

/** Writes routes into the device: switchboxes and shim muxes with tiles where they were missing, then the wires. */
export function writeSwitches(routed: RoutedDevice): void {
  const { device, graph, trees, tables } = routed;
  const keep = headersKept(trees);
  for (const [net, tree] of trees) {
    connectShimDmas(device, graph, net);
    if (net.packet !== undefined) continue;
    for (const [from, masters] of branches(tree)) {
      const slave = graph.wires[from]?.slave;
      if (slave === undefined) continue;
      const box = switchOn(device, "aie.switchbox", slave);
      for (const to of masters) connect(box, slave, graph.wires[to]?.master, net.op);
    }
  }
  for (const [place, table] of tables.tables) {
    const [col = 0, row = 0] = place.split(",").map(Number);
    writePackets(switchOn(device, "aie.switchbox", { col, row }), graph, { table, keep });
  }
  writeWires(device);
}

/** What each pin at the end of a packet flow does with headers. @throws DesignError when two flows disagree. */
function headersKept(trees: ReadonlyMap<Net, RouteTree>): ReadonlyMap<number, boolean> {
  const keep = new Map<number, { readonly net: Net; readonly keepHeader: boolean }>();
  for (const net of trees.keys()) {
    const keepHeader = net.packet?.keepHeader;
    if (keepHeader === undefined) continue;
    for (const { index: pin } of net.sinks) {
      const other = keep.get(pin);
      if (other !== undefined && other.keepHeader !== keepHeader) {
        throw new DesignError(`${net.name}: expected keep_pkt_header as in ${other.net.name}, got the opposite`, {
          hint: "a port keeps or drops the headers of all its packets",
        });
      }
      keep.set(pin, { net, keepHeader });
    }
  }
  return new Map([...keep].map(([pin, { keepHeader }]) => [pin, keepHeader]));
}

function connectShimDmas(device: Device, graph: StreamGraph, net: Net): void {
  const join = (end: FlowEnd, direction: "MM2S" | "S2MM"): void => {
    const port = switchEnd(graph, end, direction);
    if (port === end) return;
    const mux = switchOn(device, "aie.shim_mux", end);
    const muxPort = { bundle: "North", channel: port.channel } as const;
    if (direction === "MM2S") connect(mux, end, muxPort, net.op);
    else connect(mux, muxPort, end, net.op);
  };
  join(net.from, "MM2S");
  for (const end of net.to) join(end, "S2MM");
}

/** The switchbox or shim mux of a tile, made with its tile where there is none. */
function switchOn(device: Device, name: "aie.switchbox" | "aie.shim_mux", place: TileCoord): Operation {
  const known = find(device, name, place);
  if (known) return known;
  const tile = opsNamed(device, "aie.tile").find((op) => placeText(coordOf(op.result)) === placeText(place));
  const tileOp = tile ?? appendToDevice(device, makeTile(place));
  return appendToDevice(
    device,
    new Operation(name, { operands: [tileOp.result], results: [index], regions: [regionWithEnd()] }),
  );
}

function find(device: Device, name: string, place: TileCoord): Operation | undefined {
  return opsNamed(device, name).find((op) => placeText(coordOf(tileOperand(op))) === placeText(place));
}

function makeTile({ col, row }: TileCoord): Operation {
  return new Operation("aie.tile", {
    results: [index],
    attributes: { col: integerAttr(col, i32), row: integerAttr(row, i32) },
  });
}

function regionWithEnd(): Region {
  const region = new Region();
  region.entry.append(new Operation("aie.end"));
  return region;
}

/** Joins two ports; packet flows of one shim DMA channel share one connection in the mux. */
function connect(box: Operation, slave: StreamPort, master: StreamPort | undefined, flow: Operation): void {
  if (master === undefined) return;
  const isThere = (box.regions[0]?.entry.ops ?? []).some(
    (op) =>
      op.name === "aie.connect" &&
      op.text("source_bundle") === slave.bundle &&
      op.int("source_channel") === slave.channel &&
      op.text("dest_bundle") === master.bundle &&
      op.int("dest_channel") === master.channel,
  );
  const attributes = { ...portAttributes("source", slave), ...portAttributes("dest", master) };
  if (!isThere) insert(box, new Operation("aie.connect", { attributes, loc: flow.loc }));
}

function portAttributes(end: "source" | "dest", port: StreamPort): Record<string, Attribute> {
  return { [`${end}_bundle`]: enumAttr(port.bundle), [`${end}_channel`]: integerAttr(port.channel, i32) };
}

function insert(box: Operation, op: Operation): Operation {
  const block = box.regions[0]?.entry;
  const end = block?.ops.at(-1);
  if (block === undefined) return op;
  return end?.name === "aie.end" ? block.insertBefore(end, op) : block.append(op);
}

interface PacketSettings {
  readonly table: PacketTables;
  /** By the wire of a pin. */
  readonly keep: ReadonlyMap<number, boolean>;
}

function writePackets(box: Operation, graph: StreamGraph, { table, keep }: PacketSettings): void {
  const values = new Map<Amsel, Value>();
  const all = [...new Set([...table.masters.values()].flat())];
  for (const amsel of all.sort((a, b) => a.arbiter - b.arbiter || a.msel - b.msel)) {
    const attributes = { arbiterID: integerAttr(amsel.arbiter, i8), msel: integerAttr(amsel.msel, i8) };
    values.set(amsel, insert(box, new Operation("aie.amsel", { results: [index], attributes })).result);
  }
  const valuesOf = (amsels: readonly Amsel[]): Value[] => amsels.flatMap((amsel) => values.get(amsel) ?? []);
  for (const [wire, amsels] of [...table.masters].sort(([a], [b]) => a - b)) {
    const port = graph.wires[wire]?.master;
    const keepHeader = keep.get(wire);
    if (port === undefined) continue;
    const attributes = {
      ...portAttributes("dest", port),
      keep_pkt_header: keepHeader === undefined ? undefined : boolAttr(keepHeader),
    };
    insert(box, new Operation("aie.masterset", { operands: valuesOf(amsels), results: [index], attributes }));
  }
  for (const [wire, rules] of table.rules) {
    const port = graph.wires[wire]?.slave;
    if (port === undefined) continue;
    const region = new Region();
    for (const { mask, value, amsel } of rules) {
      const attributes = { mask: integerAttr(mask, i8), value: integerAttr(value, i8) };
      region.entry.append(new Operation("aie.rule", { operands: valuesOf([amsel]), attributes }));
    }
    region.entry.append(new Operation("aie.end"));
    insert(box, new Operation("aie.packet_rules", { regions: [region], attributes: portAttributes("source", port) }));
  }
}

/** What is joined to what: each switch to its neighbours west and south and to what stands on its tile. */
function writeWires(device: Device): void {
  for (let col = 0; col < device.model.columns; col++) {
    for (let row = 0; row < device.model.rows; row++) {
      const box = find(device, "aie.switchbox", { col, row });
      if (box === undefined) continue;
      const tile = tileOperand(box);
      const wire = (from: Value | undefined, fromBundle: string, to: Value, toBundle: string): void => {
        if (from === undefined) return;
        const attributes = { source_bundle: enumAttr(fromBundle), dest_bundle: enumAttr(toBundle) };
        appendToDevice(device, new Operation("aie.wire", { operands: [from, to], attributes }));
      };
      wire(find(device, "aie.switchbox", { col: col - 1, row })?.result, "East", box.result, "West");
      if (tileKind(device.model, col, row) === "shim") {
        const mux = find(device, "aie.shim_mux", { col, row });
        if (mux === undefined) continue;
        wire(mux.result, "North", box.result, "South");
        wire(tile, "DMA", mux.result, "DMA");
      } else {
        wire(tile, "Core", box.result, "Core");
        wire(tile, "DMA", box.result, "DMA");
        wire(find(device, "aie.switchbox", { col, row: row - 1 })?.result, "North", box.result, "South");
      }
    }
  }
}
