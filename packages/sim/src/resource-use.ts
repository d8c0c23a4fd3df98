import { type Bundle, bdIdsOfChannel, type TileCoord, tileModel } from "@aiekit/mlir";
import type { ArrayConfig } from "./array-config.ts";
import { channelName } from "./channel-name.ts";
import { bufferOwner } from "./fifo-names.ts";

export type Resource =
  | ("data memory" | "BDs" | "locks" | "S2MM channels" | "MM2S channels")
  | `shim mux ${"S2MM" | "MM2S"}`
  | `${Bundle} ${"masters" | "slaves"}`
  | "arbiters"
  | `msels of arbiter ${number}`
  | `packet rules of ${string}`;

/** What a design takes of one resource of one tile. Data memory counts bytes. */
export interface ResourceUse {
  readonly tile: TileCoord;
  readonly resource: Resource;
  readonly used: number;
  readonly limit: number;
  /** Who takes it, most first. */
  readonly takers: readonly { readonly name: string; readonly amount: number }[];
  /** What makes room where more is needed than there is. */
  readonly change: string;
}

/** What each tile of a lowered design uses of what it has, without statics and programs of kernels. By column, then row. */
export function resourceUse(config: ArrayConfig): ResourceUse[] {
  const tiles = [...config.tiles].sort((a, b) => a.col - b.col || a.row - b.row);
  return tiles.flatMap((tile) => tileUse(config, tile).filter(({ used }) => used > 0));
}

function tileUse(config: ArrayConfig, tile: TileCoord): ResourceUse[] {
  const { dataBytes, locks, dma } = tileModel(config.device, tile.col, tile.row);
  const here = (place: { readonly tile: TileCoord }): boolean =>
    place.tile.col === tile.col && place.tile.row === tile.row;
  const core = config.cores.find(here);
  const memory = config.buffers.filter(here).map(({ name, bytes }) => ({ name: bufferOwner(name), amount: bytes }));
  if (core) memory.push({ name: "stack", amount: core.stackBytes });
  const bds = config.bds.filter(here).map(({ buffer }) => ({ name: bufferOwner(buffer.name), amount: 1 }));
  const lockNames = config.locks
    .filter(here)
    .map(({ name, id }) => ({ name: bufferOwner(name ?? `lock ${id}`), amount: 1 }));
  const use = (resource: Resource, limit: number, takers: { name: string; amount: number }[]): ResourceUse => ({
    ...{ tile, resource, limit },
    used: takers.reduce((sum, { amount }) => sum + amount, 0),
    takers: joined(takers),
    change: changeOf(resource, joined(takers)),
  });
  return [
    use("data memory", dataBytes, memory),
    use("BDs", dma.bdsSplitByParity ? 2 * bdIdsOfChannel(dma, 0).count : dma.bds, bds),
    use("locks", locks, lockNames),
    use("S2MM channels", dma.channels, channelsOf(config, tile, "S2MM")),
    use("MM2S channels", dma.channels, channelsOf(config, tile, "MM2S")),
  ];
}

/** What makes room in a resource. `takers`: who takes it, most first. */
export function changeOf(resource: Resource, takers: ResourceUse["takers"]): string {
  const most = takers.find(({ name }) => name !== "stack")?.name ?? "an objectFifo";
  switch (resource) {
    case "data memory":
      return `lower the depth of ${most} or make its objects smaller, or keep them in a memtile`;
    case "BDs":
      return `lower the depth or repeat_count of ${most}, or share memory with a neighbour, which takes no BD`;
    case "locks":
      return "each end of an objectFifo takes 2 locks: join objectFifos, or move the end of one to a neighbour";
    case "S2MM channels":
    case "MM2S channels":
      return "pack what goes together into one objectFifo, share memory with a neighbour, or split and join at a memtile";
    case "shim mux S2MM":
    case "shim mux MM2S":
      return "let one of the streams begin or end at another column's shim, or join them in a memtile";
  }
  if (/^(arbiters|msels|packet rules)/.test(resource)) {
    return "give packets that go the same way ids that differ in one bit, or send one of the streams as a circuit (aie.flow)";
  }
  return "let some of these streams go through another column, send them as packets, or join them in a memtile";
}

/** Channels that a flow reaches or leaves, named by the other ends. */
function channelsOf(
  config: ArrayConfig,
  tile: TileCoord,
  direction: "S2MM" | "MM2S",
): { name: string; amount: number }[] {
  const channels = new Map<number, string>();
  for (const { source, sinks } of config.flows) {
    const ends = direction === "MM2S" ? [source] : sinks;
    for (const end of ends) {
      if (end.bundle !== "DMA" || end.tile.col !== tile.col || end.tile.row !== tile.row) continue;
      channels.set(end.channel, channels.get(end.channel) ?? channelName(config, end) ?? `channel ${end.channel}`);
    }
  }
  return [...channels.values()].map((name) => ({ name, amount: 1 }));
}

function joined(takers: readonly { name: string; amount: number }[]): { name: string; amount: number }[] {
  const sums = new Map<string, number>();
  for (const { name, amount } of takers) sums.set(name, (sums.get(name) ?? 0) + amount);
  return [...sums].map(([name, amount]) => ({ name, amount })).sort((a, b) => b.amount - a.amount);
}
