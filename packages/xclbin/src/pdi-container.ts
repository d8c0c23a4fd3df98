import { type CdoFile, readCdo } from "./cdo.ts";
import { refuseForeignFile } from "./foreign-file.ts";
import { failAt, rangeOf, requireRange, type SectionSource, sectionSource, textField } from "./section-source.ts";

/** An image: a named group of partitions. */
interface PdiImage {
  readonly name: string;
  readonly id: number;
  /** All words of the header but the checksum. */
  readonly words: readonly number[];
  readonly offset: number;
}

/** A partition: for NPUs a CDO. */
interface PdiPartition {
  /** 2 = configuration data (CDO). */
  readonly type: number;
  readonly dataOffset: number;
  /** Words that count; up to `totalWords` it is padding. */
  readonly dataWords: number;
  readonly totalWords: number;
  readonly content:
    | { readonly type: "cdo"; readonly cdo: CdoFile }
    | { readonly type: "opaque"; readonly data: Uint8Array };
  readonly words: readonly number[];
  readonly offset: number;
}

/** A PDI with all of its images and partitions. */
export interface PdiContainer {
  readonly idCode: number;
  readonly extendedIdCode: number;
  readonly version: number;
  /** All words of the image header table but the checksum. */
  readonly words: readonly number[];
  readonly images: readonly PdiImage[];
  readonly partitions: readonly PdiPartition[];
  readonly fileBytes: number;
}

export const pdiLayout = {
  /** Bus width words that every PDI begins with. */
  smap: [0x000000dd, 0x11223344, 0x55667788, 0x99aabbcc],
  tableAt: 0x10,
  tableWords: 32,
  imageWords: 16,
  partitionWords: 32,
} as const;

const cdoPartition = 2;

export function isPdi(bytes: Uint8Array): boolean {
  if (bytes.length < pdiLayout.smap.length * 4) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return pdiLayout.smap.every((word, i) => view.getUint32(i * 4, true) === word);
}

/**
 * Reads a PDI as bootgen -arch versal makes it. CDOs are read to their end; other partitions stay bytes.
 * @throws FormatError with the byte offset: no PDI, a wrong checksum, a table or partition outside the file.
 * Source: bootgen imageheadertable-versal.h, partitionheadertable-versal.h; all word offsets count from the file's start.
 */
export function readPdiContainer(bytes: Uint8Array, name = "PDI"): PdiContainer {
  refuseForeignFile(bytes, name, "a PDI");
  const source = sectionSource(name, 0, bytes);
  if (!isPdi(bytes)) failAt(source, 0, "expected a PDI (bus width words 000000dd 11223344 ...), got something else");
  const { tableAt, tableWords, imageWords, partitionWords } = pdiLayout;
  const table = checkedHeader(source, { at: tableAt, words: tableWords, what: "image header table" });
  const [imageCount, partitionCount] = [table[1]!, table[3]!];
  if (imageCount * imageWords * 4 > bytes.length || partitionCount * partitionWords * 4 > bytes.length) {
    const found = `${imageCount} images and ${partitionCount} partitions`;
    failAt(source, tableAt + 4, `image header table: ${found} declared, the file has ${bytes.length} bytes`);
  }
  const images = Array.from({ length: imageCount }, (_, i) => readImage(source, table[2]! * 4 + i * imageWords * 4, i));
  const partitions: PdiPartition[] = [];
  const budget = { left: bytes.length };
  for (let at = table[4]! * 4; partitions.length < partitionCount; ) {
    const partition = readPartition(source, { at, index: partitions.length, budget });
    partitions.push(partition);
    at = partition.words[3] === 0 ? at + partitionWords * 4 : partition.words[3]! * 4;
  }
  return {
    idCode: table[6]!,
    extendedIdCode: table[17]!,
    version: table[0]!,
    words: table,
    images,
    partitions,
    fileBytes: bytes.length,
  };
}

function readImage(source: SectionSource, at: number, index: number): PdiImage {
  const what = index === 0 ? "image header" : `image header ${index}`;
  const words = checkedHeader(source, { at, words: pdiLayout.imageWords, what });
  return { name: textField(source, at + 0x10, 16, "image name"), id: words[8]!, words, offset: at };
}

function readPartition(
  source: SectionSource,
  { at, index, budget }: { readonly at: number; readonly index: number; readonly budget: { left: number } },
): PdiPartition {
  const what = index === 0 ? "partition header" : `partition header ${index}`;
  const words = checkedHeader(source, { at, words: pdiLayout.partitionWords, what });
  const [dataWords, totalWords, dataOffset] = [words[1]!, words[2]!, words[8]! * 4];
  const data = rangeOf(source, dataOffset, dataWords * 4, index === 0 ? "partition data" : `partition ${index} data`);
  // Partitions over one another would make a small file ask for much work.
  budget.left -= data.length;
  if (budget.left < 0) failAt(source, at + 4, `${what}: the partitions together are larger than the file`);
  const type = (words[9]! >>> 24) & 7;
  const cdoName = index === 0 ? "CDO" : `CDO ${index}`;
  const content =
    type === cdoPartition
      ? { type: "cdo" as const, cdo: readCdo(data, `${source.name}: ${cdoName}`, dataOffset) }
      : { type: "opaque" as const, data };
  return { type, dataOffset, dataWords, totalWords, content, words, offset: at };
}

/** The words of a header whose last word is the inverted sum of the others. */
function checkedHeader(
  source: SectionSource,
  { at, words: count, what }: { readonly at: number; readonly words: number; readonly what: string },
): number[] {
  requireRange(source, at, count * 4, what);
  const words = Array.from({ length: count - 1 }, (_, i) => source.view.getUint32(at + i * 4, true));
  const [expected, found] = [invertedSum(words), source.view.getUint32(at + (count - 1) * 4, true)];
  if (found !== expected) {
    const [a, b] = [expected, found].map((value) => `0x${value.toString(16).padStart(8, "0")}`);
    failAt(source, at + (count - 1) * 4, `${what}: expected checksum ${a}, got ${b}`);
  }
  return words;
}

export function invertedSum(words: readonly number[]): number {
  return ~words.reduce((sum, word) => sum + word, 0) >>> 0;
}
