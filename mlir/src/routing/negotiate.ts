import type { Net } from "./nets.ts";
import { distance, findPath } from "./shortest-path.ts";
import type { StreamGraph } from "./stream-graph.ts";

/** How one net's stream branches: for each wire of the tree, the wire that drives it; the source is driven by none. */
export type RouteTree = ReadonlyMap<number, number | undefined>;

/** Wires that more nets want than they can carry, with the nets, after the last round. */
export interface Congestion {
  readonly wire: number;
  readonly nets: readonly Net[];
}

type Negotiation =
  | { readonly kind: "routed"; readonly trees: ReadonlyMap<Net, RouteTree> }
  | { readonly kind: "no-path"; readonly net: Net; readonly sink: number }
  | { readonly kind: "congested"; readonly congestion: readonly Congestion[] };

/** Says which wires a switch's packet tables cannot serve the way the trees use them. */
type PacketCheck = (trees: ReadonlyMap<Net, RouteTree>) => readonly number[];

interface NegotiationInput {
  readonly graph: StreamGraph;
  readonly nets: readonly Net[];
  /** Wires that switches written by hand use. */
  readonly taken: ReadonlySet<number>;
  readonly packetConflicts: PacketCheck;
}

/** Rounds after which what still collides is taken as impossible. A choice, not a proof: the method is a heuristic. */
const roundsMax = 80;

/**
 * Congestion-negotiated routing: every round routes each net on the cheapest wires, where wires that several nets want
 * grow dearer, at once and in memory of earlier rounds, until no wire is shared that cannot be. Deterministic.
 * Source of the method: McMurchie and Ebeling, PathFinder, FPGA 1995.
 */
export function negotiate({ graph, nets, taken, packetConflicts }: NegotiationInput): Negotiation {
  const users: Net[][] = graph.wires.map(() => []);
  const history = new Float64Array(graph.wires.length);
  /** Packet streams that a wire's rules were found to serve, where they were found wanting. */
  const limits = new Map<number, number>();
  const trees = new Map<Net, RouteTree>();
  let congestion: Congestion[] = [];
  for (let round = 0, pressure = 0.5; round < roundsMax; round++, pressure = Math.min(pressure * 1.5, 1000)) {
    for (const net of nets) {
      for (const wire of trees.get(net)?.keys() ?? []) remove(users[wire], net);
      const price = (wire: number): number => {
        if (taken.has(wire)) return Number.POSITIVE_INFINITY;
        const { base, rivals } = claim(net, users[wire] ?? [], limits.get(wire));
        return base * (1 + (history[wire] ?? 0)) * (1 + rivals * pressure);
      };
      const tree = growTree(graph, net, price);
      if (tree.kind === "no-path") return tree;
      trees.set(net, tree.wires);
      for (const wire of tree.wires.keys()) users[wire]?.push(net);
    }
    congestion = overfull(users);
    const rules = congestion.length > 0 ? [] : packetConflicts(trees);
    if (congestion.length === 0 && rules.length === 0) return { kind: "routed", trees };
    for (const wire of rules) limits.set(wire, Math.max(1, (users[wire]?.length ?? 1) - 1));
    congestion.push(...rules.map((wire) => ({ wire, nets: users[wire] ?? [] })));
    for (const { wire, nets: wanting } of congestion)
      history[wire] = (history[wire] ?? 0) + Math.max(1, wanting.length - 1);
  }
  return { kind: "congested", congestion };
}

/** Cheapest price of one wire, for packets that follow others of their source. The search relies on it. */
const leastPrice = 0.25;

/**
 * What a wire costs a net before congestion, and how many of its users it cannot share it with. Packets of one source
 * best stay together, since one rule can then serve them all; those of different sources share when they must.
 */
function claim(
  net: Net,
  users: readonly Net[],
  limit = Number.POSITIVE_INFINITY,
): { readonly base: number; readonly rivals: number } {
  if (users.length === 0) return { base: 1, rivals: 0 };
  if (net.packet === undefined) return { base: 1, rivals: users.length };
  let rivals = Math.max(0, users.length + 1 - limit);
  let strangers = 0;
  for (const user of users) {
    if (user.packet === undefined || (user.packet.id === net.packet.id && user.source !== net.source)) rivals++;
    else if (user.source !== net.source) strangers++;
  }
  return { base: rivals + strangers === 0 ? leastPrice : 1 + strangers / 2, rivals };
}

function growTree(
  graph: StreamGraph,
  net: Net,
  price: (wire: number) => number,
): { readonly kind: "tree"; readonly wires: RouteTree } | Extract<Negotiation, { kind: "no-path" }> {
  const wires = new Map<number, number | undefined>([[net.source.index, undefined]]);
  const nearFirst = [...net.sinks].sort(
    (a, b) => distance(net.source, a) - distance(net.source, b) || a.index - b.index,
  );
  for (const sink of nearFirst) {
    if (wires.has(sink.index)) continue;
    const path = findPath(graph, { from: [...wires.keys()], to: sink.index, price, leastPrice });
    if (path === undefined) return { kind: "no-path", net, sink: sink.index };
    for (const { wire, drivenBy } of path) wires.set(wire, drivenBy);
  }
  return { kind: "tree", wires };
}

/** A wire holds one circuit, or packets with an id of their own each; packets that end on one pin may repeat an id. */
function overfull(users: readonly (readonly Net[])[]): Congestion[] {
  const found: Congestion[] = [];
  for (const [wire, nets] of users.entries()) {
    if (nets.length > 1 && nets.some((net) => net.packet === undefined)) found.push({ wire, nets });
  }
  return found;
}

function remove(users: Net[] | undefined, net: Net): void {
  const at = users?.indexOf(net) ?? -1;
  if (at >= 0) users?.splice(at, 1);
}
