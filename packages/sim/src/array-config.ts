import type { DeviceModel, FieldOverflow, Location, Operation, TileCoord, Value } from "@aiekit/mlir";
import type { AccessPattern } from "./bd.ts";
import type { ChannelPlace } from "./dma-channel.ts";
import type { FifoLock } from "./fifo-names.ts";
import type { PacketInfo } from "./packet-header.ts";
import type { BufferPlace } from "./tile-memory.ts";

export interface LockConfig {
  readonly tile: TileCoord;
  readonly id: number;
  readonly name: string | undefined;
  readonly init: number;
  /** What it counts, where the lowering made it for an objectFifo. */
  readonly counts?: FifoLock;
}

export interface BufferConfig extends BufferPlace {
  readonly tile: TileCoord;
  /** Little-endian; undefined where the design gives no initial value. */
  readonly initial: Uint8Array | undefined;
}

/** Host memory that a static shim DMA program works on. */
export interface ExternalBufferConfig {
  readonly external: true;
  readonly name: string;
  readonly address: 0;
  readonly bytes: number;
}

/** How the cascade of a core's tile is turned. */
export interface CascadeConfig {
  readonly tile: TileCoord;
  readonly input: "North" | "West";
  readonly output: "South" | "East";
}

export interface BdConfig {
  readonly tile: TileCoord;
  readonly id: number;
  readonly name: string;
  /** On a memtile the buffer may be a neighbour's; on a shim it is an external one. */
  readonly buffer: BufferConfig | ExternalBufferConfig;
  readonly pattern: AccessPattern;
  readonly acquire?: { readonly lock: LockConfig; readonly equal: boolean; readonly amount: number };
  readonly release?: { readonly lock: LockConfig; readonly amount: number };
  readonly nextBd?: number;
  readonly packet?: PacketInfo;
  /** What its tile's registers cannot hold of it. */
  readonly overflows: readonly FieldOverflow[];
  readonly loc: Location | undefined;
}

/** A channel that is started at configuration time. */
export interface DmaStart extends ChannelPlace {
  readonly bdId: number;
  readonly executions: number;
}

/** A DMA channel or a stream port of a core. Cores send by `MM2S` and receive by `S2MM`. */
export interface PortPlace extends ChannelPlace {
  readonly bundle: "DMA" | "Core";
}

/** A way through the stream switches. */
export interface FlowConfig {
  readonly source: PortPlace;
  /** `keepHeader`: packets arrive with their header word. */
  readonly sinks: readonly (PortPlace & { readonly keepHeader: boolean })[];
  /** Undefined for a circuit-switched flow. */
  readonly packetId: number | undefined;
}

/** A way of packets from the port of a trace unit. Of a compute tile port 0 is the core's unit, 1 its data memory's. */
export interface TraceFlowConfig extends Omit<FlowConfig, "source"> {
  readonly source: { readonly tile: TileCoord; readonly channel: number };
}

export interface ShimAllocation extends ChannelPlace {
  readonly name: string;
}

export interface CoreConfig {
  readonly tile: TileCoord;
  readonly op: Operation;
  readonly stackBytes: number;
  /** A program that was built elsewhere, in place of a body. It is counted and not simulated. */
  readonly elfFile?: string;
}

/** A lowered design as the array is configured with it. Nothing in it changes during runs. */
export interface ArrayConfig {
  readonly device: DeviceModel;
  readonly tiles: readonly TileCoord[];
  readonly locks: readonly LockConfig[];
  readonly buffers: readonly BufferConfig[];
  readonly externals: readonly ExternalBufferConfig[];
  readonly bds: readonly BdConfig[];
  readonly starts: readonly DmaStart[];
  readonly flows: readonly FlowConfig[];
  readonly traces: readonly TraceFlowConfig[];
  /** Of the tiles that configure it; others take from the north and give to the south. */
  readonly cascades: readonly CascadeConfig[];
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
