import type { BdCursor } from "./bd-cursor.ts";
import type { Shadow } from "./shadow.ts";
import type { TileMemory } from "./tile-memory.ts";

/** What an end of a stream is at: nothing to move, waiting for its BD's lock, or having words to move. */
export type EndState = "idle" | "lock" | "ready";

/** One end of a stream: a DMA channel or a stream port of a core. A transfer is a BD, or one word of a core. */
export interface StreamEnd {
  readonly agentName: string;
  /** Streams that end, or the one that starts, here. */
  readonly streams: WordStream[];
  /** Of several packet streams that end here, the one in the middle of a packet. */
  owner: WordStream | undefined;
  state: EndState;
  /** Words of the transfer that have not moved. */
  remainingWords: number;
  /** When the first word of the transfer can move. */
  readyAt: number;
  movedWords: number;
  /** Cycles in which words moved, without those of words that are on their way. */
  busyCycles: number;
  /** When the words that are on their way began to move. */
  movingSince: number | undefined;
  readonly cursor: BdCursor;
  /** Memory that the cursor walks. */
  readonly words: Uint32Array;
  /** Which of `words` were never written; undefined where that is not followed. */
  readonly shadow: Shadow | undefined;
  /** The tile's memory that `words` are; undefined elsewhere. */
  readonly tileMemory: TileMemory | undefined;
  /** True while a kernel in another thread may touch the words of the transfer. */
  readonly isTouched: boolean;
  /** The end and what it moves, for messages. */
  readonly transferName: string;
  /** Id of the transfer's packet; undefined where it has no header. */
  readonly packetId: number | undefined;
  /** The header that goes before the words of a packet. */
  readonly packetHeader: number;
  /** Contiguous words in host memory; Infinity for ends elsewhere. */
  readonly hostRunWords: number;
  /** The last word of the transfer has moved. */
  finish(): void;
}

/** A stream as its ends see it. */
export interface WordStream {
  /** Ids that its routes take; empty for a circuit. */
  readonly packetIds: readonly number[];
  readonly source: StreamEnd;
  /** All destinations, whatever the source is at. */
  readonly ends: readonly StreamEnd[];
  /** Words are on their way. */
  readonly moving: boolean;
  /** Destinations of the transfer that the source is at. */
  sinks(): readonly StreamEnd[];
  /** An end has become ready. */
  offer(): void;
}
