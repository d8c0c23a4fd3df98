import { FormatError } from "@aiekit/core";

/** What an ELF of one core loads and holds. Addresses are the core's own. */
export interface CoreElf {
  readonly segments: readonly ElfSegment[];
  readonly sections: readonly ElfSection[];
  readonly functions: readonly ElfFunction[];
}

export interface ElfSegment {
  readonly address: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
  readonly executable: boolean;
}

export interface ElfSection {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  readonly executable: boolean;
}

export interface ElfFunction {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
}

/**
 * Reads a 32-bit little-endian ELF. One without sections is taken: the loader looks at the segments alone.
 * Source: Tool Interface Standard, ELF 1.2.
 * @throws FormatError with the offset of what is missing or wrong.
 */
export function readCoreElf(bytes: Uint8Array, name: string): CoreElf {
  const elf: Source = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), name };
  need(elf, 0, headerBytes, "header");
  const ident = [0x7f, 0x45, 0x4c, 0x46, elfClass32, littleEndian];
  if (ident.some((byte, i) => bytes[i] !== byte)) {
    const got = [...bytes.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    fail(elf, 0, `expected a 32-bit little-endian ELF (7f 45 4c 46 01 01), got ${got}`);
  }
  return { segments: readSegments(elf), ...readSections(elf) };
}

const headerBytes = 52;
const elfClass32 = 1;
const littleEndian = 1;
const loadSegment = 1;
const executableSegment = 1;
const symbolTable = 2;
const noBits = 8;
const executableSection = 4;
const functionSymbol = 2;

interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly name: string;
}

interface Table {
  readonly offset: number;
  readonly entryBytes: number;
  readonly count: number;
}

function readSegments(elf: Source): readonly ElfSegment[] {
  const segments: ElfSegment[] = [];
  for (const at of entries(elf, { offsetAt: 28, sizesAt: 42, leastBytes: 32, what: "program header" })) {
    if (elf.view.getUint32(at, true) !== loadSegment) continue;
    const fileBytes = elf.view.getUint32(at + 16, true);
    need(elf, elf.view.getUint32(at + 4, true), fileBytes, "segment");
    segments.push({
      address: elf.view.getUint32(at + 12, true),
      fileBytes,
      memoryBytes: elf.view.getUint32(at + 20, true),
      executable: (elf.view.getUint32(at + 24, true) & executableSegment) !== 0,
    });
  }
  return segments;
}

interface Section extends ElfSection {
  readonly type: number;
  readonly offset: number;
  readonly link: number;
}

function readSections(elf: Source): Pick<CoreElf, "sections" | "functions"> {
  const starts = entries(elf, { offsetAt: 32, sizesAt: 46, leastBytes: 40, what: "section header" });
  const namesAt = starts[elf.view.getUint16(50, true)];
  const names = namesAt === undefined ? undefined : tableAt(elf, namesAt);
  const sections = starts.map((at): Section => {
    const field = (index: number): number => elf.view.getUint32(at + 4 * index, true);
    const type = field(1);
    if (type !== noBits && type !== 0) need(elf, field(4), field(5), "section");
    return {
      name: names === undefined ? "" : textAt(elf, names, field(0)),
      type,
      executable: (field(2) & executableSection) !== 0,
      address: field(3),
      offset: field(4),
      bytes: field(5),
      link: field(6),
    };
  });
  const functions = sections
    .filter(({ type }) => type === symbolTable)
    .flatMap((table) => {
      const strings = sections[table.link];
      return strings === undefined ? [] : functionsOf(elf, table, strings);
    });
  return {
    sections: sections
      .filter(({ type }) => type !== 0)
      .map(({ name, address, bytes, executable }) => ({ name, address, bytes, executable })),
    functions,
  };
}

const symbolBytes = 16;

function functionsOf(elf: Source, table: Section, strings: Section): readonly ElfFunction[] {
  return Array.from({ length: Math.floor(table.bytes / symbolBytes) }, (_, i) => table.offset + i * symbolBytes)
    .filter((at) => (elf.view.getUint8(at + 12) & 0xf) === functionSymbol)
    .map((at) => ({
      name: textAt(elf, strings, elf.view.getUint32(at, true)),
      address: elf.view.getUint32(at + 4, true),
      bytes: elf.view.getUint32(at + 8, true),
    }));
}

function tableAt(elf: Source, at: number): { readonly offset: number; readonly bytes: number } {
  const table = { offset: elf.view.getUint32(at + 16, true), bytes: elf.view.getUint32(at + 20, true) };
  need(elf, table.offset, table.bytes, "section names");
  return table;
}

function textAt(elf: Source, table: { readonly offset: number; readonly bytes: number }, at: number): string {
  if (at >= table.bytes) return "";
  const text = elf.bytes.subarray(table.offset + at, table.offset + table.bytes);
  const end = text.indexOf(0);
  return new TextDecoder().decode(end < 0 ? text : text.subarray(0, end));
}

/** Offsets of a table's entries. `offsetAt`: where the header says where it is; `sizesAt`: entry size, then count. */
function entries(
  elf: Source,
  where: { readonly offsetAt: number; readonly sizesAt: number; readonly leastBytes: number; readonly what: string },
): readonly number[] {
  const table: Table = {
    offset: elf.view.getUint32(where.offsetAt, true),
    entryBytes: elf.view.getUint16(where.sizesAt, true),
    count: elf.view.getUint16(where.sizesAt + 2, true),
  };
  if (table.count === 0) return [];
  if (table.entryBytes < where.leastBytes) {
    fail(elf, where.sizesAt, `${where.what}: expected ${where.leastBytes} bytes or more, got ${table.entryBytes}`);
  }
  need(elf, table.offset, table.entryBytes * table.count, `${where.what}s`);
  return Array.from({ length: table.count }, (_, i) => table.offset + i * table.entryBytes);
}

function need(elf: Source, offset: number, bytes: number, what: string): void {
  if (offset + bytes > elf.bytes.length) {
    fail(elf, offset, `${what}: ${bytes} bytes declared, ${Math.max(0, elf.bytes.length - offset)} left`);
  }
}

function fail(elf: Source, offset: number, what: string): never {
  throw new FormatError(`${elf.name}: byte ${offset}: ${what}`, { offset });
}
