import { type DeviceModel, tileKind } from "./device-model.ts";

/** Place of a tile in the array. */
export interface TileCoord {
  readonly col: number;
  readonly row: number;
}

/** Whose memory a core's 64 KiB window shows. There is no east window; the fourth one is the core's own memory. */
export type MemoryWindow = "south" | "west" | "north" | "own";

/** Where each window starts in a core's address space. Source: AIETargetModel getMemSouth/West/North/EastBaseAddress. */
export const memoryWindowBase: Readonly<Record<MemoryWindow, number>> = {
  south: 0x40000,
  west: 0x50000,
  north: 0x60000,
  own: 0x70000,
};

/** First lock id of each neighbour as a core names it. Source: AIETargetModel getLockLocalBaseIndex. */
export const lockWindowBase: Readonly<Record<MemoryWindow, number>> = { south: 0, west: 16, north: 32, own: 48 };

/**
 * Through which window the core at `core` reaches data memory at `memory`; undefined when it cannot. Cores reach their
 * own tile and those to the west, north and south, never east, and never a memtile.
 * Source: AM020 chapter 4; AIETargetModel isLegalMemAffinity.
 */
export function memoryWindow(device: DeviceModel, core: TileCoord, memory: TileCoord): MemoryWindow | undefined {
  if (tileKind(device, core.col, core.row) !== "computeTile") return undefined;
  if (tileKind(device, memory.col, memory.row) !== "computeTile") return undefined;
  const right = memory.col - core.col;
  const up = memory.row - core.row;
  if (right === 0 && up === 0) return "own";
  if (right === -1 && up === 0) return "west";
  if (right === 0 && up === 1) return "north";
  if (right === 0 && up === -1) return "south";
  return undefined;
}

/** A memtile's DMA (channels 0..3) reaches its own memory and that of the memtiles beside it. */
export function memtileReaches(device: DeviceModel, dma: TileCoord, memory: TileCoord): boolean {
  if (tileKind(device, dma.col, dma.row) !== "memtile" || tileKind(device, memory.col, memory.row) !== "memtile") {
    return false;
  }
  return dma.row === memory.row && Math.abs(dma.col - memory.col) <= 1;
}
