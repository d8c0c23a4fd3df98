import { FormatError, UsageError } from "@aiekit/core";
import { refuseForeignFile } from "./foreign-file.ts";
import { instructionWords } from "./txn-words.ts";

/** One operation of a stream of the older kind. Columns are relative to the partition. */
export type LegacyOp =
  | {
      readonly op: "write32";
      readonly col: number;
      readonly row: number;
      readonly address: number;
      readonly value: number;
    }
  | {
      readonly op: "sync";
      readonly col: number;
      readonly row: number;
      /** 0 = S2MM, 1 = MM2S. */
      readonly direction: number;
      readonly channel: number;
      readonly cols: number;
      readonly rows: number;
    }
  | {
      readonly op: "writeBd";
      readonly col: number;
      readonly cols: number;
      /** Which host buffer: 0, 1, 2 are the three of the call. */
      readonly buffer: number;
      readonly bd: number;
      readonly addressIncrement: number;
      /** Words of the BD as the shim's registers hold them; word 1 is the offset in the buffer, in bytes. */
      readonly words: readonly number[];
    };

/** A stream as mlir-aie wrote it up to June 2024, for xclbins whose kernel has no opcode argument. */
export interface LegacyStream {
  /** The words before the first operation: their number is the first of them. */
  readonly prolog: readonly number[];
  readonly ops: readonly LegacyOp[];
  /** Byte offset of each operation, in the binary form. */
  readonly offsets: readonly number[];
  /** Words from the first operation on that is unknown or cut off. */
  readonly rest: { readonly offset: number; readonly words: readonly number[]; readonly why: FormatError } | undefined;
}

/** The prolog that every such stream has. Source: mlir-aie AIETargetIPU.cpp of 2023, emitProlog. */
export const legacyProlog: readonly number[] = [
  ...[0x00000011, 0x01000405, 0x01000100, 0x0b590100, 0x000055ff, 0x00000001, 0x00000010, 0x314e5a5f, 0x635f5f31],
  ...[0x676e696c, 0x39354e5f, 0x6e693131, 0x5f727473, 0x64726f77, 0x00004573, 0x07bd9630, 0x000055ff],
];

const opCodes = { write32: 2, sync: 3, writeBd: 6 } as const;
const opWords: Readonly<Record<number, number>> = { 2: 3, 3: 2, 6: 10 };

export function isLegacyStream(words: Uint32Array): boolean {
  return words[0] === legacyProlog.length && words[1] === legacyProlog[1];
}

/**
 * Reads a stream of the older kind, binary or text.
 * @throws FormatError where the prolog is not that of such a stream; an unknown operation ends the list and is told in `rest`.
 * Source: mlir-aie AIETargetIPU.cpp of 2023, emitSync, emitWrite32, emitWriteBdShimTile.
 */
export function readLegacyStream(bytes: Uint8Array, name = "instruction stream"): LegacyStream {
  refuseForeignFile(bytes, name, "an instruction stream");
  const words = instructionWords(bytes, name);
  const errorAt = (what: string, offset: number) =>
    new FormatError(`${name}: ${what}`, { offset, hint: "the file is damaged; build the kernel again" });
  if (!isLegacyStream(words) || words.length < legacyProlog.length) {
    throw errorAt(`expected a prolog of ${legacyProlog.length} words, first word 0x00000011`, 0);
  }
  const ops: LegacyOp[] = [];
  const offsets: number[] = [];
  let rest: LegacyStream["rest"];
  for (let at = legacyProlog.length; at < words.length; ) {
    const code = words[at]! >>> 24;
    const length = opWords[code];
    const left = words.length - at;
    const op = length === undefined || length > left ? undefined : legacyOp([...words.subarray(at, at + length)], code);
    if (length === undefined || op === undefined) {
      const what = `op ${ops.length} at byte ${at * 4}: `;
      const why =
        length === undefined
          ? `${what}expected operation 2 (write32), 3 (sync) or 6 (writeBd), got ${code}`
          : length > left
            ? `${what}${nameOf(code)}: record of ${length * 4} bytes, only ${left * 4} left`
            : `${what}${nameOf(code)}: reserved bits of word 0 or 1 are in use`;
      rest = { offset: at * 4, words: [...words.subarray(at)], why: errorAt(why, at * 4) };
      break;
    }
    ops.push(op);
    offsets.push(at * 4);
    at += length;
  }
  return { prolog: [...words.subarray(0, legacyProlog.length)], ops, offsets, rest };
}

/** Words of the stream, every operation encoded anew. */
export function legacyWords({ prolog, ops, rest }: LegacyStream): number[] {
  return [...prolog, ...ops.flatMap(encodeLegacyOp), ...(rest?.words ?? [])];
}

function encodeLegacyOp(op: LegacyOp): number[] {
  switch (op.op) {
    case "write32":
      return [join(opCodes.write32, op.col, op.row, 0), op.address, op.value];
    case "sync":
      return [join(opCodes.sync, op.col, op.row, op.direction), join(op.channel, op.cols, op.rows, 0)];
    case "writeBd": {
      if (op.words.length !== 8) throw new UsageError(`writeBd: expected 8 words, got ${op.words.length}`);
      return [join(opCodes.writeBd, op.col, op.cols, (op.buffer << 4) | op.bd), op.addressIncrement, ...op.words];
    }
  }
}

/** The operation that a record stands for; undefined where bits are set that it has no place for. */
function legacyOp(record: readonly number[], code: number): LegacyOp | undefined {
  const [w0 = 0, w1 = 0, w2 = 0] = record;
  const [col, row, low] = [(w0 >>> 16) & 0xff, (w0 >>> 8) & 0xff, w0 & 0xff];
  if (code === opCodes.write32) return low === 0 ? { op: "write32", col, row, address: w1, value: w2 } : undefined;
  if (code === opCodes.writeBd) {
    const head = { col, cols: row, buffer: low >>> 4, bd: low & 0xf };
    return { op: "writeBd", ...head, addressIncrement: w1, words: record.slice(2) };
  }
  const extent = { channel: w1 >>> 24, cols: (w1 >>> 16) & 0xff, rows: (w1 >>> 8) & 0xff };
  return low <= 1 && (w1 & 0xff) === 0 ? { op: "sync", col, row, direction: low, ...extent } : undefined;
}

function nameOf(code: number): string {
  return Object.entries(opCodes).find(([, number]) => number === code)?.[0] ?? `operation ${code}`;
}

function join(a: number, b: number, c: number, d: number): number {
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
