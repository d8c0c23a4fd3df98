import { DesignError } from "@aiekit/core";
import { placeText } from "../lowering/device-ops.ts";
import { withLocation } from "../lowering/location.ts";
import type { RouteTree } from "./negotiate.ts";
import type { Net } from "./nets.ts";
import { branches } from "./packet-routes.ts";
import type { StreamGraph } from "./stream-graph.ts";

/** One packet stream that enters a switch by a port, and the ways by which it leaves. */
interface Passing {
  readonly net: Net;
  readonly id: number;
  readonly way: string;
}

/**
 * The compiler makes one rule of all ids that enter a switch by one port and leave it by the same ones, last flow first,
 * and refuses a flow whose id a rule before it matches, although more rules would tell them apart. Looked at where all
 * packets come from one source, since only there the ways are the compiler's too.
 * Source: AIECreatePathFindFlows, runOnPacketFlow. @throws DesignError with its message.
 */
export function refuseFalseMatches(graph: StreamGraph, trees: ReadonlyMap<Net, RouteTree>): void {
  for (const [slave, passing] of passingPackets(trees)) {
    if (new Set(passing.map(({ net }) => net.source)).size > 1) continue;
    const rules: { readonly mask: number; readonly value: number }[] = [];
    for (const group of groups(passing.toReversed())) {
      const [{ net, id } = { net: undefined, id: 0 }] = group;
      if (net !== undefined && rules.some(({ mask, value }) => (id & mask) === value)) {
        const port = graph.wires[slave]?.slave;
        withLocation(net.op, () => {
          throw new DesignError(
            `${net.name}: aie.rule can lead to false packet id match for id ${id}, which is not supposed to pass through this port.${port === undefined ? "" : ` (${placeText(port)} ${port.bundle} ${port.channel})`}`,
            { hint: `flows that part ways need ids that a mask tells apart: change packet id ${id}` },
          );
        });
      }
      const ids = group.map((member) => member.id);
      const mask = ids.reduce((same, other) => same & ~(other ^ id), 0x1f);
      rules.push({ mask, value: id & mask });
    }
  }
}

function passingPackets(trees: ReadonlyMap<Net, RouteTree>): ReadonlyMap<number, readonly Passing[]> {
  const found = new Map<number, Passing[]>();
  for (const [net, tree] of trees) {
    if (net.packet === undefined) continue;
    for (const [slave, masters] of branches(tree)) {
      const list = found.get(slave) ?? [];
      list.push({ net, id: net.packet.id, way: masters.join(" ") });
      found.set(slave, list);
    }
  }
  return found;
}

function groups(passing: readonly Passing[]): Iterable<readonly Passing[]> {
  const byWay = new Map<string, Passing[]>();
  for (const packet of passing) byWay.set(packet.way, [...(byWay.get(packet.way) ?? []), packet]);
  return byWay.values();
}
