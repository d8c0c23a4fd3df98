import type { TileKind } from "../device-model/tile-model.ts";
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
