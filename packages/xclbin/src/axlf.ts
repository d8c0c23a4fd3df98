import { fixedText } from "./fixed-text.ts";
import { refuseForeignFile } from "./foreign-file.ts";
import { sectionKindName } from "./section-kinds.ts";
import { failAt, rangeOf, type SectionSource, sectionSource, textField } from "./section-source.ts";
import { uuidBytes, uuidText } from "./uuid.ts";

/** Fields of the fixed part that say something. Times are seconds since 1970. */
export interface AxlfHeader {
  /** -1 where the file is not signed. */
  readonly signatureLength: number;
  readonly uniqueId: bigint;
  readonly timestampSeconds: bigint;
  readonly featureRomTimestamp: bigint;
  readonly versionMajor: number;
  readonly versionMinor: number;
  readonly versionPatch: number;
  /** 0 = flat. */
  readonly mode: number;
  readonly actionMask: number;
  readonly interfaceUuid: string;
  readonly platform: string;
  readonly uuid: string;
  readonly debugBin: string;
}

export interface AxlfSection {
  readonly kind: number;
  readonly name: string;
  /** Where it lies in the file; ignored by the writer. */
  readonly offset: number;
  readonly data: Uint8Array;
}

/** An xclbin as a container, its sections not interpreted. */
export interface Axlf {
  readonly header: AxlfHeader;
  readonly sections: readonly AxlfSection[];
  /** What follows the last section: xclbinutil's JSON mirror of the header. */
  readonly trailer: Uint8Array;
}

const magic = "xclbin2\0";
const fixedBytes = 456;
const sectionHeaderBytes = 40;
const sectionLimit = 0x10000;
const alignment = 8;

/**
 * Takes an xclbin apart. The sections' data are views of `bytes`, not copies.
 * @throws FormatError with section and byte offset: wrong magic, cut off, sections outside the file or over one another.
 * Source: XRT core/include/xrt/detail/xclbin.h, struct axlf.
 */
export function readAxlf(bytes: Uint8Array, name: string): Axlf {
  refuseForeignFile(bytes, name, "an xclbin");
  const source = sectionSource(name, 0, bytes);
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, magic.length));
  if (start !== magic) failAt(source, 0, `expected an xclbin (first bytes "xclbin2"), got ${JSON.stringify(start)}`);
  rangeOf(source, 0, fixedBytes, "header");
  const { view } = source;
  const declared = view.getBigUint64(304, true);
  if (declared !== BigInt(bytes.length)) {
    const how = declared > BigInt(bytes.length) ? "the file is cut off" : "something was appended";
    failAt(source, 304, `header: file of ${declared} bytes declared, got ${bytes.length}: ${how}`);
  }

  const header: AxlfHeader = {
    signatureLength: view.getInt32(8, true),
    uniqueId: view.getBigUint64(296, true),
    timestampSeconds: view.getBigUint64(312, true),
    featureRomTimestamp: view.getBigUint64(320, true),
    versionPatch: view.getUint16(328, true),
    versionMajor: view.getUint8(330),
    versionMinor: view.getUint8(331),
    mode: view.getUint16(332, true),
    actionMask: view.getUint16(334, true),
    interfaceUuid: uuidText(bytes.subarray(336, 352)),
    platform: textField(source, 352, 64, "platform"),
    uuid: uuidText(bytes.subarray(416, 432)),
    debugBin: textField(source, 432, 16, "debug_bin"),
  };
  const sections = readSectionTable(source);
  const end = Math.max(fixedBytes, ...sections.map(({ offset, data }) => offset + data.length));
  return { header, sections, trailer: bytes.subarray(end) };
}

/** The xclbin in a file that goes on behind it; the whole file where it does not, or where it is none. For those who look inside. */
export function withoutAppended(bytes: Uint8Array): Uint8Array {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, magic.length));
  if (start !== magic || bytes.length < fixedBytes) return bytes;
  const declared = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(304, true);
  return declared >= BigInt(fixedBytes) && declared < BigInt(bytes.length)
    ? bytes.subarray(0, Number(declared))
    : bytes;
}

/** In which part of an xclbin a byte lies: `byte 12 of section AIE_PARTITION`. @throws FormatError for what is no xclbin. */
export function placeInXclbin(bytes: Uint8Array, at: number, name = "xclbin"): string {
  const { sections } = readAxlf(withoutAppended(bytes), name);
  if (at < fixedBytes) return "in the header";
  if (at < fixedBytes + sections.length * sectionHeaderBytes) return "in the section table";
  const section = sections.find(({ offset, data }) => at >= offset && at < offset + data.length);
  if (section === undefined) return "between or behind the sections";
  return `byte ${at - section.offset} of section ${sectionKindName(section.kind)}`;
}

/**
 * Puts an xclbin together: sections in the given order, each at a multiple of 8 bytes, then the trailer.
 * @throws UsageError for a section name over 15 bytes or a field that does not fit.
 */
export function writeAxlf({ header, sections, trailer }: Axlf): Uint8Array {
  const placed = placedSections(sections);
  const last = placed.at(-1);
  // The mirror text of xclbinutil begins right where the last section ends.
  const end = last === undefined ? fixedBytes : last.offset + last.data.length;
  const bytes = new Uint8Array(end + trailer.length);
  const view = new DataView(bytes.buffer);
  bytes.fill(0xff, 12, 296);
  bytes.set(new TextEncoder().encode(magic));
  view.setInt32(8, header.signatureLength, true);
  view.setBigUint64(296, header.uniqueId, true);
  view.setBigUint64(304, BigInt(bytes.length), true);
  view.setBigUint64(312, header.timestampSeconds, true);
  view.setBigUint64(320, header.featureRomTimestamp, true);
  view.setUint16(328, header.versionPatch, true);
  view.setUint8(330, header.versionMajor);
  view.setUint8(331, header.versionMinor);
  view.setUint16(332, header.mode, true);
  view.setUint16(334, header.actionMask, true);
  bytes.set(uuidBytes(header.interfaceUuid), 336);
  bytes.set(fixedText(header.platform, 64, "platform"), 352);
  bytes.set(uuidBytes(header.uuid), 416);
  bytes.set(fixedText(header.debugBin, 16, "debug_bin"), 432);
  view.setUint32(448, sections.length, true);

  for (const [i, { kind, name, offset, data }] of placed.entries()) {
    const base = fixedBytes + i * sectionHeaderBytes;
    view.setUint32(base, kind, true);
    bytes.set(fixedText(name, 16, `name of section ${sectionKindName(kind)}`), base + 4);
    view.setBigUint64(base + 24, BigInt(offset), true);
    view.setBigUint64(base + 32, BigInt(data.length), true);
    bytes.set(data, offset);
  }
  bytes.set(trailer, end);
  return bytes;
}

/** The sections with the offsets that the writer gives them. */
export function placedSections(sections: readonly AxlfSection[]): AxlfSection[] {
  let at = fixedBytes + sections.length * sectionHeaderBytes;
  return sections.map((section) => {
    const offset = align(at);
    at = offset + section.data.length;
    return { ...section, offset };
  });
}

function readSectionTable(source: SectionSource): AxlfSection[] {
  const { view, bytes } = source;
  const count = view.getUint32(448, true);
  const room = Math.min(sectionLimit, Math.floor((bytes.length - fixedBytes) / sectionHeaderBytes));
  if (count > room) failAt(source, 448, `header: ${count} sections declared, the file has room for ${room} headers`);
  const tableEnd = fixedBytes + count * sectionHeaderBytes;

  const sections = Array.from({ length: count }, (_, i): AxlfSection => {
    const base = fixedBytes + i * sectionHeaderBytes;
    const kind = view.getUint32(base, true);
    const what = `section ${i} (${sectionKindName(kind)})`;
    const name = textField(source, base + 4, 16, what);
    const [offset, size] = [view.getBigUint64(base + 24, true), view.getBigUint64(base + 32, true)];
    if (offset < BigInt(tableEnd) || offset > BigInt(bytes.length)) {
      failAt(source, base + 24, `${what}: expected an offset of ${tableEnd} to ${bytes.length}, got ${offset}`);
    }
    const left = BigInt(bytes.length) - offset;
    if (size > left)
      failAt(source, base + 32, `${what}: ${size} bytes at ${offset} declared, ${left} left in the file`);
    return { kind, name, offset: Number(offset), data: rangeOf(source, Number(offset), Number(size), what) };
  });
  refuseOverlap(source, sections);
  return sections;
}

function refuseOverlap(source: SectionSource, sections: readonly AxlfSection[]): void {
  const inFileOrder = [...sections].sort((a, b) => a.offset - b.offset);
  for (const [i, section] of inFileOrder.entries()) {
    const before = inFileOrder[i - 1];
    if (before === undefined || before.offset + before.data.length <= section.offset) continue;
    const [first, second] = [sectionKindName(before.kind), sectionKindName(section.kind)];
    failAt(source, section.offset, `section ${second} at ${section.offset} lies over section ${first}`);
  }
}

function align(offset: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
