import { cdoCodes, cdoHeaderBytes, readCdo } from "./cdo.ts";

const smap = [0x000000dd, 0x11223344, 0x55667788, 0x99aabbcc];
// Word offsets from the file's start of image header, partition header and data.
const imageHeaderAt = 0x24;
const partitionHeaderAt = 0x34;
const dataAt = 0x54;
const pdiVersion = 0x00040000;
/** "PPDI": a partial PDI. */
const partialPdi = 0x50504449;
const idCode = 0x14ca8093;
/** 1 in every PDI of an NPU at hand (2023 to 2026, npu1 and npu2), as the BIF says. */
const extendedIdCode = 1;
const headerSizes = 0x00201020;
const metaHeaderWords = 0x30;
const imageName = "aie_image";
const imageId = 0x1c000000;
/** Partition of configuration data. */
const partitionAttributes = 0x02000006;
const cdoVersion = 0x200;
const longPayload = 255;
// Polls are not seen in files for NPUs, but bootgen narrows them like writes.
const maskPoll = 0x101;
const maskPoll64 = 0x106;

/**
 * Packs CDO files into a partial PDI, as bootgen -arch versal does: one CDO of all commands, writes and polls in their
 * 32-bit form, a block of one word as a write, the data of longer blocks at a word index congruent to their destination
 * modulo 4. `pcr` is the image header's word 0x38, which some bootgens fill with ones and others leave zero (2022.2 does).
 * @throws FormatError for files that are no CDO.
 */
export function buildPdi(
  cdoFiles: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  pcr = 0xffffffff,
): Uint8Array {
  const commands = cdoFiles.flatMap(({ name, bytes }) => fileWords(bytes, name));
  const cdoHead = [4, 0x004f4443, cdoVersion, commands.length];
  const cdo = [...cdoHead, invertedSum(cdoHead), ...commands];
  const cdoWords = cdo.length;
  while (cdo.length % 4 !== 0) cdo.push(0);

  const fixedPart = [pdiVersion, 1, imageHeaderAt, 1, partitionHeaderAt, 0, idCode, 0, 0, 0, partialPdi, headerSizes];
  const table = [...fixedPart, metaHeaderWords, 0, 0, 0, 0, extendedIdCode];
  const image = [partitionHeaderAt, 1, 0, 0, ...nameWords(imageName), imageId, 0, 0, 0, 0, 0, pcr];
  const nowhere = [0xffffffff, 0xffffffff];
  const sizes = [cdo.length, cdoWords, cdo.length];
  const partition = [...sizes, 0, 0, 0, ...nowhere, dataAt, partitionAttributes, 1];
  const words = [...smap, ...sealed(table, 32), ...sealed(image, 16), ...sealed(partition, 32), ...cdo];
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint32(i * 4, word, true);
  });
  return bytes;
}

interface RawCommand {
  readonly id: number;
  readonly payload: readonly number[];
}

/** The commands of one file; alignment is counted from the file's own header. */
function fileWords(bytes: Uint8Array, name: string): number[] {
  readCdo(bytes, name);
  const words: number[] = [];
  for (const command of rawCommands(wordsOf(bytes))) {
    const position = cdoHeaderBytes / 4 + words.length;
    for (const word of commandWords(narrowed(command), position)) words.push(word);
  }
  return words;
}

/** Commands with all words of their payload, also those that say nothing: bootgen copies the words of a NOP. */
function* rawCommands(file: readonly number[]): Generator<RawCommand> {
  const end = cdoHeaderBytes / 4 + word(file, 3);
  let at = cdoHeaderBytes / 4;
  while (at < end) {
    const head = word(file, at);
    const short = (head >>> 16) & 0xff;
    const start = short === longPayload ? at + 2 : at + 1;
    const length = short === longPayload ? word(file, at + 1) : short;
    yield { id: head & 0xffff, payload: file.slice(start, start + length) };
    at = start + length;
  }
}

/** The form without the address's high half, where that is 0. */
function narrowed(command: RawCommand): RawCommand {
  const { id, payload } = command;
  const [high, ...rest] = payload;
  switch (id) {
    case cdoCodes.write64:
      return high === 0 ? { id: cdoCodes.write, payload: rest } : command;
    case cdoCodes.maskWrite64:
      return high === 0 ? { id: cdoCodes.maskWrite, payload: rest } : command;
    case cdoCodes.dmaWrite:
      return payload.length === 3 ? narrowed({ id: cdoCodes.write64, payload }) : command;
    case maskPoll64:
      return high === 0 ? narrowed({ id: maskPoll, payload: rest }) : command;
    case maskPoll:
      // A fifth word, the flags, only where it says something.
      return payload.length === 5 && payload[4] === 0 ? { id, payload: payload.slice(0, 4) } : command;
    default:
      return command;
  }
}

function commandWords({ id, payload }: RawCommand, position: number): number[] {
  const head = header(id, payload.length);
  if (id !== cdoCodes.dmaWrite) return [...head, ...payload];
  const misplaced = (word(payload, 1) >>> 2) - (position + head.length + 2);
  const padding = ((misplaced % 4) + 4) % 4;
  if (padding === 0) return [...head, ...payload];
  return [...header(cdoCodes.nop, padding - 1), ...Array<number>(padding - 1).fill(0), ...head, ...payload];
}

/** One word, or two where the length does not fit in 8 bits. */
function header(id: number, payloadWords: number): number[] {
  return payloadWords < longPayload ? [(payloadWords << 16) | id] : [(longPayload << 16) | id, payloadWords];
}

/** A header of `count` words: zeros after the given ones, the inverted sum last. */
function sealed(words: readonly number[], count: number): number[] {
  const body = [...words, ...Array<number>(count - 1 - words.length).fill(0)];
  return [...body, invertedSum(body)];
}

function invertedSum(words: readonly number[]): number {
  return ~words.reduce((sum, word) => sum + word, 0) >>> 0;
}

function nameWords(name: string): number[] {
  const field = new Uint8Array(16);
  field.set(new TextEncoder().encode(name));
  return wordsOf(field);
}

function word(words: readonly number[], index: number): number {
  return words[index] ?? 0;
}

function wordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}
