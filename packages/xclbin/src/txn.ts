import { FormatError, UsageError } from "@aiekit/core";
import { refuseForeignFile } from "./foreign-file.ts";
import { customOpStart, isCustomOp, type TxnDialect, txnOpCodes, txnOpName, txnOpNames } from "./txn-opcodes.ts";
import { instructionWords } from "./txn-words.ts";

/**
 * One operation of an instruction stream. Addresses are array addresses: col<<25 | row<<20 | offset, columns relative to
 * the partition. `argIndex` 0 is the first buffer of the host call (bo0), `argPlus` a byte offset in it. `other` is a
 * record that has no meaning here (timers, scratchpads, reserved words in use): it is kept word for word.
 */
export type TxnOp =
  | { readonly op: "write32"; readonly address: number; readonly value: number }
  | {
      readonly op: "blockwrite";
      readonly address: number;
      readonly words: readonly number[];
      readonly col?: number;
      readonly row?: number;
    }
  | { readonly op: "maskwrite32"; readonly address: number; readonly value: number; readonly mask: number }
  | { readonly op: "maskpoll32"; readonly address: number; readonly value: number; readonly mask: number }
  | {
      readonly op: "sync";
      /** 0 = S2MM, 1 = MM2S. */
      readonly direction: 0 | 1;
      readonly col: number;
      readonly row: number;
      readonly channel: number;
      readonly cols: number;
      readonly rows: number;
    }
  | { readonly op: "addressPatch"; readonly address: number; readonly argIndex: number; readonly argPlus: number }
  | { readonly op: "noop" }
  | { readonly op: "preempt"; readonly level: number }
  | { readonly op: "loadPdi"; readonly id: number; readonly bytes: number; readonly address: bigint }
  | { readonly op: "other"; readonly code: number; readonly words: readonly number[] };

/** An instruction stream (TXN): what the NPU's firmware, or the simulator, executes for one run. */
export interface TxnStream {
  /** 0.1 has the long records that mlir-aie writes, 1.0 the short ones of other tools. */
  readonly major: number;
  readonly minor: number;
  /** 3 = npu1 family, 4 = npu2 family. */
  readonly deviceGeneration: number;
  readonly rows: number;
  readonly cols: number;
  readonly memtileRows: number;
  readonly ops: readonly TxnOp[];
}

const headerBytes = 16;

/**
 * Bytes of an instruction stream, the size and number of operations in its header filled in.
 * @throws UsageError for a version other than 0.1 and 1.0, or a field that does not fit its place in the record.
 * Source: mlir-aie include/aie/Runtime/TxnEncoding.h; aie-rt xaie_txn.h for version 1.0.
 */
export function encodeTxn(stream: TxnStream): Uint8Array {
  const dialect = dialectOf(stream.major, stream.minor);
  if (dialect === undefined) {
    throw new UsageError(`instruction stream: expected version 0.1 or 1.0, got ${stream.major}.${stream.minor}`);
  }
  const words = stream.ops.flatMap((op, index) => {
    try {
      return encodeOp(op, dialect);
    } catch (cause) {
      throw new UsageError(`instruction stream: op ${index} (${op.op}): ${(cause as Error).message}`, { cause });
    }
  });

  const bytes = new Uint8Array(headerBytes + words.length * 4);
  const view = new DataView(bytes.buffer);
  const { major, minor, deviceGeneration, rows, cols, memtileRows } = stream;
  bytes.set([major, minor, deviceGeneration, rows, cols, memtileRows]);
  view.setUint32(8, stream.ops.length, true);
  view.setUint32(12, bytes.length, true);
  words.forEach((word, i) => {
    view.setUint32(headerBytes + i * 4, word, true);
  });
  return bytes;
}

/**
 * Reads an instruction stream, binary or as text with one hexadecimal word a line.
 * Writing the result again with `encodeTxn` gives the same words.
 * @throws FormatError with the operation's index and byte offset (of the binary form) where a record is cut off or unknown,
 * and by name for a Git LFS pointer, an ELF of the newer flow, and the streams of before June 2024.
 */
export function decodeTxn(bytes: Uint8Array, name = "instruction stream"): TxnStream {
  const { stream, complaints, rest } = readTxn(bytes, name);
  const why = complaints[0] ?? rest?.why;
  if (why !== undefined) throw why;
  return stream;
}

/** A stream as far as it could be read. */
interface TxnReading {
  readonly stream: TxnStream;
  /** Byte offset of each operation, in the binary form. */
  readonly offsets: readonly number[];
  /** What the header says that is not so. */
  readonly complaints: readonly FormatError[];
  /** Words from the first operation on that is unknown or cut off: nothing tells how long it is. */
  readonly rest: { readonly offset: number; readonly words: readonly number[]; readonly why: FormatError } | undefined;
}

/**
 * Reads an instruction stream up to the first operation that it does not know, for those who look inside.
 * @throws FormatError where there is no header of a TXN stream; what comes after it is told in the result.
 */
export function readTxn(bytes: Uint8Array, name = "instruction stream"): TxnReading {
  refuseForeignFile(bytes, name, "an instruction stream (TXN)");
  const words = instructionWords(bytes, name);
  const byteCount = words.length * 4;
  const errorAt = (what: string, offset: number): FormatError =>
    new FormatError(`${name}: ${what}`, { offset, hint: "build the kernel again, the file is damaged or no TXN" });
  const fail = (what: string, offset: number): never => {
    throw errorAt(what, offset);
  };
  if (words[0] === 0x11) {
    throw new FormatError(
      `${name}: expected a TXN stream, got the format of before June 2024 (first word 0x00000011)`,
      {
        offset: 0,
        hint: "such a stream belongs to an xclbin whose kernel has no opcode argument; build both again",
      },
    );
  }
  if (byteCount < headerBytes) fail(`expected a header of ${headerBytes} bytes, got ${byteCount}`, 0);
  const [w0 = 0, w1 = 0, opCount = 0, totalBytes = 0] = words;
  const [major, minor] = [w0 & 0xff, (w0 >>> 8) & 0xff];
  const dialect = dialectOf(major, minor);
  if (dialect === undefined) return fail(`header: expected TXN version 0.1 or 1.0, got ${major}.${minor}`, 0);
  const complaints: FormatError[] = [];
  const complain = (what: string, offset: number) => complaints.push(errorAt(what, offset));
  if (w1 >>> 16 !== 0) complain(`header: expected zeros in bytes 6 and 7, got 0x${(w1 >>> 16).toString(16)}`, 6);
  if (totalBytes !== byteCount) complain(`header: stream of ${totalBytes} bytes declared, file holds ${byteCount}`, 12);

  const ops: TxnOp[] = [];
  const offsets: number[] = [];
  let at = headerBytes / 4;
  let rest: TxnReading["rest"];
  // Records end where the header says; what is behind is no part of the stream.
  const isLonger = totalBytes >= headerBytes && totalBytes < byteCount && totalBytes % 4 === 0;
  const own = isLonger ? words.subarray(0, totalBytes / 4) : words;
  while (at < own.length && rest === undefined) {
    try {
      const { op, wordCount } = decodeOp({ words: own, at, dialect, index: ops.length, fail });
      ops.push(op);
      offsets.push(at * 4);
      at += wordCount;
    } catch (why) {
      if (!(why instanceof FormatError)) throw why;
      rest = { offset: at * 4, words: [...words.subarray(at)], why };
    }
  }
  if (rest === undefined && ops.length !== opCount) {
    complain(`header: ${opCount} operations declared, found ${ops.length}`, 8);
  }
  if (rest === undefined && isLonger) {
    rest = { offset: totalBytes, words: [...words.subarray(totalBytes / 4)], why: complaints[0]! };
  }
  const header = { deviceGeneration: (w0 >>> 16) & 0xff, rows: w0 >>> 24, cols: w1 & 0xff };
  return {
    stream: { major, minor, ...header, memtileRows: (w1 >>> 8) & 0xff, ops },
    offsets,
    complaints,
    rest,
  };
}

function dialectOf(major: number, minor: number): TxnDialect | undefined {
  if (major === 0 && minor === 1) return "long";
  return major === 1 && minor === 0 ? "short" : undefined;
}

function encodeOp(op: TxnOp, dialect: TxnDialect): number[] {
  const long = dialect === "long";
  switch (op.op) {
    case "write32": {
      const [address, value] = [u32(op.address, "address"), u32(op.value, "value")];
      return long ? [0, 0, address, 0, value, 24] : [0, address, value];
    }
    case "maskwrite32":
    case "maskpoll32": {
      const code = txnOpCodes[op.op];
      const [address, value, mask] = [u32(op.address, "address"), u32(op.value, "value"), u32(op.mask, "mask")];
      return long ? [code, 0, address, 0, value, mask, 28] : [code, address, value, mask];
    }
    case "blockwrite": {
      const payload = op.words.map((word, i) => u32(word, `word ${i}`));
      const address = u32(op.address, "address");
      const tile = field(op.col ?? 0, 8, "col") | (field(op.row ?? 0, 8, "row") << 8);
      const head = long ? [1, tile, address] : [1, address];
      return [...head, (head.length + 1 + payload.length) * 4, ...payload];
    }
    case "sync": {
      const { direction, row, col, rows, cols, channel } = op;
      const where = field(direction, 1, "direction") | (field(row, 8, "row") << 8) | (field(col, 8, "col") << 16);
      const extent = (field(rows, 8, "rows") << 8) | (field(cols, 8, "cols") << 16);
      return [txnOpCodes.sync, 16, where, (extent | (field(channel, 8, "channel") << 24)) >>> 0];
    }
    case "addressPatch": {
      const [address, argIndex] = [u32(op.address, "address"), u32(op.argIndex, "argIndex")];
      const [low, high] = [op.argPlus % 2 ** 32, Math.floor(op.argPlus / 2 ** 32)].map((w) => u32(w, "argPlus"));
      if (long) return [txnOpCodes.addressPatch, 48, 0, 0, 0, 0, address, 0, argIndex, 0, low!, high!];
      return [txnOpCodes.addressPatch, 24, address, field(argIndex, 8, "argIndex"), low!, high!];
    }
    case "noop":
      return [txnOpCodes.noop];
    case "preempt":
      return [txnOpCodes.preempt | (field(op.level, 8, "level") << 8)];
    case "loadPdi": {
      const [low, high] = [Number(op.address & 0xffffffffn), Number(op.address >> 32n)];
      const head = (txnOpCodes.loadPdi | (field(op.id, 16, "id") << 16)) >>> 0;
      return [head, u32(op.bytes, "bytes"), low, u32(high, "address")];
    }
    case "other":
      return op.words.map((word, i) => u32(word, `word ${i}`));
  }
}

interface OpSource {
  readonly words: Uint32Array;
  readonly at: number;
  readonly dialect: TxnDialect;
  readonly index: number;
  readonly fail: (what: string, offset: number) => never;
}

function decodeOp(source: OpSource): { op: TxnOp; wordCount: number } {
  const { words, at, dialect, index, fail } = source;
  const code = words[at]! & 0xff;
  const what = `op ${index} (${txnOpName(code)})`;
  const wordCount = recordWords(source, code, what);
  const left = words.length - at;
  if (wordCount > left) {
    fail(`${what} at byte ${at * 4}: record of ${wordCount * 4} bytes, only ${left * 4} left`, at * 4);
  }
  const record = [...words.subarray(at, at + wordCount)];
  const op = interpret(record, code, dialect);
  // A record that says more than its operation can (reserved words in use) is kept as it is rather than half understood.
  const same = op !== undefined && sameWords(encodeOp(op, dialect), record);
  return { op: same ? op : { op: "other", code, words: record }, wordCount };
}

/** Length of the record at `at`: fixed by its code, or told by its size word. */
function recordWords({ words, at, dialect, index, fail }: OpSource, code: number, what: string): number {
  const sizeWord = isCustomOp(code) ? 1 : code !== txnOpCodes.blockwrite ? undefined : dialect === "long" ? 3 : 2;
  if (sizeWord === undefined) {
    const fixed = txnOpNames[code]?.[dialect];
    if (fixed !== undefined) return fixed;
    return fail(
      `op ${index} at byte ${at * 4}: expected a TXN operation (0x00 to 0x0c or from 0x${customOpStart.toString(16)} on), got 0x${code.toString(16).padStart(2, "0")}`,
      at * 4,
    );
  }
  const sizeAt = at + sizeWord;
  if (sizeAt >= words.length) fail(`${what} at byte ${at * 4}: cut off before its size word`, at * 4);
  const sizeBytes = words[sizeAt]!;
  const smallest = (sizeWord + 1) * 4;
  if (sizeBytes % 4 !== 0 || sizeBytes < smallest) {
    fail(
      `${what} at byte ${at * 4}: expected a size of ${smallest} bytes or more, a multiple of 4, got ${sizeBytes}`,
      sizeAt * 4,
    );
  }
  return sizeBytes / 4;
}

/** The operation that a record stands for; undefined where it has none here. Missing words read as 0 and are caught by re-encoding. */
function interpret(record: readonly number[], code: number, dialect: TxnDialect): TxnOp | undefined {
  const long = dialect === "long";
  const word = (longAt: number, shortAt: number): number => record[long ? longAt : shortAt] ?? 0;
  switch (code) {
    case txnOpCodes.write32:
      return { op: "write32", address: word(2, 1), value: word(4, 2) };
    case txnOpCodes.maskwrite32:
    case txnOpCodes.maskpoll32: {
      const op = code === txnOpCodes.maskwrite32 ? "maskwrite32" : "maskpoll32";
      return { op, address: word(2, 1), value: word(4, 2), mask: word(5, 3) };
    }
    case txnOpCodes.blockwrite: {
      const tile = long ? word(1, 1) : 0;
      const [col, row] = [tile & 0xff, (tile >>> 8) & 0xff];
      const block = { op: "blockwrite", address: word(2, 1), words: record.slice(long ? 4 : 3) } as const;
      return tile === 0 ? block : { ...block, col, row };
    }
    case txnOpCodes.sync: {
      const [where, extent] = [record[2] ?? 0, record[3] ?? 0];
      const direction = (where & 1) as 0 | 1;
      const [row, col] = [(where >>> 8) & 0xff, (where >>> 16) & 0xff];
      const [rows, cols, channel] = [(extent >>> 8) & 0xff, (extent >>> 16) & 0xff, extent >>> 24];
      return { op: "sync", direction, col, row, channel, cols, rows };
    }
    case txnOpCodes.addressPatch: {
      const argPlus = word(10, 4) + word(11, 5) * 2 ** 32;
      const argIndex = long ? word(8, 3) : word(8, 3) & 0xff;
      return Number.isSafeInteger(argPlus) ? { op: "addressPatch", address: word(6, 2), argIndex, argPlus } : undefined;
    }
    case txnOpCodes.noop:
      return { op: "noop" };
    case txnOpCodes.preempt:
      return { op: "preempt", level: (record[0]! >>> 8) & 0xff };
    case txnOpCodes.loadPdi: {
      const address = BigInt(record[2]!) | (BigInt(record[3]!) << 32n);
      return { op: "loadPdi", id: record[0]! >>> 16, bytes: record[1]!, address };
    }
    default:
      return undefined;
  }
}

function sameWords(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((word, i) => word === b[i]);
}

function u32(value: number, what: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) return value;
  // Register values are often computed with 32-bit operators, which give negative numbers.
  if (Number.isInteger(value) && value >= -0x80000000 && value < 0) return value >>> 0;
  throw new RangeError(`${what}: expected a 32-bit word, got ${value}`);
}

function field(value: number, bits: number, what: string): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** bits) return value;
  throw new RangeError(`${what}: expected 0 to ${2 ** bits - 1}, got ${value}`);
}
