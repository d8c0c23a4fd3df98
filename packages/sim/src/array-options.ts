import type { TxnStream } from "@aiekit/xclbin";
import type { MovableMemory } from "./host-buffer.ts";
import type { Delays } from "./scheduler.ts";
import type { TraceRecorder } from "./trace-recorder.ts";

export interface RunProgress {
  /** 32-bit words that have arrived in any buffer. */
  readonly wordsMoved: number;
  /** Modelled cycles since the run began. */
  readonly cycles: number;
}

export interface RunOptions {
  /** Instruction stream (TXN), binary or hexadecimal text, or decoded by one who runs it often. */
  readonly insts: Uint8Array | TxnStream;
  /** One for each argument of the runtime sequence, 4-byte aligned. Read and written in place. */
  readonly buffers: readonly Uint8Array[];
  /**
   * Of each buffer whose bytes may be kept elsewhere between launches: launches that are repeated then have nothing to bring
   * over. After a run, `buffers` of the next one are where the memories say.
   */
  readonly memories?: readonly (MovableMemory | undefined)[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RunProgress) => void;
  /**
   * Milliseconds in which a kernel must return. Default 5,000. Held by the instructions that its loops take, ten million a
   * millisecond, which no machine does: so a kernel that is ended may have had several times as long.
   */
  readonly kernelLimitMs?: number | undefined;
}

export interface AieArrayOptions {
  /** Milliseconds of wall-clock time, for pauses that let the event loop run. Default `performance.now`. */
  readonly wallClock?: () => number;
  /**
   * Memory is followed: reads of what was never written, objects used without being held, kernels that write or read
   * beside their arguments, stack that was used. Results and modelled cycles stay what they are; wall time grows.
   */
  readonly checked?: boolean;
  /** Makes events come later than modelled, to try other schedules that hardware may have. */
  readonly delays?: Delays;
  /** Is told what cores, DMA channels and locks do. */
  readonly trace?: TraceRecorder;
  /** Reports have the critical path of their run. It takes memory: some 100 bytes for each event of the run. */
  readonly path?: boolean;
  /**
   * Threads that run kernels, this one included. Results, modelled cycles and faults are those of one thread, which is the
   * default, where kernels keep to their arguments: the DMA works beside them on the other buffers of their tile. A checked or
   * traced array, one whose critical path is followed, cores that share memory, and arrays in a browser use one.
   */
  readonly threads?: number;
  /** Microseconds that calls of a kernel must take on average to be run in another thread. */
  readonly threadedFromUs?: number;
  /** False: every launch is worked out anew, for tests and comparisons. Default true. */
  readonly tapes?: boolean;
  /** Whether launches that are played are played in strands, for tests and comparisons. Default: where that is faster. */
  readonly strands?: "always" | "never";
  /** False: the array's own thread runs none of the calls that go to others, for tests. Default true. */
  readonly takesCalls?: boolean;
}
