import { type DmaDirection, lockRegisterStride, type TileModel, taskQueueOffset } from "./tile-model.ts";

/**
 * A register's address in an instruction stream: column in bits 25 and up, row in bits 20..24, offset in the tile below.
 * Source: AIETargetModel getColumnShift, getRowShift of the NPU models.
 */
export const columnShift = 25;
export const rowShift = 20;

/** Bits of an address that are the offset within a tile. */
export const tileOffsetMask = 2 ** rowShift - 1;

/** Address of a tile's register or data byte as an instruction stream names it, an unsigned 32-bit number. `offset`: bytes. */
export function tileAddress(col: number, row: number, offset: number): number {
  return ((col << columnShift) | (row << rowShift) | (offset & tileOffsetMask)) >>> 0;
}

/** The inverse of `tileAddress`. Columns have 7 bits, rows 5. */
export function splitAddress(address: number): { readonly col: number; readonly row: number; readonly offset: number } {
  return {
    col: address >>> columnShift,
    row: (address >>> rowShift) & 0x1f,
    offset: address & tileOffsetMask,
  };
}

/** Offset of the first word of a BD. */
export function bdOffset(tile: TileModel, bd: number): number {
  return tile.dma.bdRegister + bd * tile.dma.bdRegisterStride;
}

/** Offset of a channel's control register. */
export function channelControlOffset(tile: TileModel, direction: DmaDirection, channel: number): number {
  return tile.dma.controlRegister[direction] + channel * tile.dma.controlRegisterStride;
}

/** Offset of the register that takes pushes to a channel's task queue. */
export function taskQueueRegisterOffset(tile: TileModel, direction: DmaDirection, channel: number): number {
  return channelControlOffset(tile, direction, channel) + taskQueueOffset;
}

/** Offset of a lock's value. */
export function lockOffset(tile: TileModel, lock: number): number {
  return tile.lockRegister + lock * lockRegisterStride;
}

/** Where in a channel's control register the id of the controller that gets its tokens is kept. Source: AIEDmaToNpu. */
export const controllerIdMask = 0x1f00;
export const controllerIdShift = 8;

/**
 * Fields of a push to a task queue. Source: AIEDmaToNpu (4-bit BD id on shims and compute tiles, 6 bits on memtiles).
 * `repeat` is the number of executions minus one.
 */
export function taskQueueWord(push: { readonly bd: number; readonly repeat: number; readonly token: boolean }): number {
  return (push.bd | ((push.repeat & 0xff) << 16) | (push.token ? 2 ** 31 : 0)) >>> 0;
}
