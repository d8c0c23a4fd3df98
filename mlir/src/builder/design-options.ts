import type { Bundle } from "../device-model/ports.ts";
import type { DmaDirection } from "../device-model/tile-model.ts";
import type { BdDim, BdPad } from "../ir/attributes.ts";
import type { MemRefType } from "../ir/types.ts";
import type { InitialValues } from "./dense-values.ts";
import type { FifoHandle, TileHandle } from "./handles.ts";

export interface FifoOptions {
  readonly name: string;
  readonly producer: TileHandle;
  readonly consumers: readonly TileHandle[];
  /** Objects at each end: one number, or one for the producer and one for each consumer. */
  readonly depth: number | readonly number[];
  readonly element: MemRefType;
  /** Order in which the producer's DMA reads an object, outermost dimension first, in elements. */
  readonly toStream?: readonly BdDim[];
  /** Order in which each consumer's DMA writes an object. */
  readonly fromStream?: readonly (readonly BdDim[])[];
  /** True: through DMAs although the tiles share memory. */
  readonly viaDma?: boolean;
  /** How often each object is sent. */
  readonly repeatCount?: number;
  /** Rounds through the depth after which a memtile's DMA stops, 1..256; for ever when absent. */
  readonly iterCount?: number;
  /** Zeros that a memtile adds around each dimension of `toStream` on the way out. */
  readonly padding?: readonly BdPad[];
  /** What the producer's objects hold from the start, one entry for each; they count as full. */
  readonly initialValues?: readonly InitialValues[];
  /** False: no locks. Whoever reads must know by other means when an object is there. */
  readonly synchronised?: boolean;
  /** Ends that are the core's stream port instead of its tile's DMA. */
  readonly stream?: { readonly end: "producer" | "consumer" | "both" };
  /** Shared memory only: the tile whose memory holds the objects, in reach of both ends. */
  readonly allocateOn?: TileHandle;
}

/** A port of a tile's stream switch, as one end of a flow. */
export interface PortOptions {
  readonly tile: TileHandle;
  readonly bundle: Bundle;
  readonly channel: number;
}

export interface BufferOptions {
  readonly tile: TileHandle;
  readonly name: string;
  readonly type: MemRefType;
  /** Byte in the tile's memory; chosen by the lowering when absent. */
  readonly address?: number;
  readonly bank?: number;
  /** Written when the array is configured: one value for all elements, or one for each. */
  readonly initialValues?: InitialValues;
}

export interface LockOptions {
  readonly tile: TileHandle;
  readonly name: string;
  readonly init: number;
  /** The lowest that is free when absent. */
  readonly id?: number;
}

export interface LinkOptions {
  readonly inputs: readonly FifoHandle[];
  readonly outputs: readonly FifoHandle[];
  /** Join: where each input lies in the output's object, in elements. */
  readonly sourceOffsets?: readonly number[];
  /** Distribute: where each output lies in the input's object, in elements. */
  readonly destOffsets?: readonly number[];
}

export interface CoreOptions {
  /**
   * What the kernels may use of the stack at the bottom of data memory; a multiple of 32. 1024 is the dialect's default, which no
   * printer writes: who reads the text is warned that nothing was said.
   */
  readonly stackBytes: number;
  /** True: loops are not unrolled, a counter in memory chooses the object. Smaller code, any loop bounds. */
  readonly choosesObjectsAtRunTime?: boolean;
  /** A program that is built elsewhere. The body stays empty. */
  readonly elfFile?: string;
}

export interface SequenceOptions<Name extends string> {
  readonly name: string;
  /** Host buffers in the order of the kernel's arguments. */
  readonly args: Readonly<Record<Name, MemRefType>>;
}

export interface ShimChannelOptions {
  readonly name: string;
  readonly tile: TileHandle;
  readonly direction: DmaDirection;
  readonly channel: number;
}
