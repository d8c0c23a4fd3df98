import { BudgetError, DesignError } from "@aiekit/core";
import { switchPorts } from "../device-model/ports.ts";
import type { Operation } from "../ir/operation.ts";
import { cloneOperation } from "../lowering/clone.ts";
import { type Device, deviceOf, opsNamed, placeText } from "../lowering/device-ops.ts";
import { withLocation } from "../lowering/location.ts";
import { refuseFalseMatches } from "./false-matches.ts";
import { readFixedSwitches } from "./fixed-switches.ts";
import { type Congestion, negotiate, type RouteTree } from "./negotiate.ts";
import { type Net, readNets } from "./nets.ts";
import { packetTables, type SwitchTables } from "./packet-routes.ts";
import { type StreamGraph, streamGraph } from "./stream-graph.ts";
import { writeSwitches } from "./write-switches.ts";

/**
 * Routes the flows of every device of a lowered `builtin.module` over the array's stream switches. Returns a new module:
 * `aie.flow`s have become `aie.connect`s in `aie.switchbox` and `aie.shim_mux`; packet flows stay as a record and their
 * arbiters, mastersets and rules stand beside the connections; `aie.wire`s say what is joined. Switches that were
 * written by hand are kept and extended. The same module gives the same routes.
 * @throws DesignError for ports that do not exist or cannot meet, BudgetError when streams need more ports, arbiters
 * or rules than the switches on their way have.
 */
export function routeFlows(lowered: Operation): Operation {
  if (lowered.name !== "builtin.module") {
    throw new DesignError(`routeFlows: expected builtin.module, got ${lowered.name}`);
  }
  const module = cloneOperation(lowered);
  for (const block of module.regions.flatMap((region) => region.blocks)) {
    for (const op of block.ops) if (op.name === "aie.device") routeDevice(deviceOf(op));
  }
  return module;
}

function routeDevice(device: Device): void {
  const graph = streamGraph(device.model);
  const nets = readNets(device, graph);
  const fixed = readFixedSwitches(device, graph);
  for (const net of nets) refuseTakenPins(net, fixed.wires);
  const tables = (trees: ReadonlyMap<Net, RouteTree>): SwitchTables => packetTables(graph, trees, fixed.arbiters);
  const found = negotiate({
    graph,
    nets,
    taken: fixed.wires,
    packetConflicts: (trees) => tables(trees).conflicts.flatMap((conflict) => conflict.wires),
  });
  if (found.kind === "no-path") throw noPath(found.net, graph, found.sink);
  if (found.kind === "congested") throw congested(found.congestion, graph);
  refuseFalseMatches(graph, found.trees);
  for (const op of opsNamed(device, "aie.flow")) device.block.remove(op);
  writeSwitches({ device, graph, trees: found.trees, tables: tables(found.trees) });
}

function refuseTakenPins(net: Net, taken: ReadonlySet<number>): void {
  const pin = [net.source, ...net.sinks].find((wire) => taken.has(wire.index));
  if (pin === undefined) return;
  const port = pin.slave ?? pin.master;
  throw new DesignError(
    `${net.name}: expected a free port, got one that an aie.switchbox in the design uses${port ? `: ${placeText(port)} ${port.bundle} ${port.channel}` : ""}`,
    { hint: "remove the flow or the connection that was written by hand" },
  );
}

function noPath(net: Net, graph: StreamGraph, sink: number): DesignError {
  const end = graph.wires[sink]?.master;
  const where = end === undefined ? "" : ` to ${placeText(end)} ${end.bundle} ${end.channel}`;
  return withLocation(net.op, () => {
    throw new DesignError(`${net.name}: expected a way through the stream switches, got none${where}`, {
      hint: "switches written by hand may leave no free port; a trace reaches DMA 0 (core), DMA 5 (memtile) or South only",
    });
  });
}

/** One message for the switch where most streams collide, with all of them and what is full. */
function congested(congestion: readonly Congestion[], graph: StreamGraph): BudgetError {
  const spots = new Map<string, Congestion[]>();
  const limits = new Map<string, number>();
  for (const spot of congestion) {
    const port = graph.wires[spot.wire]?.master ?? graph.wires[spot.wire]?.slave;
    const where = port === undefined ? "" : `switch ${placeText(port)} ${port.bundle}`;
    if (port) limits.set(where, switchPorts(graph.device, port.col, port.row, port.bundle).masters);
    spots.set(where, [...(spots.get(where) ?? []), spot]);
  }
  const [where, worst] = [...spots].sort((a, b) => b[1].length - a[1].length)[0] ?? ["", []];
  const nets = [...new Set(worst.flatMap((spot) => spot.nets))].map((net) => net.name);
  const isPacket = worst.some((spot) => spot.nets.every((net) => net.packet !== undefined));
  const expected = isPacket ? "packet rules and arbiters for every stream" : "a port for every stream";
  const shown = nets.slice(0, 6).join("; ") + (nets.length > 6 ? `; and ${nets.length - 6} more` : "");
  const counts = isPacket ? "" : ` (${limits.get(where)} ports, at least ${nets.length} streams)`;
  return new BudgetError(
    `routing: ${where}${counts}: expected ${expected}, got more streams than it carries: ${shown}`,
    {
      hint: isPacket
        ? "give packet flows that part ways ids that differ in one bit (0..15 against 16..31), or fewer destinations per source"
        : "start some of these streams in another column, send them as packets, or join them in a memtile (objectFifo link)",
    },
  );
}
