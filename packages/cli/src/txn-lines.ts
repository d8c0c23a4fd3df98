import type { TxnOp, TxnStream } from "@aiekit/xclbin";

/** An instruction stream for people: its header, then one line an operation. */
export function txnLines(stream: TxnStream, name: string): readonly string[] {
  const { major, minor, deviceGeneration, cols, rows, memtileRows, ops } = stream;
  const array = `${cols} column(s), ${rows} rows, ${memtileRows} of mem tiles`;
  const width = `${ops.length - 1}`.length;
  return [
    `${name}: TXN ${major}.${minor}, device generation ${deviceGeneration} (${generationName(deviceGeneration)}), ${array}`,
    `${ops.length} operations`,
    ...ops.map((op, i) => `  ${`${i}`.padStart(width)}  ${op.op.padEnd(12)}  ${describeOp(op)}`.trimEnd()),
  ];
}

function generationName(generation: number): string {
  if (generation === 3) return "npu1";
  return generation === 4 ? "npu2" : "unknown";
}

function describeOp(op: TxnOp): string {
  switch (op.op) {
    case "write32":
      return `${place(op.address)} = ${hex(op.value)}`;
    case "maskwrite32":
      return `${place(op.address)} = ${hex(op.value)} under mask ${hex(op.mask)}`;
    case "maskpoll32":
      return `${place(op.address)} until ${hex(op.value)} under mask ${hex(op.mask)}`;
    case "blockwrite":
      return `${place(op.address)} = ${op.words.map(hex).join(" ")}`;
    case "sync":
      return `tile (${op.col},${op.row}) ${op.direction === 0 ? "S2MM" : "MM2S"} ${op.channel}, ${op.cols} x ${op.rows} tiles`;
    case "addressPatch":
      return `${place(op.address)} = address of bo${op.argIndex} + ${op.argPlus} bytes`;
    case "noop":
      return "";
    case "preempt":
      return `level ${op.level}`;
    case "loadPdi":
      return `id ${op.id}, ${op.bytes} bytes at 0x${op.address.toString(16)}`;
    case "other":
      return `code ${hex(op.code)}: ${op.words.map(hex).join(" ")}`;
  }
}

// Array addresses: col << 25 | row << 20 | offset in the tile.
function place(address: number): string {
  const col = address >>> 25;
  const row = (address >>> 20) & 0x1f;
  return `tile (${col},${row}) ${hex(address & 0xfffff)}`;
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
