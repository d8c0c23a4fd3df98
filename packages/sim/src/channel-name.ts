import type { ArrayConfig } from "./array-config.ts";
import type { ChannelPlace } from "./dma-channel.ts";
import { bufferOwner } from "./fifo-names.ts";

/** What a DMA channel serves: the shim allocation's objectFifo, or the end of one whose buffer its first BD works on. */
export function channelName(config: ArrayConfig, end: ChannelPlace): string | undefined {
  const same = (place: ChannelPlace): boolean =>
    place.tile.col === end.tile.col &&
    place.tile.row === end.tile.row &&
    place.direction === end.direction &&
    place.channel === end.channel;
  const allocation = config.allocations.find(same);
  if (allocation) return allocation.name.replace(/_shim_alloc$/, "");
  const start = config.starts.find(same);
  const bd =
    start &&
    config.bds.find(({ tile, id }) => id === start.bdId && tile.col === end.tile.col && tile.row === end.tile.row);
  return bd && bufferOwner(bd.buffer.name);
}
