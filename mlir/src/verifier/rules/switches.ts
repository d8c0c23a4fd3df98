import { type Bundle, switchPorts } from "../../device-model/ports.ts";
import type { Operation } from "../../ir/operation.ts";
import type { Check } from "../check.ts";
import { homeTile, kindOf } from "../tiles.ts";

/** aie.switchbox: ports that the switch has, each destination fed once. */
export function verifySwitchbox(op: Operation, check: Check): void {
  const { device } = check;
  const tile = homeTile(op);
  if (!device || !tile) return;
  const isMemtile = kindOf(device, tile) === "memtile";
  const destinations: string[] = [];
  for (const connect of (op.regions[0]?.blocks ?? []).flatMap((block) => block.ops)) {
    if (connect.name !== "aie.connect") continue;
    const source = portOf(connect, "source");
    const dest = portOf(connect, "dest");
    const slaves = switchPorts(device, tile.col, tile.row, source.bundle).slaves;
    const masters = switchPorts(device, tile.col, tile.row, dest.bundle).masters;
    const isThere =
      checkPort("source", source, slaves, connect, check) && checkPort("dest", dest, masters, connect, check);
    if (isThere && isMemtile && !isMemtileConnection(source, dest)) {
      check.error("illegal stream switch connection", {
        at: connect,
        hint: "a memtile's switch joins North and South, and DMA and DMA, only on the same channel",
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

/** Source: AIETargetModel isLegalTileConnection, memtiles. */
function isMemtileConnection(source: Port, dest: Port): boolean {
  const pair = `${source.bundle} ${dest.bundle}`;
  const isStraight = ["North South", "South North", "DMA DMA"].includes(pair);
  return !isStraight || source.channel === dest.channel;
}
