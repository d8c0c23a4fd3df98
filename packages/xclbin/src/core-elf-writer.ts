import { UsageError } from "@aiekit/core";
import { type CoreElf, elfLayout, elfTypes } from "./core-elf.ts";

/**
 * Bytes of an ELF: headers, tables, contents and symbols encoded anew, each at the place that the record names. What lies
 * between them is zero unless `between` gives it (bytes that no header speaks of, for example a linker's padding).
 * @throws UsageError for a table or content that lies outside `fileBytes`.
 */
export function writeCoreElf(
  elf: Omit<CoreElf, "name" | "programBytes" | "dataBytes">,
  between?: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(elf.fileBytes);
  if (between !== undefined) bytes.set(between.subarray(0, elf.fileBytes));
  const view = new DataView(bytes.buffer);
  const { headerBytes, segmentBytes, sectionBytes, symbolBytes } = elfLayout;
  const reserve = (at: number, size: number, what: string): void => {
    if (size === 0 || at + size <= bytes.length) return;
    throw new UsageError(`ELF: ${what}: ${size} bytes at ${at}, the file is to have ${bytes.length}`);
  };

  reserve(0, headerBytes, "header");
  for (const { data, offset, name } of elf.sections) {
    reserve(offset, data.length, `section ${name}`);
    if (data.length > 0) bytes.set(data, offset);
  }
  for (const [i, { data, offset }] of elf.segments.entries()) {
    reserve(offset, data.length, `segment ${i}`);
    if (data.length > 0) bytes.set(data, offset);
  }
  const table = elf.sections.find(({ type }) => type === elfTypes.symbolTable);
  for (const [i, symbol] of (table === undefined ? [] : elf.symbols).entries()) {
    const at = table!.offset + i * symbolBytes;
    reserve(at, symbolBytes, `symbol ${symbol.name}`);
    putWords(view, at, [symbol.nameOffset, symbol.value, symbol.sizeBytes]);
    view.setUint8(at + 12, (symbol.binding << 4) | symbol.type);
    view.setUint8(at + 13, symbol.other);
    view.setUint16(at + 14, symbol.sectionIndex, true);
  }

  const { segments, sections, programHeaderOffset, sectionHeaderOffset } = elf;
  reserve(programHeaderOffset, segments.length * segmentBytes, "program header table");
  for (const [i, s] of segments.entries()) {
    const place = [s.type, s.offset, s.virtualAddress, s.physicalAddress, s.data.length, s.memoryBytes];
    putWords(view, programHeaderOffset + i * segmentBytes, [...place, s.flags, s.alignment]);
  }
  reserve(sectionHeaderOffset, sections.length * sectionBytes, "section header table");
  for (const [i, s] of sections.entries()) {
    const place = [s.nameOffset, s.type, s.flags, s.address, s.offset, s.sizeBytes];
    putWords(view, sectionHeaderOffset + i * sectionBytes, [...place, s.link, s.info, s.alignment, s.entryBytes]);
  }
  bytes.set(elf.ident);
  view.setUint16(16, elf.type, true);
  view.setUint16(18, elf.machine, true);
  putWords(view, 20, [elf.version, elf.entry, programHeaderOffset, sectionHeaderOffset, elf.flags]);
  const entrySizes = [segments.length === 0 ? 0 : segmentBytes, sections.length === 0 ? 0 : sectionBytes];
  const counts = [headerBytes, entrySizes[0]!, segments.length, entrySizes[1]!, sections.length, elf.sectionNamesIndex];
  counts.forEach((count, i) => {
    view.setUint16(40 + i * 2, count, true);
  });
  return bytes;
}

function putWords(view: DataView, at: number, words: readonly number[]): void {
  words.forEach((word, i) => {
    view.setUint32(at + i * 4, word, true);
  });
}
