import { DesignError } from "@aiekit/core";
import { type DeviceModel, deviceModel, tileModel } from "../device-model/device-model.ts";
import type { TileCoord } from "../device-model/neighbours.ts";
import type { TileModel } from "../device-model/tile-model.ts";
import { type Attribute, integerAttr } from "../ir/attributes.ts";
import type { Block, Operation, Value } from "../ir/operation.ts";
import { i32, type MemRefType, memrefBytes } from "../ir/types.ts";

/** One `aie.device` under construction, with what every step of the lowering asks of it. */
export interface Device {
  readonly op: Operation;
  readonly model: DeviceModel;
  readonly block: Block;
}

export function deviceOf(op: Operation): Device {
  const block = op.regions[0]?.entry;
  if (block === undefined) throw new DesignError("aie.device: expected a body, got none");
  return { op, model: deviceModel(op.text("device") ?? ""), block };
}

/** Operations of one name directly in the device, in order. */
export function opsNamed(device: Device, ...names: readonly string[]): Operation[] {
  return device.block.ops.filter((op) => names.includes(op.name));
}

/** Operations of one name in the device or inside its DMA programs, which may declare their own locks and buffers. */
export function declaredOps(device: Device, name: string): Operation[] {
  return device.block.ops.flatMap((op) => {
    if (op.name === name) return [op];
    return isDmaProgram.has(op.name) ? op.regions.flatMap((r) => r.blocks.flatMap((b) => named(b, name))) : [];
  });
}

const isDmaProgram = new Set(["aie.mem", "aie.memtile_dma", "aie.shim_dma"]);

function named(block: Block, name: string): Operation[] {
  return block.ops.filter((op) => op.name === name);
}

/** The operation of the device with this symbol name. */
export function symbolOp(device: Device, name: string): Operation | undefined {
  return device.block.ops.find((op) => op.text("sym_name") === name);
}

/** Place of a tile value. @throws DesignError when the value is not an `aie.tile`. */
export function coordOf(tile: Value): TileCoord {
  const col = tile.definingOp?.int("col");
  const row = tile.definingOp?.int("row");
  if (tile.definingOp?.name !== "aie.tile" || col === undefined || row === undefined) {
    throw new DesignError(`expected a tile, got a result of ${tile.definingOp?.name ?? "a block argument"}`);
  }
  return { col, row };
}

export function tileModelOf(device: Device, tile: Value): TileModel {
  const { col, row } = coordOf(tile);
  return tileModel(device.model, col, row);
}

/** `(1,2)`, for messages. */
export function placeText({ col, row }: TileCoord): string {
  return `(${col},${row})`;
}

export function sameTile(a: Value, b: Value): boolean {
  const [p, q] = [coordOf(a), coordOf(b)];
  return p.col === q.col && p.row === q.row;
}

/** The tile an operation such as a buffer, a lock or a core stands on: its first operand. */
export function tileOperand(op: Operation): Value {
  const tile = op.operands[0];
  if (tile === undefined) throw new DesignError(`${op.name}: expected a tile as operand, got none`);
  return tile;
}

/** Name of a symbol. @throws DesignError when the operation has none. */
export function symbolName(op: Operation): string {
  const name = op.text("sym_name");
  if (name === undefined) throw new DesignError(`${op.name}: expected a symbol name, got none`);
  return name;
}

export function setInt(op: Operation, key: string, value: number): void {
  op.attributes.set(key, integerAttr(value, i32));
}

/** An array of integers, as lists or as a dense array; empty when absent. */
export function integers(attr: Attribute | undefined): number[] {
  if (attr?.kind === "dense-array") return attr.values.map(Number);
  if (attr?.kind !== "array") return [];
  return attr.elements.map((e) => (e.kind === "integer" ? Number(e.value) : 0));
}

/** Type of a buffer's memory. */
function bufferType(buffer: Operation): MemRefType {
  const type = buffer.results[0]?.type;
  if (type?.kind !== "memref") throw new DesignError(`${buffer.name}: expected a memref as result`);
  return type;
}

export function bufferBytes(buffer: Operation): number {
  return memrefBytes(bufferType(buffer));
}

/** The core on a tile. */
export function coreOn(device: Device, tile: Value): Operation | undefined {
  return opsNamed(device, "aie.core").find((core) => sameTile(tileOperand(core), tile));
}

/** Bytes at the bottom of a core's memory that its stack takes. 1024 unless the core says otherwise. Source: AIEOps.td. */
export function stackBytes(core: Operation): number {
  return core.int("stack_size") ?? 1024;
}

/** Adds an operation as the last one of the device, before its terminator. */
export function appendToDevice(device: Device, op: Operation): Operation {
  const end = device.block.ops.at(-1);
  if (end?.name === "aie.end") return device.block.insertBefore(end, op);
  return device.block.append(op);
}
