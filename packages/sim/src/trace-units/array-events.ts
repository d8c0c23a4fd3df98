import type { DmaChannel } from "../dma-channel.ts";
import type { TileCoord } from "../fault.ts";
import type { Lock } from "../lock.ts";
import type { StreamEnd } from "../stream-end.ts";

/** Events of a core that it tells by name. */
export type CoreEvent =
  | "INSTR_EVENT_0"
  | "INSTR_EVENT_1"
  | "INSTR_LOCK_ACQUIRE_REQ"
  | "INSTR_LOCK_RELEASE_REQ"
  | "INSTR_STREAM_GET"
  | "INSTR_STREAM_PUT"
  | "INSTR_CASCADE_GET"
  | "INSTR_CASCADE_PUT";

/** What a core stands at, by the names of its events. */
export type CoreStall = "LOCK_STALL" | "STREAM_STALL" | "CASCADE_STALL";

/** What a DMA channel does in one cycle, by the endings of its events' names. */
export type ChannelEvent = "START_TASK" | "FINISHED_BD" | "FINISHED_TASK";

/**
 * What cores, DMA channels, locks and streams of an array tell while it has trace units that send. All of it is told now, or
 * ahead: `at` is never before the clock's time.
 */
export interface ArrayEvents {
  coreDoes(tile: TileCoord, event: CoreEvent, at: number): void;
  /** The core begins to stand; undefined: it goes on. */
  coreStalls(tile: TileCoord, stall: CoreStall | undefined): void;
  coreEnded(tile: TileCoord): void;
  /** A core or channel, by its agent's name, asks for a lock, or gives it back. */
  lockAsked(agent: string): void;
  lockTaken(lock: Lock, equal: boolean): void;
  lockGiven(lock: Lock, agent: string): void;
  channelDoes(channel: DmaChannel, event: ChannelEvent): void;
  channelWaitsForLock(channel: DmaChannel, waits: boolean): void;
  /** The end has words to move, or room for them, from `at` on. */
  endReady(end: StreamEnd, at: number): void;
  /** Words of the end are on their way from `at` on. */
  endMoves(end: StreamEnd, at: number): void;
  /** They have arrived, and that was the end of the transfer or not. */
  endMoved(end: StreamEnd, isLast: boolean): void;
}
