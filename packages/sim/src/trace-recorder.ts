import type { Bd } from "./bd.ts";
import type { ChannelPlace } from "./dma-channel.ts";

/** Something on a track that takes time, in cycles. `stall`: it waits, and `name` says for what. */
export interface TraceSlice {
  readonly track: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly stall: boolean;
}

export interface TraceValue {
  readonly track: string;
  readonly at: number;
  readonly value: number;
}

/** One execution of a BD by a DMA channel, from when it had its lock to its last word. */
export interface Transfer extends ChannelPlace {
  readonly bd: Bd;
  /** Where the BD's iteration stood. */
  readonly offsetWords: number;
  readonly start: number;
  readonly end: number;
}

/** What happened on an array, by track: cores, DMA channels, locks. Times are modelled cycles since it was configured. */
export class TraceRecorder {
  readonly slices: TraceSlice[] = [];
  readonly values: TraceValue[] = [];
  /** In the order in which they ended; of one channel in the order of its stream. */
  readonly transfers: Transfer[] = [];

  slice(slice: TraceSlice): void {
    if (slice.end > slice.start) this.slices.push(slice);
  }

  value(track: string, at: number, value: number): void {
    this.values.push({ track, at, value });
  }
}
