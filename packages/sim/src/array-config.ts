import type { DeviceModel, Location, Operation, TileCoord, Value } from "@aiekit/mlir";
import type { AccessPattern } from "./bd.ts";
import type { ChannelPlace } from "./dma-channel.ts";
import type { BufferPlace } from "./tile-memory.ts";

export interface LockConfig {
  readonly tile: TileCoord;
  readonly id: number;
  readonly name: string | undefined;
  readonly init: number;
}

export interface BufferConfig extends BufferPlace {
  readonly tile: TileCoord;
  /** Little-endian; undefined where the design gives no initial value. */
  readonly initial: Uint8Array | undefined;
}

export interface BdConfig {
  readonly tile: TileCoord;
  readonly id: number;
  readonly name: string;
  /** On a memtile the buffer may be a neighbour's. */
  readonly buffer: BufferConfig;
  readonly pattern: AccessPattern;
  readonly acquire?: { readonly lock: LockConfig; readonly equal: boolean; readonly amount: number };
  readonly release?: { readonly lock: LockConfig; readonly amount: number };
  readonly nextBd?: number;
  readonly packetId?: number;
}

/** A channel that is started at configuration time. */
export interface DmaStart extends ChannelPlace {
  readonly bdId: number;
  readonly executions: number;
}

export interface FlowConfig {
  readonly source: ChannelPlace;
  readonly sinks: readonly ChannelPlace[];
  /** Undefined for a circuit-switched flow. */
  readonly packetId: number | undefined;
}

export interface ShimAllocation extends ChannelPlace {
  readonly name: string;
}

export interface CoreConfig {
  readonly tile: TileCoord;
  readonly op: Operation;
  readonly stackBytes: number;
}

/** A lowered design as the array is configured with it. Nothing in it changes during runs. */
export interface ArrayConfig {
  readonly device: DeviceModel;
  readonly tiles: readonly TileCoord[];
  readonly locks: readonly LockConfig[];
  readonly buffers: readonly BufferConfig[];
  readonly bds: readonly BdConfig[];
  readonly starts: readonly DmaStart[];
  readonly flows: readonly FlowConfig[];
  readonly allocations: readonly ShimAllocation[];
  readonly cores: readonly CoreConfig[];
  /** `func.func` by name; those with a body are compiled with the core, the others are kernels. */
  readonly functions: ReadonlyMap<string, Operation>;
  readonly lockOf: ReadonlyMap<Value, LockConfig>;
  readonly bufferOf: ReadonlyMap<Value, BufferConfig>;
  /** What hardware would do without complaint, and is likely to be a mistake. */
  readonly warnings: readonly string[];
  readonly loc: Location | undefined;
}
