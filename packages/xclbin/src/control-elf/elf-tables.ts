import type { ElfSection } from "../core-elf.ts";
import { failAt, rangeOf, requireRange, type SectionSource } from "../section-source.ts";

/** An entry of .dynsym; `at` is its byte offset in the file. */
export interface DynamicSymbol {
  readonly at: number;
  readonly name: string;
  readonly sizeBytes: number;
  readonly sectionIndex: number;
}

/** An entry of .rela.dyn; `at` is its byte offset in the file, `offset` the place in its section. */
interface Relocation {
  readonly at: number;
  readonly offset: number;
  readonly symbolIndex: number;
  readonly type: number;
  readonly addend: number;
}

const symbolBytes = 16;
const relocationBytes = 12;
// XRT's own names have a dozen letters; the limit bounds what a hostile file can ask for.
const nameLimit = 256;

export function sectionNamed(sections: readonly ElfSection[], name: string): ElfSection | undefined {
  return sections.find((section) => section.name === name);
}

/** @throws FormatError for a table that is missing or cut off, or a name outside .dynstr. */
export function readDynamicSymbols(source: SectionSource, sections: readonly ElfSection[]): readonly DynamicSymbol[] {
  const table = sectionNamed(sections, ".dynsym");
  const strings = sectionNamed(sections, ".dynstr")?.data;
  if (table === undefined || strings === undefined) {
    return failAt(source, 32, "expected .dynsym and .dynstr beside .rela.dyn");
  }
  requireWhole(source, table, symbolBytes);
  const view = new DataView(table.data.buffer, table.data.byteOffset, table.data.byteLength);
  return Array.from({ length: table.data.length / symbolBytes }, (_, i) => {
    const entry = i * symbolBytes;
    const at = table.offset + entry;
    const nameAt = view.getUint32(entry, true);
    if (nameAt >= strings.length) {
      failAt(source, at, `symbol ${i}: expected a name below ${strings.length} in .dynstr, got ${nameAt}`);
    }
    const end = strings.subarray(nameAt, nameAt + nameLimit).indexOf(0);
    if (end < 0) failAt(source, at, `symbol ${i}: expected a name that ends within ${nameLimit} bytes`);
    return {
      at,
      name: new TextDecoder("latin1").decode(strings.subarray(nameAt, nameAt + end)),
      sizeBytes: view.getUint32(entry + 8, true),
      sectionIndex: view.getUint16(entry + 14, true),
    };
  });
}

export function readRelocations(source: SectionSource, table: ElfSection): readonly Relocation[] {
  requireWhole(source, table, relocationBytes);
  const view = new DataView(table.data.buffer, table.data.byteOffset, table.data.byteLength);
  return Array.from({ length: table.data.length / relocationBytes }, (_, i) => {
    const entry = i * relocationBytes;
    const info = view.getUint32(entry + 4, true);
    return {
      at: table.offset + entry,
      offset: view.getUint32(entry, true),
      symbolIndex: info >>> 8,
      type: info & 0xff,
      addend: view.getUint32(entry + 8, true),
    };
  });
}

/** Description of a section's first note; padded lengths, as the ELF standard has them. */
export function readNote(source: SectionSource, section: ElfSection): Uint8Array {
  // A section without bytes may say that it lies anywhere.
  const fileOffset = Math.min(section.offset, source.bytes.length);
  const note = { ...source, name: `${source.name}: ${section.name}`, fileOffset, bytes: section.data };
  const view = new DataView(section.data.buffer, section.data.byteOffset, section.data.byteLength);
  requireRange(note, 0, 12, "header of the note");
  const [nameBytes, size] = [view.getUint32(0, true), view.getUint32(4, true)];
  return rangeOf(note, 12 + Math.ceil(nameBytes / 4) * 4, size, "description of the note");
}

function requireWhole(source: SectionSource, table: ElfSection, entryBytes: number): void {
  if (table.data.length % entryBytes === 0) return;
  failAt(
    source,
    table.offset,
    `${table.name}: expected entries of ${entryBytes} bytes, got ${table.data.length} in all`,
  );
}
