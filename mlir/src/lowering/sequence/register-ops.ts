import { DesignError } from "@aiekit/core";
import { blockWriteOp, maskWrite32Op, write32Op } from "../../builder/npu-ops.ts";
import type { TileCoord } from "../../device-model/neighbours.ts";
import { lockOffset, splitAddress, tileAddress } from "../../device-model/registers.ts";
import type { DmaDirection } from "../../device-model/tile-model.ts";
import type { Operation, Value } from "../../ir/operation.ts";
import { cloneOperation } from "../clone.ts";
import { coordOf, type Device, symbolOp, tileModelOf, tileOperand } from "../device-ops.ts";
import { burstEncoding } from "../shim-transfer.ts";
import type { BdFields } from "./bd-words.ts";
import type { Emitter } from "./emitter.ts";

/** `npu.write32`, `npu.maskwrite32`, `npu.blockwrite`: with a buffer, `address` counts words from its start. */
export function lowerRegisterWrite(op: Operation, emitter: Emitter, values: ReadonlyMap<Value, Value>): void {
  const buffer = op.text("buffer");
  if (buffer === undefined) {
    emitter.append(cloneOperation(op, new Map(values)));
    return;
  }
  const { col, row, address: base } = placedBuffer(emitter.device, op, buffer);
  const address = tileAddress(col, row, base + (op.int("address") ?? 0) * 4);
  const value = op.int("value") ?? 0;
  const { loc } = op;
  if (op.name === "aiex.npu.write32") emitter.append(write32Op({ address, value, loc }));
  else if (op.name === "aiex.npu.maskwrite32") {
    emitter.append(maskWrite32Op({ address, value, mask: op.int("mask") ?? 0, loc }));
  } else {
    const data = op.operands[0];
    if (data) emitter.append(blockWriteOp(values.get(data) ?? data, address, loc));
  }
}

/** `npu.rtp_write`: one word of a buffer, not synchronised with the core that reads it. */
export function lowerRtpWrite(op: Operation, emitter: Emitter): void {
  const { col, row, address } = placedBuffer(emitter.device, op, op.text("buffer") ?? "");
  const value = op.int("value") ?? 0;
  emitter.append(write32Op({ address: address + (op.int("index") ?? 0) * 4, value, col, row, loc: op.loc }));
}

/** `set_lock`: a plain write of a lock's value. */
export function lowerSetLock(op: Operation, emitter: Emitter): void {
  const lock = op.operands[0]?.definingOp;
  if (lock?.name !== "aie.lock") throw new DesignError(`${op.name}: expected a lock`);
  const tile = tileOperand(lock);
  const { col, row } = coordOf(tile);
  const address = lockOffset(tileModelOf(emitter.device, tile), lock.int("lockID") ?? 0);
  emitter.append(write32Op({ address, value: op.int("value") ?? 0, col, row, loc: op.loc }));
}

/** `npu.push_queue` by coordinates. */
export function lowerPushQueue(op: Operation, emitter: Emitter): void {
  const direction: DmaDirection = op.text("direction") === "MM2S" ? "MM2S" : "S2MM";
  const push = { bd: op.int("bd_id") ?? 0, repeat: op.int("repeat_count") ?? 0, token: op.flag("issue_token") };
  emitter.pushQueue({ place: placeOf(op), direction, channel: op.int("channel") ?? 0 }, push, op.loc);
}

/** `npu.writebd`: a BD from its fields, without an address. */
export function lowerWriteBd(op: Operation, emitter: Emitter): void {
  const n = (key: string) => op.int(key) ?? 0;
  const place = placeOf(op);
  const burst = burstEncoding(emitter.device.model, n("burst_length"));
  if (burst === undefined) throw new DesignError(`${op.name}: the device has no burst of ${n("burst_length")} B`);
  const fields: BdFields = {
    bd: n("bd_id"),
    lengthWords: n("buffer_length"),
    // A compute tile's BD counts its base in words, the operation in bytes.
    offset: place.row > 1 ? n("buffer_offset") >>> 2 : n("buffer_offset"),
    packet: n("enable_packet") ? { type: n("packet_type"), id: n("packet_id") } : undefined,
    outOfOrderId: n("out_of_order_id"),
    burst,
    sizes: [n("d0_size"), n("d1_size"), n("d2_size")],
    strides: [n("d0_stride"), n("d1_stride"), n("d2_stride")],
    zerosBefore: [n("d0_zero_before"), n("d1_zero_before"), n("d2_zero_before")],
    zerosAfter: [n("d0_zero_after"), n("d1_zero_after"), n("d2_zero_after")],
    iterationCurrent: n("iteration_current"),
    iterationSize: n("iteration_size"),
    iterationStride: n("iteration_stride"),
    nextBd: n("use_next_bd") ? n("next_bd") : undefined,
    isValid: n("valid_bd") === 1,
    acquire: n("lock_acq_enable") ? { id: n("lock_acq_id"), value: n("lock_acq_val") } : undefined,
    release: { id: n("lock_rel_id"), value: n("lock_rel_val") },
  };
  emitter.writeBd(place, fields, undefined, op.loc);
}

/** Absolute address of a register write; tile coordinates stand in the address or beside it. */
export function absoluteAddress(op: Operation): number {
  const address = op.int("address") ?? 0;
  const [col, row] = [op.int("column"), op.int("row")];
  return col === undefined || row === undefined ? address : tileAddress(col, row, splitAddress(address).offset);
}

function placeOf(op: Operation): TileCoord {
  return { col: op.int("column") ?? 0, row: op.int("row") ?? 0 };
}

function placedBuffer(
  device: Device,
  op: Operation,
  name: string,
): { readonly col: number; readonly row: number; readonly address: number } {
  const buffer = symbolOp(device, name);
  if (buffer?.name !== "aie.buffer") throw new DesignError(`${op.name}: buffer '${name}' not found in device`);
  const address = buffer.int("address");
  if (address === undefined) throw new DesignError(`${op.name}: buffer '${name}' has no address`);
  return { ...coordOf(tileOperand(buffer)), address };
}
