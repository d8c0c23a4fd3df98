import { type DeviceModel, tileKind } from "../device-model/device-model.ts";
import { type Bundle, switchPorts } from "../device-model/ports.ts";
import type { TileKind } from "../device-model/tile-model.ts";

/** One port of a stream switch. As a slave it brings words in, as a master it takes them out. */
export interface StreamPort {
  readonly bundle: Bundle;
  readonly channel: number;
}

/**
 * Whether the switch at (col,row) can join a slave port to a master port.
 * Source: AIETargetModel isLegalTileConnection (AIE2); AM020 chapter 2.
 */
export function canConnect(
  device: DeviceModel,
  tile: { readonly col: number; readonly row: number },
  slave: StreamPort,
  master: StreamPort,
): boolean {
  const kind = tileKind(device, tile.col, tile.row);
  if (kind === undefined) return false;
  if (slave.channel >= switchPorts(device, tile.col, tile.row, slave.bundle).slaves) return false;
  if (master.channel >= switchPorts(device, tile.col, tile.row, master.bundle).masters) return false;
  const reach = reaches[kind][slave.bundle]?.[master.bundle];
  if (reach === undefined) return false;
  if (reach === "any") return true;
  return reach === "same" ? slave.channel === master.channel : master.channel === reach;
}

/** `any` channel, the `same` channel, or only that master channel. */
type Reach = "any" | "same" | number;
type ReachTable = Partial<Record<Bundle, Partial<Record<Bundle, Reach>>>>;

const compass = { South: "any", West: "any", North: "any", East: "any" } as const;
const computeMasters = { ...compass, Core: "any", DMA: "any", FIFO: "any", TileControl: "any" } as const;
const shimMasters = { ...compass, FIFO: "any", TileControl: "any" } as const;

const reaches: Readonly<Record<TileKind, ReachTable>> = {
  computeTile: {
    DMA: { ...computeMasters, DMA: "same" },
    FIFO: { ...computeMasters, FIFO: "same" },
    South: { ...computeMasters, South: "same" },
    West: { ...computeMasters, West: "same" },
    North: { ...computeMasters, North: "same" },
    East: { ...computeMasters, East: "same" },
    Core: { ...compass, DMA: "any", FIFO: "any", TileControl: "any" },
    TileControl: { ...compass, Core: "any", FIFO: "any" },
    Trace: { DMA: 0, FIFO: "any", South: "any" },
  },
  memtile: {
    DMA: { DMA: "same", TileControl: "any", South: "any", North: "any" },
    // Streams that only pass a memtile keep their channel; there is no way east or west.
    South: { DMA: "any", TileControl: "any", South: "same", North: "same" },
    North: { DMA: "any", TileControl: "any", South: "same", North: "same" },
    TileControl: { DMA: 5, South: "any", North: "any" },
    Trace: { DMA: 5, South: "any" },
  },
  shim: {
    South: shimMasters,
    FIFO: shimMasters,
    West: { ...shimMasters, West: "same" },
    North: { ...shimMasters, North: "same" },
    East: { ...shimMasters, East: "same" },
    TileControl: { ...compass, FIFO: "any" },
    Trace: { FIFO: "any", South: "any", West: 0, East: 0 },
  },
};
