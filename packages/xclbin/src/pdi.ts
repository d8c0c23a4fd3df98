import { type Cdo, readCdo } from "./cdo.ts";
import { refuseForeignFile } from "./foreign-file.ts";
import { failAt, rangeOf, requireRange, type SectionSource, sectionSource, textField } from "./section-source.ts";

/** A partial PDI with one partition of configuration data, the only kind that NPU designs have. */
export interface Pdi {
  readonly idCode: number;
  readonly imageName: string;
  readonly imageId: number;
  readonly cdo: Cdo;
}

// Bus width words that every PDI begins with.
const smap = [0x000000dd, 0x11223344, 0x55667788, 0x99aabbcc];
const imageHeaderTable = { at: 0x10, bytes: 128 };
const imageHeaderBytes = 64;
const partitionHeaderBytes = 128;
const wordBytes = 4;

export function isPdi(bytes: Uint8Array): boolean {
  if (bytes.length < smap.length * wordBytes) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return smap.every((word, i) => view.getUint32(i * wordBytes, true) === word);
}

/**
 * Reads a PDI as bootgen -arch versal makes it for an NPU.
 * @throws FormatError with the byte offset: no PDI, more than one image or partition, a wrong checksum, a table outside.
 * Source: bootgen imageheadertable-versal.h, partitionheadertable-versal.h; all word offsets count from the file's start.
 */
export function readPdi(bytes: Uint8Array, name = "PDI"): Pdi {
  refuseForeignFile(bytes, name, "a PDI");
  const source = sectionSource(name, 0, bytes);
  if (!isPdi(bytes)) failAt(source, 0, "expected a PDI (bus width words 000000dd 11223344 ...), got something else");
  const table = checkedHeader(source, imageHeaderTable.at, imageHeaderTable.bytes, "image header table");
  const [images, partitions] = [table(0x04), table(0x0c)];
  if (images !== 1 || partitions !== 1) {
    failAt(source, imageHeaderTable.at + 4, `expected 1 image with 1 partition, got ${images} with ${partitions}`);
  }
  const imageAt = table(0x08) * wordBytes;
  const image = checkedHeader(source, imageAt, imageHeaderBytes, "image header");
  const partition = checkedHeader(source, table(0x10) * wordBytes, partitionHeaderBytes, "partition header");
  const [cdoAt, cdoBytes] = [partition(0x20) * wordBytes, partition(0x04) * wordBytes];
  const cdo = rangeOf(source, cdoAt, cdoBytes, "partition data");
  return {
    idCode: table(0x18),
    imageName: textField(source, imageAt + 0x10, 16, "image name"),
    imageId: image(0x20),
    cdo: readCdo(cdo, `${name}: CDO`, cdoAt),
  };
}

/** A header whose last word is the inverted sum of the others. Gives its words by byte offset. */
function checkedHeader(source: SectionSource, at: number, bytes: number, what: string): (offset: number) => number {
  requireRange(source, at, bytes, what);
  const word = (offset: number): number => source.view.getUint32(at + offset, true);
  let sum = 0;
  for (let offset = 0; offset < bytes - wordBytes; offset += wordBytes) sum += word(offset);
  const expected = ~sum >>> 0;
  const found = word(bytes - wordBytes);
  if (found !== expected) {
    const [a, b] = [expected, found].map((value) => `0x${value.toString(16).padStart(8, "0")}`);
    failAt(source, at + bytes - wordBytes, `${what}: expected checksum ${a}, got ${b}`);
  }
  return word;
}
