import { type DeviceModel, type DmaDirection, type TileModel, tileModel } from "@aiekit/mlir";
import type { BufferConfig, LockConfig } from "./array-config.ts";
import { BdTable } from "./bd-table.ts";
import { CorePort } from "./core-port.ts";
import type { CostModel } from "./cost-model.ts";
import type { CounterTable } from "./counter-table.ts";
import { DmaChannel } from "./dma-channel.ts";
import type { TileCoord } from "./fault.ts";
import { Lock } from "./lock.ts";
import type { Scheduler } from "./scheduler.ts";
import { TileMemory } from "./tile-memory.ts";

interface TileParts {
  readonly device: DeviceModel;
  readonly clock: Scheduler;
  readonly counters: CounterTable;
  readonly cost: CostModel;
  readonly buffers: readonly BufferConfig[];
  readonly locks: readonly LockConfig[];
  /** Memory of the core's WebAssembly module; undefined where there is none. */
  readonly storage: ArrayBuffer | undefined;
  readonly onToken: (channel: DmaChannel) => void;
  /** Memory that was never written is followed. */
  readonly checked: boolean;
}

/** One place of the array: data memory, locks, BDs and DMA channels. */
export interface Tile {
  readonly coord: TileCoord;
  readonly model: TileModel;
  readonly memory: TileMemory;
  readonly locks: readonly Lock[];
  readonly bds: BdTable;
  readonly channels: readonly DmaChannel[];
  /** Stream port of the tile's core, made when it is first asked for. */
  readonly corePort: (direction: DmaDirection, channel: number) => CorePort;
}

/** A tile as configuration leaves it: locks at their initial values, initialized buffers written. */
export function makeTile(coord: TileCoord, parts: TileParts): Tile {
  const { device, clock, counters, cost, onToken } = parts;
  const model = tileModel(device, coord.col, coord.row);
  const storage = parts.storage ?? new ArrayBuffer(model.dataBytes);
  const { buffers, checked } = parts;
  const memory = new TileMemory({ tile: coord, sizeBytes: model.dataBytes, storage, buffers, checked });
  for (const { initial, address } of buffers) {
    if (initial === undefined) continue;
    memory.bytes.set(initial, address);
    memory.shadow?.define(address, initial.length);
  }
  const locks = Array.from({ length: model.locks }, (_, id) => {
    const given = parts.locks.find((lock) => lock.id === id);
    return new Lock({ name: undefined, init: 0, ...given, tile: coord, id }, clock);
  });
  const bds = new BdTable(coord, clock);
  const channels = (["S2MM", "MM2S"] as const).flatMap((direction: DmaDirection) =>
    Array.from({ length: model.dma.channels }, (_, channel) => {
      const place = { tile: coord, direction, channel };
      return new DmaChannel(place, { bds, clock, counters, cost, queueDepth: model.dma.queueDepth, onToken });
    }),
  );
  const ports = new Map<string, CorePort>();
  const corePort = (direction: DmaDirection, channel: number): CorePort => {
    const key = `${direction} ${channel}`;
    const port = ports.get(key) ?? new CorePort({ tile: coord, direction, channel }, clock);
    ports.set(key, port);
    return port;
  };
  return { coord, model, memory, locks, bds, channels, corePort };
}
