import { boolAttr, stringAttr } from "../ir/attributes.ts";
import type { Operation, Value } from "../ir/operation.ts";
import { i64, index } from "../ir/types.ts";
import type { Check } from "../verifier/check.ts";
import { warnOfReleases } from "../verifier/rules/object-fifos.ts";
import {
  verifyBuffer,
  verifyCascadeValue,
  verifyCore,
  verifyDevice,
  verifyLock,
  verifyShimAllocation,
  verifyTile,
  verifyUseLock,
} from "../verifier/rules/tiles.ts";
import { enclosing } from "../verifier/surroundings.ts";
import { versalDevice } from "../verifier/versal-devices.ts";
import { bufferTypeAndValue } from "./aie-syntax.ts";
import { defineOp } from "./definition.ts";
import {
  devices,
  flag,
  int,
  keyword,
  optionalBool,
  optionalInt,
  optionalString,
  packetInfo,
  silent,
  string,
} from "./rules.ts";

/** Device, tiles, and what stands in them: buffers, locks, cores. */
export const aieStructureOps = [
  defineOp("aie.device", {
    format: "`(` $device `)` ( @sym_name )? region(body) attr-dict",
    attributes: {
      device: keyword(devices, { first: 1 }),
      sym_name: { kind: "string", default: stringAttr("main") },
    },
    regions: [{ name: "body", terminator: "aie.end" }],
    isIsolated: true,
    isSymbolTable: true,
    parents: ["builtin.module"],
    verify: verifyDevice,
  }),
  defineOp("aie.end", { format: "attr-dict", isTerminator: true }),
  defineOp("aie.tile", {
    format: "`(` $col `,` $row `)` attr-dict",
    results: ["result"],
    types: { result: index },
    attributes: {
      col: int({ min: 0 }),
      row: int({ min: 0 }),
      allocation_scheme: optionalString,
      controller_id: packetInfo,
    },
    resultName: (op) => `${tilePrefix(op)}_${op.int("col")}_${op.int("row")}`,
    verify: verifyTile,
  }),
  defineOp("aie.buffer", {
    format: "`(` %tile `)` attr-dict `:` custom(typeAndValue)",
    custom: { typeAndValue: bufferTypeAndValue },
    elided: ["initial_value"],
    operands: ["tile"],
    results: ["buffer"],
    types: { tile: index },
    attributes: {
      sym_name: optionalString,
      address: optionalInt(),
      mem_bank: optionalInt(),
      initial_value: { kind: "dense" },
    },
    resultName: (op) => op.text("sym_name") ?? nameOfTile("buffer", op.operands[0]),
    verify: verifyBuffer,
  }),
  defineOp("aie.external_buffer", {
    format: "attr-dict `:` type(buffer)",
    results: ["buffer"],
    attributes: { sym_name: optionalString, address: optionalInt({ type: i64 }) },
    resultName: (op) => op.text("sym_name"),
  }),
  defineOp("aie.lock", {
    format: "`(` %tile ( `,` $lockID )? `)` attr-dict",
    operands: ["tile"],
    results: ["lock"],
    types: { tile: index, lock: index },
    attributes: { lockID: optionalInt({ min: 0 }), init: optionalInt(), sym_name: optionalString },
    resultName: (op) => op.text("sym_name") ?? nameOfTile("lock", op.operands[0]),
    verify: verifyLock,
  }),
  defineOp("aie.use_lock", {
    format: "`(` %lock `,` $action ( `,` $value ( `,` $blocking )? )? `)` attr-dict",
    operands: ["lock"],
    types: { lock: index },
    attributes: {
      action: keyword(["Acquire", "Release", "AcquireGreaterEqual"]),
      value: optionalInt(),
      blocking: { ...keyword(["NonBlocking", "Blocking"]), required: false },
      acq_en: silent({ kind: "bool", default: boolAttr(true) }),
    },
    verify: verifyUseLock,
  }),
  defineOp("aie.core", {
    format: "`(` %tile `)` region(body) attr-dict",
    operands: ["tile"],
    results: ["result"],
    types: { tile: index, result: index },
    attributes: {
      stack_size: int({ default: 0x400 }),
      elf_file: optionalString,
      link_with: optionalString,
      link_files: { kind: "array" },
      dynamic_objfifo_lowering: optionalBool,
    },
    regions: [{ name: "body", multiBlock: true }],
    resultName: (op) => nameOfTile("core", op.operands[0]),
    verify: verifyCoreProgram,
  }),
  defineOp("aie.event", { format: "`(` $val `)` attr-dict", attributes: { val: int({ min: 0, max: 1 }) } }),
  defineOp("aie.debug", { format: "`(` %arg `:` type(arg) `)` attr-dict", operands: ["arg"] }),
  defineOp("aie.put_stream", {
    parents: ["aie.core"],
    format: "`(` %channel `:` type(channel) `,` %streamValue `:` type(streamValue) `)` attr-dict",
    operands: ["channel", "streamValue"],
  }),
  defineOp("aie.get_stream", {
    parents: ["aie.core"],
    format: "`(` %channel `:` type(channel) `)` attr-dict `:` type(streamValue)",
    operands: ["channel"],
    results: ["streamValue"],
  }),
  defineOp("aie.put_cascade", {
    format: "`(` %cascadeValue `:` type(cascadeValue) `)` attr-dict",
    operands: ["cascadeValue"],
    verify: verifyCascadeValue,
  }),
  defineOp("aie.get_cascade", {
    format: "`(` `)` attr-dict `:` type(cascadeValue)",
    results: ["cascadeValue"],
    verify: verifyCascadeValue,
  }),
  defineOp("aie.shim_dma_allocation", {
    format: "@sym_name `(` %tile `,` $channel_dir `,` $channel_index ( `,` $packet )? `)` attr-dict",
    operands: ["tile"],
    types: { tile: index },
    attributes: {
      sym_name: string,
      channel_dir: keyword(["S2MM", "MM2S"]),
      channel_index: int({ type: i64 }),
      plio: flag,
      packet: packetInfo,
    },
    parents: ["aie.device"],
    verify: verifyShimAllocation,
  }),
];

/** `core_0_2` for something on tile (0, 2). */
export function nameOfTile(prefix: string, tile: Value | undefined): string | undefined {
  const op: Operation | undefined = tile?.definingOp;
  return op?.name === "aie.tile" ? `${prefix}_${op.int("col")}_${op.int("row")}` : undefined;
}

/** What aie-opt calls a tile in the device it stands in; outside of one, in its standard device. */
function tilePrefix(op: Operation): string {
  const [col, row] = [op.int("col") ?? 0, op.int("row") ?? 0];
  const versal = versalDevice(enclosing(op, "aie.device")?.text("device") ?? "xcvc1902");
  if (row === 0) return versal && !versal.nocColumns.includes(col) ? "shim_pl_tile" : "shim_noc_tile";
  return row <= (versal?.model.memtileRows ?? 1) ? "mem_tile" : "tile";
}

function verifyCoreProgram(op: Operation, check: Check): void {
  verifyCore(op, check);
  warnOfReleases(op, check);
}
