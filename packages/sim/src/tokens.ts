import type { DmaDirection } from "@aiekit/mlir";
import type { TxnOp } from "@aiekit/xclbin";
import type { ChannelPlace } from "./dma-channel.ts";

/** The record of an instruction stream that waits for tokens. */
export type SyncOp = TxnOp & { readonly op: "sync" };

/** Tokens that tasks have sent and no sync has taken, counted by channel: one may come before its wait. */
export class Tokens {
  readonly #counts = new Map<string, number>();

  /** Those that are there, as text. */
  get stateKey(): string {
    const tokens = [...this.#counts].filter(([, count]) => count > 0).map(([key, count]) => `${key}=${count}`);
    return tokens.sort().join(";");
  }

  add(channel: ChannelPlace): void {
    const key = channelKey(channel);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  has(channel: ChannelPlace): boolean {
    return (this.#counts.get(channelKey(channel)) ?? 0) > 0;
  }

  /** Channels whose token a sync lacks. */
  missing(sync: SyncOp): readonly ChannelPlace[] {
    return syncChannels(sync).filter((channel) => !this.has(channel));
  }

  /** Takes one of each channel that the sync names; false where one is missing. */
  take(sync: SyncOp): boolean {
    if (this.missing(sync).length > 0) return false;
    for (const channel of syncChannels(sync)) {
      const key = channelKey(channel);
      this.#counts.set(key, this.#counts.get(key)! - 1);
    }
    return true;
  }
}

/** Syncs among records that wait for a channel. */
export function syncsOf(ops: readonly TxnOp[], channel: ChannelPlace): readonly TxnOp[] {
  const key = channelKey(channel);
  return ops.filter((op) => op.op === "sync" && syncChannels(op).some((one) => channelKey(one) === key));
}

const channelKey = ({ tile, direction, channel }: ChannelPlace): string =>
  `${tile.col},${tile.row},${direction},${channel}`;

function syncChannels(sync: SyncOp): readonly ChannelPlace[] {
  const direction: DmaDirection = sync.direction === 0 ? "S2MM" : "MM2S";
  return Array.from({ length: sync.cols * sync.rows }, (_, i) => ({
    tile: { col: sync.col + (i % sync.cols), row: sync.row + Math.floor(i / sync.cols) },
    direction,
    channel: sync.channel,
  }));
}
