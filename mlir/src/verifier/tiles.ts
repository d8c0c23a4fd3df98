import { type DeviceModel, tileKind } from "../device-model/device-model.ts";
import { memoryWindow, memtileReaches, type TileCoord } from "../device-model/neighbours.ts";
import { type TileKind, type TileModel, tileModels } from "../device-model/tile-model.ts";
import type { Operation, Value } from "../ir/operation.ts";
import type { Check } from "./check.ts";

/** Place of the tile that a value is; undefined when it is not the result of aie.tile. */
export function tileOf(value: Value | undefined): TileCoord | undefined {
  const op = value?.definingOp;
  if (op?.name !== "aie.tile") return undefined;
  const col = op.int("col");
  const row = op.int("row");
  return col === undefined || row === undefined ? undefined : { col, row };
}

/** Place of the tile that a buffer, a lock, a core or a DMA program is on: its first operand. */
export function homeTile(op: Operation | undefined): TileCoord | undefined {
  return tileOf(op?.operands[0]);
}

export function kindOf(device: DeviceModel | undefined, tile: TileCoord | undefined): TileKind | undefined {
  return device && tile ? tileKind(device, tile.col, tile.row) : undefined;
}

/** Limits of a tile; undefined outside of the device. */
export function limitsOf({ device }: Check, tile: TileCoord | undefined): TileModel | undefined {
  const kind = kindOf(device, tile);
  return kind && tileModels[kind];
}

export function sameTile(a: TileCoord | undefined, b: TileCoord | undefined): boolean {
  return a !== undefined && b !== undefined && a.col === b.col && a.row === b.row;
}

/** Two values that stand for one tile: the same place, or the same logical tile. */
export function samePlace(a: Value | undefined, b: Value | undefined): boolean {
  return a !== undefined && (a === b || sameTile(tileOf(a), tileOf(b)));
}

/** The core (or memtile) at `from` reaches the memory at `memory`. */
export function reaches(device: DeviceModel, from: TileCoord, memory: TileCoord): boolean {
  return memoryWindow(device, from, memory) !== undefined || memtileReaches(device, from, memory);
}
