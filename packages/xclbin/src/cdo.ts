import { failAt, requireRange, type SectionSource, sectionSource } from "./section-source.ts";

/**
 * One configuration command. Addresses are array addresses (col<<25 | row<<20 | offset); the high half is 0 on NPUs.
 * `longForm` is set where the length stands in a word of its own although it would fit beside the code.
 */
export type CdoCommand = { readonly longForm?: true } & CdoOperation;

type CdoOperation =
  | { readonly command: "write"; readonly address: number; readonly value: number; readonly wide: boolean }
  | {
      readonly command: "maskWrite";
      readonly address: number;
      readonly mask: number;
      readonly value: number;
      readonly wide: boolean;
    }
  | { readonly command: "dmaWrite"; readonly address: number; readonly data: Uint8Array }
  | {
      readonly command: "nop";
      readonly words: number;
      /** Only where a word of it is not 0. */
      readonly payload?: Uint8Array;
    }
  | { readonly command: "other"; readonly id: number; readonly payload: Uint8Array };

/** A configuration data object: what aie-translate writes and a PDI carries. */
export interface Cdo {
  readonly version: number;
  readonly commands: readonly CdoCommand[];
}

/** A CDO with everything that it takes to write it again byte for byte. */
export interface CdoFile extends Cdo {
  /** Second word of the header: "CDO" of mlir-aie and bootgen, "XLNX" of other tools. */
  readonly identifier: number;
  /** Where each command begins, in bytes from the CDO's start. */
  readonly offsets: readonly number[];
  /** What follows the last command: nothing, or zeros up to a multiple of 16 bytes. */
  readonly trailing: Uint8Array;
}

export const cdoHeaderBytes = 20;
const identifiers: readonly number[] = [0x004f4443, 0x584c4e58];
const longPayload = 255;

/** Command codes, those that occur in files for NPUs. Source: CDO files of aie-translate and PDIs of bootgen. */
export const cdoCodes = {
  maskWrite: 0x102,
  write: 0x103,
  dmaWrite: 0x105,
  maskWrite64: 0x107,
  write64: 0x108,
  nop: 0x111,
} as const;

/**
 * Reads a CDO. Data of dmaWrite are views of `bytes`.
 * @throws FormatError with the command's index and byte offset where one is cut off, or the header is none.
 */
export function readCdo(bytes: Uint8Array, name = "CDO", fileOffset = 0): CdoFile {
  const source = sectionSource(name, fileOffset, bytes);
  requireRange(source, 0, cdoHeaderBytes, "header");
  const word = (at: number): number => source.view.getUint32(at, true);
  if (word(0) !== 4 || !identifiers.includes(word(4))) {
    failAt(source, 0, `expected a CDO header (4, "CDO"), got 0x${hex(word(0))} 0x${hex(word(4))}`);
  }
  const sum = [0, 4, 8, 12].reduce((total, at) => total + word(at), 0);
  if (word(16) !== ~sum >>> 0)
    failAt(source, 16, `header: expected checksum 0x${hex(~sum >>> 0)}, got 0x${hex(word(16))}`);
  const end = cdoHeaderBytes + word(12) * 4;
  requireRange(source, cdoHeaderBytes, end - cdoHeaderBytes, "commands");

  const commands: CdoCommand[] = [];
  const offsets: number[] = [];
  let at = cdoHeaderBytes;
  while (at < end) {
    const payload = payloadOf(source, { at, end, index: commands.length });
    const operation = commandOf(source, word(at) & 0xffff, payload);
    const isNeedlesslyLong = payload.offset === at + 8 && payload.length < longPayload * 4;
    commands.push(isNeedlesslyLong ? { ...operation, longForm: true } : operation);
    offsets.push(at);
    at = payload.offset + payload.length;
  }
  return { version: word(8), commands, identifier: word(4), offsets, trailing: bytes.subarray(end) };
}

/** Name of a command's code, as bootgen's sources have it. */
export function cdoCommandName(id: number): string {
  return names[id] ?? `code 0x${id.toString(16)}`;
}

/** Source: bootgen cdo-command.h; embeddedsw xilplm. */
const names: Readonly<Record<number, string>> = {
  ...{ 257: "maskPoll", 258: "maskWrite", 259: "write", 260: "delay", 261: "dmaWrite" },
  ...{ 262: "maskPoll64", 263: "maskWrite64", 264: "write64", 265: "dmaXfer", 266: "initSeq" },
  ...{ 268: "set", 269: "dmaWriteKeyhole", 273: "nop", 279: "logString", 280: "logAddress" },
  ...{ 281: "marker", 282: "proc", 283: "blockBegin", 284: "blockEnd", 289: "scatterWrite" },
  ...{ 1796: "setImageInfo" },
};

interface Payload {
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
  readonly what: string;
}

function payloadOf(source: SectionSource, command: { at: number; end: number; index: number }): Payload {
  const { at, end, index } = command;
  const what = `command ${index} (code 0x${(source.view.getUint32(at, true) & 0xffff).toString(16)})`;
  const short = (source.view.getUint32(at, true) >>> 16) & 0xff;
  const isLong = short === longPayload;
  if (isLong && at + 8 > end) failAt(source, at, `${what}: cut off before its length`);
  const offset = at + (isLong ? 8 : 4);
  const length = (isLong ? source.view.getUint32(at + 4, true) : short) * 4;
  if (length > end - offset) failAt(source, at, `${what}: ${length} bytes declared, ${end - offset} left`);
  return { offset, length, what };
}

function commandOf(source: SectionSource, id: number, { offset, length, what }: Payload): CdoOperation {
  const word = (index: number): number => source.view.getUint32(offset + index * 4, true);
  const expectWords = (count: number, exact = true): void => {
    if (exact ? length !== count * 4 : length < count * 4) {
      failAt(source, offset - 4, `${what}: expected ${count} words, got ${length / 4}`);
    }
  };
  const payload = source.bytes.subarray(offset, offset + length);
  // Beyond 2^53 an address is no exact number: no array is there, so the command is kept as it is.
  const isWide = [cdoCodes.write64, cdoCodes.maskWrite64, cdoCodes.dmaWrite].some((code) => code === id);
  if (isWide && length >= 4 && word(0) >= 2 ** 21) return { command: "other", id, payload };
  switch (id) {
    case cdoCodes.write:
      expectWords(2);
      return { command: "write", address: word(0), value: word(1), wide: false };
    case cdoCodes.maskWrite:
      expectWords(3);
      return { command: "maskWrite", address: word(0), mask: word(1), value: word(2), wide: false };
    case cdoCodes.write64:
      expectWords(3);
      return { command: "write", address: word(0) * 2 ** 32 + word(1), value: word(2), wide: true };
    case cdoCodes.maskWrite64:
      expectWords(4);
      return { command: "maskWrite", address: word(0) * 2 ** 32 + word(1), mask: word(2), value: word(3), wide: true };
    case cdoCodes.dmaWrite: {
      expectWords(2, false);
      const data = source.bytes.subarray(offset + 8, offset + length);
      return { command: "dmaWrite", address: word(0) * 2 ** 32 + word(1), data };
    }
    case cdoCodes.nop:
      return { command: "nop", words: length / 4, ...(payload.some((byte) => byte !== 0) ? { payload } : {}) };
    default:
      return { command: "other", id, payload };
  }
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
