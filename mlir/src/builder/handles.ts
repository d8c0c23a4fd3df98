import type { DmaDirection, TileKind } from "../device-model/tile-model.ts";
import type { Value } from "../ir/operation.ts";
import type { MemRefType, Type } from "../ir/types.ts";

/** A tile of the design under construction. */
export interface TileHandle {
  readonly col: number;
  readonly row: number;
  readonly kind: TileKind;
  readonly value: Value;
}

/** An external C function and its parameters. */
export interface KernelHandle {
  readonly name: string;
  readonly params: readonly Type[];
}

export interface FifoHandle {
  readonly name: string;
  readonly producer: TileHandle;
  readonly consumers: readonly TileHandle[];
  readonly depths: readonly number[];
  readonly element: MemRefType;
}

/** Memory of one tile that is not a fifo's: weights, run-time parameters, what hand-written DMA programs move. */
export interface BufferHandle {
  readonly name: string;
  readonly tile: TileHandle;
  readonly type: MemRefType;
  readonly value: Value;
}

export interface LockHandle {
  readonly name: string;
  readonly tile: TileHandle;
  readonly value: Value;
}

/** A channel of a shim tile's DMA under a name that sequences use. */
export interface ShimChannelHandle {
  readonly name: string;
  readonly tile: TileHandle;
  readonly direction: DmaDirection;
}

/** BDs of a runtime sequence that are configured and can be started. */
export interface TaskHandle {
  readonly value: Value;
  readonly issuesToken: boolean;
}
