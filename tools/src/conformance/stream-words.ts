import { splitAddress, type TileKind, tileModels } from "@aiekit/mlir";
import type { TxnOp } from "@aiekit/xclbin";

/** One operation of an instruction stream in a line: what it writes and where. */
export function opText(op: TxnOp): string {
  switch (op.op) {
    case "write32":
      return `${registerText(op.address)} = ${hex(op.value)}`;
    case "maskwrite32":
      return `${registerText(op.address)} = ${hex(op.value)} under mask ${hex(op.mask)}`;
    case "maskpoll32":
      return `wait until ${registerText(op.address)} is ${hex(op.value)} under mask ${hex(op.mask)}`;
    case "blockwrite":
      return `${registerText(op.address)} = ${op.words.map(hex).join(" ")}`;
    case "sync":
      return `wait for tile (${op.col},${op.row}) ${op.direction === 0 ? "S2MM" : "MM2S"} ${op.channel}, ${op.cols} x ${op.rows} tiles`;
    case "addressPatch":
      return `${registerText(op.address)} = address of argument ${op.argIndex} + ${op.argPlus} bytes`;
    case "preempt":
      return `preempt, level ${op.level}`;
    case "loadPdi":
      return `load PDI ${op.id}, ${op.bytes} bytes`;
    case "noop":
      return "noop";
    case "other":
      return `operation ${hex(op.code)}`;
  }
}

/** What word `index` of an operation's record means. Records of version 0.1, source: mlir-aie TxnEncoding.h. */
export function wordMeaning(op: TxnOp, index: number): string {
  const names = recordNames[op.op];
  const name = names?.[index];
  if (name !== undefined) return `${name} word`;
  if (op.op === "blockwrite") {
    const word = index - blockHead;
    return `data word ${word}: ${bdWordMeaning(op.address, word) ?? registerText(op.address + word * 4)}`;
  }
  return `word ${index} of the operation`;
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, "0")}`;
}

/** Words in front of a blockwrite's data. */
const blockHead = 4;

const recordNames: Readonly<Partial<Record<TxnOp["op"], readonly string[]>>> = {
  write32: ["operation code", "reserved", "register address", "reserved", "value", "size"],
  maskwrite32: ["operation code", "reserved", "register address", "reserved", "value", "mask", "size"],
  maskpoll32: ["operation code", "reserved", "register address", "reserved", "value", "mask", "size"],
  blockwrite: ["operation code", "tile", "register address", "size"],
  sync: ["operation code", "size", "direction, row and column", "channel and extent"],
  addressPatch: [
    ...["operation code", "size", "reserved", "reserved", "action", "reserved"],
    ...["register address", "reserved", "argument index", "reserved", "byte offset", "byte offset, high half"],
  ],
};

/** `tile (0,0) BD 3 + 0x4`, `tile (0,2) lock 5`: what a register address belongs to. */
function registerText(address: number): string {
  const { col, row, offset } = splitAddress(address);
  const { dma, lockRegister, locks, dataBytes } = tileModels[kindOfRow(row)];
  const tile = `tile (${col},${row})`;
  const bd = Math.floor((offset - dma.bdRegister) / dma.bdRegisterStride);
  if (bd >= 0 && bd < dma.bds) {
    const rest = offset - dma.bdRegister - bd * dma.bdRegisterStride;
    return `${tile} BD ${bd}${rest === 0 ? "" : ` word ${rest / 4}`}`;
  }
  for (const direction of ["S2MM", "MM2S"] as const) {
    const from = offset - dma.controlRegister[direction];
    const channel = Math.floor(from / dma.controlRegisterStride);
    if (channel < 0 || channel >= dma.channels) continue;
    return `${tile} ${direction} ${channel} ${from % dma.controlRegisterStride === 0 ? "control" : "task queue"}`;
  }
  const lock = (offset - lockRegister) / 16;
  if (lock >= 0 && lock < locks) return `${tile} lock ${Math.floor(lock)}`;
  if (offset < dataBytes) return `${tile} data memory at 0x${offset.toString(16)}`;
  return `${tile} register 0x${offset.toString(16)}`;
}

// Source: aie-rt, DMA_BDx register layout of AIE2 and AIE2P.
const bdWordNames: Readonly<Record<TileKind, readonly string[]>> = {
  shim: [
    ...["length", "address, low half", "address, high half, and packet", "size and stride of dimension 0"],
    ...[
      "burst, size and stride of dimension 1",
      "cache attributes, stride of dimension 2",
      "iteration",
      "next BD and locks",
    ],
  ],
  memtile: [
    ...["packet and length", "next BD, address, padding before dimension 0", "size and stride of dimension 0"],
    ...[
      "size, stride and padding of dimension 1",
      "size, stride and padding of dimension 2",
      "padding after, stride of dimension 3",
    ],
    ...["iteration", "locks"],
  ],
  computeTile: [
    ...["address and length", "packet", "strides of dimensions 0 and 1"],
    ...["sizes of dimensions 0 and 1, stride of dimension 2", "iteration", "next BD and locks"],
  ],
};

/** Blockwrites to a BD's first register write its words in order. */
function bdWordMeaning(address: number, word: number): string | undefined {
  const { col, row, offset } = splitAddress(address);
  const kind = kindOfRow(row);
  const { dma } = tileModels[kind];
  const at = offset - dma.bdRegister;
  const bd = Math.floor(at / dma.bdRegisterStride);
  if (bd < 0 || bd >= dma.bds || at % dma.bdRegisterStride !== 0) return undefined;
  const name = bdWordNames[kind][word];
  return name === undefined ? undefined : `tile (${col},${row}) BD ${bd}, ${name}`;
}

function kindOfRow(row: number): TileKind {
  return row === 0 ? "shim" : row === 1 ? "memtile" : "computeTile";
}
