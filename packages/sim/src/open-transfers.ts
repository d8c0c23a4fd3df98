import type { DmaDirection, TileCoord } from "@aiekit/mlir";
import type { DmaChannel } from "./dma-channel.ts";
import { tileName } from "./fault.ts";

/** A transfer of host memory that was under way when the instruction stream had ended: nothing awaited it. */
export interface OpenTransfer {
  readonly tile: TileCoord;
  /** S2MM writes the host's memory, MM2S reads it. */
  readonly direction: DmaDirection;
  readonly channel: number;
  /** Of the host buffer among the launch's arguments. */
  readonly argIndex: number;
  /** 32-bit words that were still to be moved. */
  readonly remainingWords: number;
}

/** What `channels` have still to move from or to host memory. */
export function openTransfers(channels: readonly DmaChannel[]): OpenTransfer[] {
  return channels.flatMap(({ tile, direction, channel, bd, remainingWords }) => {
    if (bd?.memory.kind !== "host") return [];
    return [{ tile, direction, channel, argIndex: bd.memory.argIndex, remainingWords }];
  });
}

/** What a user is told of it. */
export function openTransferWarning({ tile, direction, channel, argIndex, remainingWords }: OpenTransfer): string {
  const what = direction === "S2MM" ? "written: the host may read old data" : "read";
  const who = `DMA ${direction} ${channel} of tile ${tileName(tile)}`;
  return `${who}: the instruction stream ended with ${remainingWords} words of host argument ${argIndex} still to be ${what}; await the transfer`;
}
