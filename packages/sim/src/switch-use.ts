import {
  type Bundle,
  bundles,
  type DeviceModel,
  type Operation,
  packetSwitch,
  switchPorts,
  tileModels,
  walk,
} from "@aiekit/mlir";
import type { ArrayConfig } from "./array-config.ts";
import { flowName } from "./design-links.ts";
import { type TileCoord, tileName } from "./fault.ts";
import { needInt, needText } from "./ir-read.ts";
import { loadArrayConfig } from "./load-array-config.ts";
import { changeOf, type Resource, type ResourceUse } from "./resource-use.ts";
import { type Box, type PassedPort, portsOnWay, readSwitches } from "./switch-trace.ts";

/** A port of a switch or mux, and whose words pass it. */
interface UsedPort extends PassedPort {
  readonly users: Set<string>;
}

/**
 * What the flows of a routed design take of each tile's stream switch: ports by bundle and side, and for packets arbiters, the
 * msels of each arbiter and the rules of each slave port; of a shim also the mux. By column, then row.
 */
export function switchUse(routed: Operation): ResourceUse[] {
  const config = loadArrayConfig(routed);
  const boxes = readBoxes(routed);
  const ports = usedPorts(config, boxes);
  const tiles = [...new Map(boxes.map(({ tile }) => [tileName(tile), tile])).values()];
  tiles.sort((a, b) => a.col - b.col || a.row - b.row);
  return tiles.flatMap((tile) => {
    const here = ports.filter((port) => tileName(port.tile) === tileName(tile));
    return [...muxUse(tile, here), ...portUse(config.device, tile, here), ...packetUse(boxes, tile, here)];
  });
}

interface SwitchBox {
  readonly box: Box;
  readonly tile: TileCoord;
  readonly op: Operation;
  readonly inside: readonly Operation[];
}

function readBoxes(routed: Operation): SwitchBox[] {
  const found: SwitchBox[] = [];
  walk(routed, (op) => {
    if (op.name !== "aie.switchbox" && op.name !== "aie.shim_mux") return;
    const tile = op.operands[0]!.definingOp!;
    const coord = { col: needInt(tile, "col"), row: needInt(tile, "row") };
    const box = op.name === "aie.shim_mux" ? "mux" : "switch";
    found.push({ box, tile: coord, op, inside: op.regions[0]?.blocks[0]?.ops ?? [] });
  });
  return found;
}

/** All ports that a connection or rule names. Those that no DMA or core sends through are of trace or control. */
function usedPorts(config: ArrayConfig, boxes: readonly SwitchBox[]): UsedPort[] {
  const ports = new Map<string, UsedPort>();
  const use = (port: PassedPort): UsedPort => {
    const key = `${port.box} ${tileName(port.tile)} ${port.side} ${port.bundle} ${port.channel}`;
    const known = ports.get(key) ?? { ...port, users: new Set<string>() };
    ports.set(key, known);
    return known;
  };
  const tileOf = (op: Operation): TileCoord => boxes.find((box) => box.op === op)!.tile;
  const switches = readSwitches(
    boxes.map(({ op }) => op),
    tileOf,
  );
  for (const { box, tile, inside } of boxes) {
    for (const op of inside) {
      const end = (side: "source" | "dest") => ({
        bundle: needText(op, `${side}_bundle`),
        channel: needInt(op, `${side}_channel`),
      });
      if (op.attributes.has("source_bundle")) use({ ...end("source"), tile, box, side: "slave" });
      if (op.attributes.has("dest_bundle")) use({ ...end("dest"), tile, box, side: "master" });
    }
  }
  for (const flow of config.flows) {
    const name = flowName(config, flow);
    for (const port of portsOnWay(flow.source, flow.packetId, switches)) use(port).users.add(name);
  }
  return [...ports.values()];
}

function row(parts: Pick<ResourceUse, "tile" | "resource" | "limit">, ports: readonly UsedPort[]): ResourceUse[] {
  if (ports.length === 0) return [];
  const takers = ports.map(({ bundle, channel, users }) => {
    return { name: `${[...users].join(" + ") || "trace or control"} (${bundle} ${channel})`, amount: 1 };
  });
  return [{ ...parts, used: ports.length, takers, change: changeOf(parts.resource, takers) }];
}

function muxUse(tile: TileCoord, ports: readonly UsedPort[]): ResourceUse[] {
  const mux = ports.filter(({ box, bundle }) => box === "mux" && bundle === "DMA");
  return (["S2MM", "MM2S"] as const).flatMap((direction) => {
    const side = direction === "S2MM" ? "master" : "slave";
    return row(
      { tile, resource: `shim mux ${direction}`, limit: tileModels.shim.dma.channels },
      mux.filter((port) => port.side === side),
    );
  });
}

function portUse(device: DeviceModel, tile: TileCoord, ports: readonly UsedPort[]): ResourceUse[] {
  return bundles.flatMap((bundle: Bundle) =>
    (["slave", "master"] as const).flatMap((side) => {
      const limit = switchPorts(device, tile.col, tile.row, bundle)[`${side}s`];
      const used = ports.filter((port) => port.box === "switch" && port.bundle === bundle && port.side === side);
      return row({ tile, resource: `${bundle} ${side}s`, limit }, used);
    }),
  );
}

function packetUse(boxes: readonly SwitchBox[], tile: TileCoord, ports: readonly UsedPort[]): ResourceUse[] {
  const inside = boxes.filter(({ box, tile: at }) => box === "switch" && tileName(at) === tileName(tile));
  const ops = inside.flatMap((box) => box.inside);
  const usersOf = (side: "slave" | "master", bundle: string, channel: number): string => {
    const port = ports.find(
      (p) => p.box === "switch" && p.side === side && p.bundle === bundle && p.channel === channel,
    );
    return [...(port?.users ?? [])].join(" + ") || "trace or control";
  };
  const arbiters = new Map<number, { readonly users: Set<string>; readonly msels: Set<number> }>();
  for (const op of ops.filter(({ name }) => name === "aie.masterset")) {
    for (const { definingOp: select } of op.operands) {
      if (select?.name !== "aie.amsel") continue;
      const id = needInt(select, "arbiterID");
      const arbiter = arbiters.get(id) ?? { users: new Set<string>(), msels: new Set<number>() };
      arbiters.set(id, arbiter);
      arbiter.users.add(usersOf("master", needText(op, "dest_bundle"), needInt(op, "dest_channel")));
      arbiter.msels.add(needInt(select, "msel"));
    }
  }
  const named = [...arbiters].sort(([a], [b]) => a - b);
  const uses: ResourceUse[] = [];
  const add = (resource: Resource, limit: number, takers: ResourceUse["takers"]): void => {
    const used = takers.reduce((sum, { amount }) => sum + amount, 0);
    if (used > 0) uses.push({ tile, resource, limit, used, takers, change: changeOf(resource, takers) });
  };
  const takersOf = (id: number, users: ReadonlySet<string>, amount: number) => [
    { name: `${[...users].join(" + ")} (arbiter ${id})`, amount },
  ];
  add(
    "arbiters",
    packetSwitch.arbiters,
    named.flatMap(([id, { users }]) => takersOf(id, users, 1)),
  );
  for (const [id, { users, msels }] of named) {
    add(`msels of arbiter ${id}`, packetSwitch.mselsPerArbiter, takersOf(id, users, msels.size));
  }
  for (const rules of ops.filter(({ name }) => name === "aie.packet_rules")) {
    const [bundle, channel] = [needText(rules, "source_bundle"), needInt(rules, "source_channel")];
    const count = (rules.regions[0]?.blocks[0]?.ops ?? []).filter(({ name }) => name === "aie.rule").length;
    const takers = [{ name: usersOf("slave", bundle, channel), amount: count }];
    add(`packet rules of ${bundle} ${channel}`, packetSwitch.rulesPerSlave, takers);
  }
  return uses;
}
