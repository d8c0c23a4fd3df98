import { UsageError } from "@aiekit/core";
import { type CdoCommand, cdoCodes, cdoHeaderBytes, readCdo } from "./cdo.ts";

const smap = [0x000000dd, 0x11223344, 0x55667788, 0x99aabbcc];
// Word offsets from the file's start of image header, partition header and data.
const imageHeaderAt = 0x24;
const partitionHeaderAt = 0x34;
const dataAt = 0x54;
const pdiVersion = 0x00040000;
/** "PPDI": a partial PDI. */
const partialPdi = 0x50504449;
const idCode = 0x14ca8093;
const extendedIdCode = 1;
const headerSizes = 0x00201020;
const metaHeaderWords = 0x30;
const imageName = "aie_image";
const imageId = 0x1c000000;
/** Partition of configuration data. */
const partitionAttributes = 0x02000006;
const cdoVersion = 0x200;

/**
 * Packs CDO files into a partial PDI, as bootgen -arch versal does: one CDO of all commands, writes in their 32-bit form,
 * data placed so that word i of a block lies at an index congruent to its destination modulo 4.
 * `pcr` is the image header's word 0x38, which some bootgens fill with ones and others leave zero.
 * @throws FormatError for files that are no CDO, UsageError for an address above 4 GB.
 */
export function buildPdi(
  cdoFiles: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  pcr = 0xffffffff,
): Uint8Array {
  const commands = cdoFiles.flatMap(({ name, bytes }) => fileWords(readCdo(bytes, name).commands));
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

/** The commands of one file; alignment is counted from the file's own header. */
function fileWords(commands: readonly CdoCommand[]): number[] {
  const words: number[] = [];
  for (const command of commands) {
    const position = cdoHeaderBytes / 4 + words.length;
    for (const word of commandWords(command, position)) words.push(word);
  }
  return words;
}

function commandWords(command: CdoCommand, position: number): number[] {
  switch (command.command) {
    case "write":
      return [0x20000 | cdoCodes.write, lowAddress(command.address), command.value];
    case "maskWrite":
      return [0x30000 | cdoCodes.maskWrite, lowAddress(command.address), command.mask, command.value];
    case "nop":
      return [...header(cdoCodes.nop, command.words), ...Array<number>(command.words).fill(0)];
    case "other":
      return [...header(command.id, command.payload.length / 4), ...wordsOf(command.payload)];
    case "dmaWrite": {
      const data = wordsOf(command.data);
      const head = [...header(cdoCodes.dmaWrite, data.length + 2), 0, lowAddress(command.address)];
      const misplaced = (lowAddress(command.address) >>> 2) - (position + head.length);
      const padding = ((misplaced % 4) + 4) % 4;
      if (padding === 0) return [...head, ...data];
      return [...header(cdoCodes.nop, padding - 1), ...Array<number>(padding - 1).fill(0), ...head, ...data];
    }
  }
}

/** One word, or two where the length does not fit in 8 bits. */
function header(id: number, payloadWords: number): number[] {
  return payloadWords < 255 ? [(payloadWords << 16) | id] : [0x00ff0000 | id, payloadWords];
}

function lowAddress(address: number): number {
  if (address <= 0xffffffff) return address;
  throw new UsageError(`PDI: expected an address below 4 GB, got 0x${address.toString(16)}`);
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

function wordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}
