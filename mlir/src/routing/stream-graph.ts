import { type DeviceModel, tileKind } from "../device-model/device-model.ts";
import type { TileCoord } from "../device-model/neighbours.ts";
import { type Bundle, bundles, switchPorts } from "../device-model/ports.ts";
import { canConnect, type StreamPort } from "./switch-connections.ts";

/** A port at its switch. */
export interface PlacedPort extends StreamPort, TileCoord {}

/**
 * One line that carries a stream: out of a switch (`master`), into a switch (`slave`), or both between neighbours.
 * Lines with no master bring a stream in from a DMA, a core, ...; lines with no slave end at one.
 */
export interface Wire {
  readonly index: number;
  readonly master: PlacedPort | undefined;
  readonly slave: PlacedPort | undefined;
}

/** All lines of an array, and where the switch behind each line can send its words. */
export interface StreamGraph {
  readonly device: DeviceModel;
  readonly wires: readonly Wire[];
  /** For each wire, the wires that its switch can drive from it, in a fixed order. */
  readonly next: readonly (readonly number[])[];
  wireFrom(master: PlacedPort): Wire | undefined;
  wireInto(slave: PlacedPort): Wire | undefined;
}

const graphs = new Map<string, StreamGraph>();

/** The stream network of a device; made once for each device name. */
export function streamGraph(device: DeviceModel): StreamGraph {
  const known = graphs.get(device.name);
  if (known) return known;
  const graph = buildGraph(device);
  graphs.set(device.name, graph);
  return graph;
}

/** The neighbour that a compass port leads to, and the side on which its stream arrives there. */
const steps: Partial<Record<Bundle, { readonly right: number; readonly up: number; readonly arrives: Bundle }>> = {
  South: { right: 0, up: -1, arrives: "North" },
  West: { right: -1, up: 0, arrives: "East" },
  North: { right: 0, up: 1, arrives: "South" },
  East: { right: 1, up: 0, arrives: "West" },
};

function buildGraph(device: DeviceModel): StreamGraph {
  const wires: Wire[] = [];
  const bySlave = new Map<string, Wire>();
  const byMaster = new Map<string, Wire>();
  const mastersOfTile = new Map<string, Wire[]>();
  const add = (master: PlacedPort | undefined, slave: PlacedPort | undefined): void => {
    const wire = { index: wires.length, master, slave };
    wires.push(wire);
    if (slave) bySlave.set(portKey(slave), wire);
    if (!master) return;
    byMaster.set(portKey(master), wire);
    const place = `${master.col},${master.row}`;
    mastersOfTile.set(place, [...(mastersOfTile.get(place) ?? []), wire]);
  };
  for (const master of ports(device, "masters")) add(master, farEnd(device, master));
  for (const slave of ports(device, "slaves")) if (!bySlave.has(portKey(slave))) add(undefined, slave);
  const next = wires.map(({ slave }) =>
    slave === undefined
      ? []
      : (mastersOfTile.get(`${slave.col},${slave.row}`) ?? [])
          .filter((wire) => wire.master !== undefined && canConnect(device, slave, slave, wire.master))
          .map((wire) => wire.index),
  );
  return {
    device,
    wires,
    next,
    wireFrom: (master) => byMaster.get(portKey(master)),
    wireInto: (slave) => bySlave.get(portKey(slave)),
  };
}

function ports(device: DeviceModel, side: "masters" | "slaves"): PlacedPort[] {
  const found: PlacedPort[] = [];
  for (let col = 0; col < device.columns; col++) {
    for (let row = 0; row < device.rows; row++) {
      for (const bundle of bundles) {
        const count = switchPorts(device, col, row, bundle)[side];
        for (let channel = 0; channel < count; channel++) found.push({ col, row, bundle, channel });
      }
    }
  }
  return found;
}

/** The slave port of the neighbour that a compass master drives; undefined where the stream leaves the network. */
function farEnd(device: DeviceModel, { col, row, bundle, channel }: PlacedPort): PlacedPort | undefined {
  const step = steps[bundle];
  if (step === undefined) return undefined;
  const to = { col: col + step.right, row: row + step.up };
  if (tileKind(device, to.col, to.row) === undefined) return undefined;
  if (channel >= switchPorts(device, to.col, to.row, step.arrives).slaves) return undefined;
  return { ...to, bundle: step.arrives, channel };
}

function portKey({ col, row, bundle, channel }: PlacedPort): string {
  return `${col},${row},${bundle},${channel}`;
}
