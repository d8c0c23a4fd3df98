import type { RouteTree } from "./negotiate.ts";
import type { Net } from "./nets.ts";
import { type PacketTables, type PacketTurn, planPackets } from "./packet-tables.ts";
import type { StreamGraph } from "./stream-graph.ts";

/** Packet tables of all switches, by `col,row`, and where they cannot be filled. */
export interface SwitchTables {
  readonly tables: ReadonlyMap<string, PacketTables>;
  readonly conflicts: readonly { readonly reason: string; readonly wires: readonly number[] }[];
}

/** The packet tables that a set of routes asks for. `arbitersTaken`: by `col,row`, in use by rules written by hand. */
export function packetTables(
  graph: StreamGraph,
  trees: ReadonlyMap<Net, RouteTree>,
  arbitersTaken: ReadonlyMap<string, ReadonlySet<number>>,
): SwitchTables {
  const turns = new Map<string, PacketTurn[]>();
  for (const [net, tree] of trees) {
    const { packet } = net;
    if (packet === undefined) continue;
    for (const [slave, masters] of branches(tree)) {
      const port = graph.wires[slave]?.slave;
      if (port === undefined) continue;
      const place = `${port.col},${port.row}`;
      turns.set(place, [...(turns.get(place) ?? []), { slave, id: packet.id, masters, isPriority: packet.isPriority }]);
    }
  }
  const tables = new Map<string, PacketTables>();
  const conflicts = [];
  for (const [place, here] of turns) {
    const plan = planPackets(here, arbitersTaken.get(place) ?? new Set());
    if (plan.kind === "tables") tables.set(place, plan.tables);
    else conflicts.push(plan);
  }
  return { tables, conflicts };
}

/** For each wire of a tree that drives others, those others, ascending. */
export function branches(tree: RouteTree): ReadonlyMap<number, readonly number[]> {
  const driven = new Map<number, number[]>();
  for (const [wire, by] of tree) if (by !== undefined) driven.set(by, [...(driven.get(by) ?? []), wire]);
  for (const wires of driven.values()) wires.sort((a, b) => a - b);
  return driven;
}
