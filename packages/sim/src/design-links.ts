import { type TileCoord, walk } from "@aiekit/mlir";
import type { ArrayConfig, FlowConfig, PortPlace } from "./array-config.ts";
import { channelName } from "./channel-name.ts";

/** `stream`, `packet`: through the switches. `memory`: neighbours share the buffers. `cascade`: core to core. */
export type LinkKind = "stream" | "packet" | "memory" | "cascade";

/** A way that data take from a tile to others, in the developer's words: an objectFifo, a flow, a cascade. */
export interface DesignLink {
  readonly name: string;
  readonly kind: LinkKind;
  readonly from: TileCoord;
  readonly to: readonly TileCoord[];
}

/** All links of a lowered design between different tiles, those of streams first. */
export function designLinks(config: ArrayConfig): DesignLink[] {
  const streams = config.flows.map((flow) => streamLink(config, flow));
  const all = [...streams, ...memoryLinks(config), ...cascadeLinks(config)];
  return all
    .map((link) => ({ ...link, to: link.to.filter((tile) => !sameTile(tile, link.from)) }))
    .filter(({ to }) => to.length > 0);
}

/** objectFifo that a flow carries, or the port that it begins at. */
export function flowName(config: ArrayConfig, flow: FlowConfig): string {
  return streamLink(config, flow).name;
}

function streamLink(config: ArrayConfig, { source, sinks, packetId }: FlowConfig): DesignLink {
  const nameAt = (end: PortPlace): string | undefined => (end.bundle === "DMA" ? channelName(config, end) : undefined);
  const sent = nameAt(source);
  const received = sinks.map(nameAt).find((name) => name !== undefined);
  // Who passes objects on sends from where it received them: then the receivers know the objectFifo's name. Each of several
  // has a number in the name of its end.
  const passedOn = sent === undefined || sent.endsWith("_cons");
  const fifo = passedOn ? received?.replace(sinks.length > 1 ? /(_\d+)?_cons$/ : /_cons$/, "") : sent;
  const port = `${source.bundle} ${source.channel} of (${source.tile.col},${source.tile.row})`;
  const kind = packetId === undefined ? "stream" : "packet";
  return { name: fifo ?? port, kind, from: source.tile, to: distinct(sinks.map(({ tile }) => tile)) };
}

/** Who acquires free objects of an objectFifo produces, who acquires filled ones consumes. */
function memoryLinks(config: ArrayConfig): DesignLink[] {
  const ends = new Map<string, { readonly producers: TileCoord[]; readonly consumers: TileCoord[] }>();
  for (const core of config.cores) {
    walk(core.op, (op) => {
      if (op.name !== "aie.use_lock" || !(op.text("action") ?? "").startsWith("Acquire")) return;
      const lock = op.operands[0] && config.lockOf.get(op.operands[0]);
      const counted = lock?.counts;
      if (lock?.name === undefined || counted === undefined) return;
      const owner = lock.name.replace(/_(prod|cons)_lock_\d+$/, "");
      // Locks of a consumer's own copy are also taken by its DMA: only those of one memory link two cores.
      const key = `${counted.fifo}/${owner}`;
      const end = ends.get(key) ?? { producers: [], consumers: [] };
      (counted.counts === "free" ? end.producers : end.consumers).push(core.tile);
      ends.set(key, end);
    });
  }
  return [...ends].flatMap(([key, { producers, consumers }]) =>
    producers.slice(0, 1).map((from): DesignLink => {
      return { name: key.slice(0, key.indexOf("/")), kind: "memory", from, to: distinct(consumers) };
    }),
  );
}

function cascadeLinks({ cascades, tiles }: ArrayConfig): DesignLink[] {
  const present = (at: TileCoord): boolean => tiles.some((tile) => sameTile(tile, at));
  return cascades.flatMap(({ tile, output }): DesignLink[] => {
    const to = output === "South" ? { col: tile.col, row: tile.row - 1 } : { col: tile.col + 1, row: tile.row };
    const taken = cascades.find((other) => sameTile(other.tile, to));
    const facing = output === "South" ? "North" : "West";
    if (!present(to) || taken?.input !== facing) return [];
    return [{ name: "cascade", kind: "cascade", from: tile, to: [to] }];
  });
}

function distinct(tiles: readonly TileCoord[]): TileCoord[] {
  return tiles.filter((tile, i) => tiles.findIndex((other) => sameTile(other, tile)) === i);
}

function sameTile(a: TileCoord, b: TileCoord): boolean {
  return a.col === b.col && a.row === b.row;
}
