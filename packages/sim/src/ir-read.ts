import { DesignError, floatToBf16 } from "@aiekit/core";
import { type Attribute, bitWidth, memrefBytes, type Operation, type Type, type Value } from "@aiekit/mlir";
import { at } from "./fault.ts";

/** Fails with the operation's name and place. */
export function badOp(op: Operation, what: string, hint?: string): DesignError {
  return new DesignError(`${op.name}${at(op.loc)}: ${what}`, hint === undefined ? {} : { hint });
}

/** An integer attribute that must be there. @throws DesignError */
export function needInt(op: Operation, key: string, hint?: string): number {
  const value = op.int(key);
  if (value === undefined) throw badOp(op, `expected attribute ${key}, found none`, hint);
  return value;
}

/** A string, symbol or keyword attribute that must be there. @throws DesignError */
export function needText(op: Operation, key: string): string {
  const value = op.text(key);
  if (value === undefined) throw badOp(op, `expected attribute ${key}, found none`);
  return value;
}

export function operand(op: Operation, index: number): Value {
  const value = op.operands[index];
  if (value === undefined) throw badOp(op, `expected at least ${index + 1} operands, found ${op.operands.length}`);
  return value;
}

/** Direction of `aie.dma_start` and `aie.shim_dma_allocation`. */
export function direction(op: Operation): "S2MM" | "MM2S" {
  const text = needText(op, "channel_dir");
  if (text === "S2MM" || text === "MM2S") return text;
  throw badOp(op, `expected direction S2MM or MM2S, got ${text}`);
}

/** Bytes of one element of a memref. @throws DesignError for types of no size. */
export function elementBytes(op: Operation, type: Type): number {
  if (type.kind !== "memref") throw badOp(op, `expected a memref, got ${type.kind}`);
  if (type.element.kind !== "integer" && type.element.kind !== "float") {
    throw badOp(op, `memory of ${type.element.kind} elements is not simulated`);
  }
  return Math.max(1, bitWidth(type.element) / 8);
}

/** Bytes of a static memref. @throws DesignError */
export function memoryBytes(op: Operation, type: Type): number {
  if (type.kind !== "memref") throw badOp(op, `expected a memref, got ${type.kind}`);
  try {
    return memrefBytes(type);
  } catch (cause) {
    throw badOp(op, (cause as Error).message);
  }
}

/** Little-endian bytes of `dense<...>` for a memory of `sizeBytes`. @throws DesignError for element types without storage. */
export function denseBytes(op: Operation, attr: Attribute, sizeBytes: number): Uint8Array {
  if (attr.kind !== "dense") throw badOp(op, `expected a dense value, got ${attr.kind}`);
  const { element } = attr.type;
  const count = attr.type.shape.reduce<number>((n, d) => n * (d ?? 0), 1);
  const values = attr.splat ? new Array<bigint | number>(count).fill(attr.values[0] ?? 0) : attr.values;
  const elementSize = count === 0 ? 0 : sizeBytes / count;
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    writeElement(view, i * elementSize, element, value, op);
  });
  return bytes;
}

function writeElement(view: DataView, offset: number, type: Type, value: bigint | number, op: Operation): void {
  if (type.kind === "float") {
    if (type.name === "f32") view.setFloat32(offset, Number(value), true);
    else if (type.name === "f64") view.setFloat64(offset, Number(value), true);
    else if (type.name === "bf16") view.setUint16(offset, floatToBf16(Number(value)), true);
    else throw badOp(op, `initial values of type ${type.name} are not simulated`);
    return;
  }
  if (type.kind !== "integer") throw badOp(op, `initial values of type ${type.kind} are not simulated`);
  const integer = BigInt(value);
  if (type.width <= 8) view.setUint8(offset, Number(BigInt.asUintN(8, integer)));
  else if (type.width === 16) view.setUint16(offset, Number(BigInt.asUintN(16, integer)), true);
  else if (type.width === 32) view.setUint32(offset, Number(BigInt.asUintN(32, integer)), true);
  else if (type.width === 64) view.setBigUint64(offset, BigInt.asUintN(64, integer), true);
  else throw badOp(op, `initial values of type i${type.width} are not simulated`);
}
