import { isLegacyStream, type LegacyOp, legacyProlog, readLegacyStream } from "./legacy-stream.ts";
import { bdFields, bdText } from "./registers/bd-fields.ts";
import { arrayAddress } from "./registers/register-at.ts";
import {
  blockBds,
  describePlace,
  describeWrite,
  placeText,
  type RegisterWrite,
  writeText,
} from "./registers/register-write.ts";
import { readTxn, type TxnOp, type TxnStream } from "./txn.ts";
import { txnOpName } from "./txn-opcodes.ts";
import { instructionWords, isHexText } from "./txn-words.ts";

/** One operation by name. */
export interface OperationDescription extends Partial<RegisterWrite> {
  /** Byte offset in the stream's binary form. */
  readonly at: number;
  readonly op: string;
  /** All of it in words, place included. */
  readonly text: string;
  readonly words?: readonly string[];
  readonly bds?: readonly { readonly bd: number; readonly text: string }[];
}

export interface StreamDescription {
  readonly name: string;
  /** "TXN", or "before June 2024" for the older kind. */
  readonly generation: "TXN" | "before June 2024";
  readonly form: "binary" | "text";
  readonly bytes: number;
  /** Header of a TXN stream; of the older kind nothing is known but the prolog. */
  readonly header:
    | (Omit<TxnStream, "ops"> & { readonly device: "npu1" | "npu2" | "unknown" })
    | { readonly prolog: string };
  readonly operations: readonly OperationDescription[];
  /** What is not as it should be, with byte offsets. */
  readonly problems: readonly string[];
  /** Bytes from the first operation on that is unknown. */
  readonly uninterpretedBytes: number;
}

/**
 * Describes an instruction stream of either kind as far as it can be read.
 * @throws FormatError where it is no stream at all.
 */
export function describeStream(bytes: Uint8Array, name = "instruction stream"): StreamDescription {
  const form = isHexText(bytes) ? "text" : "binary";
  const words = instructionWords(bytes, name);
  if (isLegacyStream(words)) return describeLegacy(bytes, name, form);
  const { stream, offsets, complaints, rest } = readTxn(bytes, name);
  const { ops, ...header } = stream;
  return {
    name,
    generation: "TXN",
    form,
    bytes: words.length * 4,
    header: { ...header, device: deviceOf(stream.deviceGeneration) },
    operations: ops.map((op, i) => ({ at: offsets[i] ?? 0, ...describeOp(op) })),
    problems: [...new Set([...complaints, ...(rest === undefined ? [] : [rest.why])].map(({ message }) => message))],
    uninterpretedBytes: (rest?.words.length ?? 0) * 4,
  };
}

export function streamLines(d: StreamDescription): string[] {
  const width = `${d.operations.length - 1}`.length;
  return [
    `${d.name}: ${headerText(d)}${d.form === "text" ? ", as text" : ""}`,
    `${d.operations.length} operations, ${d.bytes} bytes`,
    ...d.operations.flatMap(({ op, text, bds }, i) => [
      `  ${`${i}`.padStart(width)}  ${op.padEnd(12)}  ${text}`.trimEnd(),
      ...(bds ?? []).map((bd) => `  ${" ".repeat(width)}    DMA_BD${bd.bd}: ${bd.text}`),
    ]),
    ...d.problems.map((problem) => `PROBLEM ${problem}`),
    ...(d.uninterpretedBytes > 0 ? [`${d.uninterpretedBytes} bytes are not interpreted`] : []),
  ];
}

function headerText({ generation, header }: StreamDescription): string {
  if ("prolog" in header) return `stream of the kind of ${generation}, ${header.prolog}`;
  const { major, minor, deviceGeneration, device, cols, rows, memtileRows } = header;
  const array = `${cols} column(s), ${rows} rows, ${memtileRows} of mem tiles`;
  return `${generation} ${major}.${minor}, device generation ${deviceGeneration} (${device}), ${array}`;
}

function describeLegacy(bytes: Uint8Array, name: string, form: "binary" | "text"): StreamDescription {
  const { prolog, ops, offsets, rest } = readLegacyStream(bytes, name);
  const isUsual = prolog.every((word, i) => word === legacyProlog[i]);
  return {
    name,
    generation: "before June 2024",
    form,
    bytes: instructionWords(bytes, name).length * 4,
    header: {
      prolog: isUsual ? `the usual prolog of ${prolog.length} words` : `an unusual prolog: ${hexWords(prolog)}`,
    },
    operations: ops.map((op, i) => ({ at: offsets[i] ?? 0, ...describeLegacyOp(op) })),
    problems: rest === undefined ? [] : [rest.why.message],
    uninterpretedBytes: (rest?.words.length ?? 0) * 4,
  };
}

type Said = Omit<OperationDescription, "at">;

function describeLegacyOp(op: LegacyOp): Said {
  switch (op.op) {
    case "write32": {
      const write = describeWrite(arrayAddress(op.col, op.row & 0x1f, op.address & 0xfffff), op.value);
      return { op: op.op, ...write, text: writeText(write) };
    }
    case "sync":
      return { op: op.op, text: syncText(op) };
    case "writeBd": {
      const place = describePlace(arrayAddress(op.col, 0, 0x1d000 + op.bd * 0x20));
      const bds = [{ bd: op.bd, text: bdText("shim", bdFields("shim", op.words)) }];
      const text = `${placeText(place)} in buffer ${op.buffer} of the call, ${op.cols} column(s)`;
      return { op: op.op, ...place, words: op.words.map(hex), bds, text };
    }
  }
}

function describeOp(op: TxnOp): Said {
  switch (op.op) {
    case "write32": {
      const write = describeWrite(op.address, op.value);
      return { op: op.op, ...write, text: writeText(write) };
    }
    case "maskwrite32":
    case "maskpoll32": {
      const write = describeWrite(op.address, op.value, op.mask);
      const text = op.op === "maskwrite32" ? writeText(write) : `until ${writeText(write)}`;
      return { op: op.op, ...write, text };
    }
    case "blockwrite": {
      const place = describePlace(op.address);
      const bds = blockBds(op.address, op.words);
      const words = op.words.map(hex);
      const said = bds.length > 0 ? `${op.words.length} words` : words.join(" ");
      return { op: op.op, ...place, words, ...(bds.length > 0 ? { bds } : {}), text: `${placeText(place)} = ${said}` };
    }
    case "sync":
      return { op: op.op, text: syncText(op) };
    case "addressPatch": {
      const place = describePlace(op.address);
      return {
        op: op.op,
        ...place,
        text: `${placeText(place)} = address of bo${op.argIndex} + ${plusText(op.argPlus)}`,
      };
    }
    case "noop":
      return { op: op.op, text: "" };
    case "preempt":
      return { op: op.op, text: `level ${op.level}` };
    case "loadPdi":
      return { op: op.op, text: `id ${op.id}, ${op.bytes} bytes at 0x${op.address.toString(16)}` };
    case "other": {
      const words = op.words.map(hex);
      return { op: "other", words, text: `${txnOpName(op.code)}: ${words.join(" ")}` };
    }
  }
}

// Offset that mlir-aie 1.4 folds into the byte offset of the sixth and later buffers.
const foldedOffset = 0x80000000;

function plusText(argPlus: number): string {
  if (argPlus < foldedOffset || argPlus >= 2 * foldedOffset) return `${argPlus} bytes`;
  return `${argPlus - foldedOffset} bytes + 0x${foldedOffset.toString(16)}`;
}

function syncText(op: {
  readonly col: number;
  readonly row: number;
  readonly direction: number;
  readonly channel: number;
  readonly cols: number;
  readonly rows: number;
}): string {
  const direction = op.direction === 0 ? "S2MM" : "MM2S";
  return `tile (${op.col},${op.row}) ${direction} ${op.channel}, ${op.cols} x ${op.rows} tiles`;
}

function deviceOf(generation: number): "npu1" | "npu2" | "unknown" {
  if (generation === 3) return "npu1";
  return generation === 4 ? "npu2" : "unknown";
}

function hexWords(words: readonly number[]): string {
  return words.map(hex).join(" ");
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
