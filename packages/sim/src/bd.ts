import type { Lock } from "./lock.ts";
import type { PacketInfo } from "./packet-header.ts";
import type { Shadow } from "./shadow.ts";
import type { TileMemory } from "./tile-memory.ts";

/** One dimension of an access pattern in 32-bit words. `before` and `after` are zeros put in by a memtile's MM2S. */
export interface BdDim {
  readonly size: number;
  readonly strideWords: number;
  readonly before: number;
  readonly after: number;
}

/** The words that a BD reads or writes, in order. */
export interface AccessPattern {
  /** From the start of the memory or host buffer. */
  readonly baseWords: number;
  /** Words on the stream, zero padding included. */
  readonly lengthWords: number;
  /**
   * Innermost first. The outermost one is bounded by the length only: its register has no wrap field.
   * Empty for a linear transfer.
   */
  readonly dims: readonly BdDim[];
}

/**
 * Memory that a BD works on: a tile's or an external buffer, or a host argument, whose bytes are those of the run that
 * patched the address.
 */
export type BdMemory =
  | {
      readonly kind: "fixed";
      readonly words: Uint32Array;
      readonly name: string;
      readonly shadow: Shadow | undefined;
      /** Undefined for an external buffer. */
      readonly tile: TileMemory | undefined;
    }
  | { readonly kind: "host"; readonly words: Uint32Array; readonly bytes: number; readonly argIndex: number };

/** A buffer descriptor as the DMA executes it: all with the same properties, so that reading them is one look in memory. */
export interface Bd {
  readonly id: number;
  /** For messages: `BD 3 (in_cons_buff_0)`. */
  readonly name: string;
  readonly memory: BdMemory;
  readonly pattern: AccessPattern;
  /** Executions step through `size` places, `strideWords` apart, and begin again. */
  readonly iteration: { readonly size: number; readonly strideWords: number };
  readonly acquire: { readonly lock: Lock; readonly equal: boolean; readonly amount: number } | undefined;
  readonly release: { readonly lock: Lock; readonly amount: number } | undefined;
  readonly nextBd: number | undefined;
  readonly packet: PacketInfo | undefined;
}

export function dim(size: number, strideWords: number): BdDim {
  return { size, strideWords, before: 0, after: 0 };
}

/**
 * The same words in the same order with as few dimensions as possible: a dimension that continues where the one inside it
 * ends is joined with it, so that long runs are moved at once.
 */
export function joinDims(dims: readonly BdDim[]): BdDim[] {
  const joined: BdDim[] = [];
  for (const outer of dims) {
    const inner = joined.at(-1);
    const padded = inner && (inner.before || inner.after || outer.before || outer.after);
    if (inner && !padded && outer.strideWords === inner.size * inner.strideWords) {
      joined[joined.length - 1] = dim(inner.size * outer.size, inner.strideWords);
    } else if (inner && !padded && inner.size === 1) {
      joined[joined.length - 1] = outer;
    } else if (inner && !padded && outer.size === 1 && outer !== dims.at(-1)) {
      // A dimension of one step is never felt, except as the outermost one, which goes on until the length is reached.
    } else {
      joined.push(outer);
    }
  }
  return joined;
}

/** First and last word that `pattern` touches, `offsetWords` further on. Strides are never negative. */
export function extentWords(pattern: AccessPattern, offsetWords: number): { first: number; last: number } {
  const first = pattern.baseWords + offsetWords;
  const { dims, lengthWords } = pattern;
  if (dims.length === 0) return { first, last: first + lengthWords - 1 };
  let last = first;
  let inside = 1;
  dims.forEach((d, i) => {
    const steps = i === dims.length - 1 && !d.before && !d.after ? Math.ceil(lengthWords / inside) : d.size;
    last += (Math.min(steps, Math.ceil(lengthWords / inside)) - 1) * d.strideWords;
    inside *= d.size + d.before + d.after;
  });
  return { first, last };
}
