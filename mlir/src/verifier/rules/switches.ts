import type { DeviceModel } from "../../device-model/device-model.ts";
import type { TileCoord } from "../../device-model/neighbours.ts";
import { type Bundle, switchPorts } from "../../device-model/ports.ts";
import type { Operation } from "../../ir/operation.ts";
import { canConnect } from "../../routing/switch-connections.ts";
import type { Check } from "../check.ts";
import { homeTile } from "../tiles.ts";

/** aie.switchbox: ports that the switch has, each destination fed once. */
export function verifySwitchbox(op: Operation, check: Check): void {
  const { device } = check;
  const tile = homeTile(op);
  if (!device || !tile) return;
  const destinations: string[] = [];
  const sources = new Set<string>();
  for (const connect of (op.regions[0]?.blocks ?? []).flatMap((block) => block.ops)) {
    if (connect.name === "aie.amsel") checkArbiter(connect, { device, tile }, check);
    if (connect.name === "aie.masterset") checkMasterset(connect, { device, tile }, destinations, check);
    if (connect.name === "aie.packet_rules") checkPacketSource(connect, sources, check);
    if (connect.name !== "aie.connect") continue;
    const source = portOf(connect, "source");
    sources.add(portText(source));
    const dest = portOf(connect, "dest");
    const slaves = switchPorts(device, tile.col, tile.row, source.bundle).slaves;
    const masters = switchPorts(device, tile.col, tile.row, dest.bundle).masters;
    const isThere =
      checkPort("source", source, slaves, connect, check) && checkPort("dest", dest, masters, connect, check);
    if (isThere && !canConnect(device, tile, source, dest)) {
      check.error("illegal stream switch connection", {
        at: connect,
        hint: `from ${portText(source)} to ${portText(dest)}`,
      });
    }
    const name = portText(dest);
    if (destinations.includes(name)) {
      const what = `connecting ${portText(source)} to ${name} on TileID(${tile.col}, ${tile.row})`;
      const existing = destinations.join(" ");
      check.error(`; ${what} targets same dst as another connect op; existing destinations: ${existing}`, {
        at: connect,
      });
    }
    destinations.push(name);
  }
}

/** A port that sends packets on is fed by nothing else, and by one arbiter. */
function checkMasterset(op: Operation, { device, tile }: Switch, destinations: string[], check: Check): void {
  const dest = portOf(op, "dest");
  const name = portText(dest);
  if (destinations.includes(name)) {
    const what = `targets same destination ${dest.bundle}: ${dest.channel}`;
    check.error(`${what} as another connect or masterset operation`, { at: op });
  }
  destinations.push(name);
  checkPort("dest", dest, switchPorts(device, tile.col, tile.row, dest.bundle).masters, op, check);
  const arbiters = op.operands.map((amsel) => amsel.definingOp?.int("arbiterID"));
  if (new Set(arbiters).size > 1) check.error("a master port can only be tied to one arbiter", { at: op });
}

/** Packets and a circuit do not enter by one port. */
function checkPacketSource(op: Operation, sources: Set<string>, check: Check): void {
  const source = portOf(op, "source");
  if (sources.has(portText(source))) {
    const what = `packet switched source ${source.bundle}${source.channel}`;
    check.error(`${what} cannot match another connect or masterset operation`, { at: op });
  }
  sources.add(portText(source));
}

/** aie.shim_mux, aie.shim_switchbox: nothing but connections, each destination fed once. */
export function verifyShimSwitch(op: Operation, check: Check): void {
  const seen = new Set<string>();
  for (const inner of (op.regions[0]?.blocks ?? []).flatMap((block) => block.ops)) {
    if (inner.name === "aie.end") continue;
    if (inner.name !== "aie.connect") {
      check.error("cannot be contained in a Switchbox op", { at: inner });
      continue;
    }
    const { bundle, channel } = portOf(inner, "dest");
    const name = `${bundle}: ${channel}`;
    if (seen.has(name)) {
      check.error(`targets same destination ${name} as another connect operation`, { at: inner });
    }
    seen.add(name);
  }
}

/** Every source whose packets select an arbiter can reach every port that the arbiter feeds. */
function checkArbiter(amsel: Operation, { device, tile }: Switch, check: Check): void {
  const users = check.users(amsel.results[0]);
  const masters = users.filter(({ name }) => name === "aie.masterset").map((op) => portOf(op, "dest"));
  const slaves = users.flatMap((op) => (op.name === "aie.rule" && op.parentOp ? [portOf(op.parentOp, "source")] : []));
  if (masters.every((to) => slaves.every((from) => canConnect(device, tile, from, to)))) return;
  check.error("illegal stream switch connection", { at: amsel });
}

interface Switch {
  readonly device: DeviceModel;
  readonly tile: TileCoord;
}

interface Port {
  readonly bundle: Bundle;
  readonly channel: number;
}

function portOf(connect: Operation, end: "source" | "dest"): Port {
  return { bundle: connect.text(`${end}_bundle`) as Bundle, channel: connect.int(`${end}_channel`) ?? 0 };
}

function portText({ bundle, channel }: Port): string {
  return `(${bundle}: ${channel})`;
}

function checkPort(end: string, { bundle, channel }: Port, count: number, at: Operation, check: Check): boolean {
  if (channel < count) return true;
  if (count === 0) check.error(`${end} bundle ${bundle} not supported; index: ${channel}, bound: 0`, { at });
  else check.error(`index ${channel} for ${end} bundle ${bundle} must be less than ${count}`, { at });
  return false;
}
