import { FormatError } from "@aiekit/core";
import { failAt, requireRange, type SectionSource, sectionSource, textField } from "./section-source.ts";

/** A piece that the loader copies into the tile (PT_LOAD), or another entry of the program header table. */
export interface ElfSegment {
  /** 1 = PT_LOAD. */
  readonly type: number;
  readonly offset: number;
  readonly virtualAddress: number;
  /** Where the loader puts it: below 0x40000 program memory, from there on data memory. */
  readonly physicalAddress: number;
  /** Bytes in the file; the rest up to `memoryBytes` is zero. */
  readonly data: Uint8Array;
  readonly memoryBytes: number;
  /** 1 = execute, 2 = write, 4 = read. */
  readonly flags: number;
  readonly alignment: number;
}

export interface ElfSection {
  readonly name: string;
  readonly nameOffset: number;
  /** 1 = PROGBITS, 2 = SYMTAB, 3 = STRTAB, 8 = NOBITS. */
  readonly type: number;
  /** 1 = write, 2 = alloc, 4 = execute. */
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Empty for NOBITS. */
  readonly data: Uint8Array;
  readonly link: number;
  readonly info: number;
  readonly alignment: number;
  readonly entryBytes: number;
}

export interface ElfSymbol {
  readonly name: string;
  readonly nameOffset: number;
  readonly value: number;
  readonly sizeBytes: number;
  /** 0 = local, 1 = global, 2 = weak. */
  readonly binding: number;
  /** 0 = none, 1 = object, 2 = function, 3 = section, 4 = file. */
  readonly type: number;
  readonly other: number;
  /** Index of its section; 0 = undefined, 0xfff1 = absolute. */
  readonly sectionIndex: number;
}

/** One core's program, or an object file that becomes part of one. */
export interface CoreElf {
  readonly name: string;
  /** 264 = AIE. */
  readonly machine: number;
  /** The 16 identification bytes. */
  readonly ident: Uint8Array;
  /** 1 = relocatable object, 2 = executable. */
  readonly type: number;
  readonly version: number;
  readonly entry: number;
  readonly flags: number;
  readonly programHeaderOffset: number;
  readonly sectionHeaderOffset: number;
  readonly sectionNamesIndex: number;
  readonly segments: readonly ElfSegment[];
  readonly sections: readonly ElfSection[];
  /** Of the first symbol table; empty where there is none. */
  readonly symbols: readonly ElfSymbol[];
  readonly fileBytes: number;
  /** Bytes of program memory from 0 to the end of the last loaded piece: what has to fit in 16 KiB. */
  readonly programBytes: number;
  /** Bytes of data memory that the loader writes, zeros included. */
  readonly dataBytes: number;
}

/** ELF machine number of AIE. Source: llvm-aie llvm/include/llvm/BinaryFormat/ELF.h, EM_AIE. */
export const aieMachine = 264;
/** Physical addresses from here on lie in data memory. Source: aie-rt xaiemlgbl_reginit.c, DataMemAddr of the core module. */
const dataMemoryAddress = 0x40000;
export const elfLayout = { headerBytes: 52, segmentBytes: 32, sectionBytes: 40, symbolBytes: 16 } as const;
export const elfTypes = { load: 1, programBits: 1, symbolTable: 2, strings: 3, noBits: 8, function: 2 } as const;

// A mangled C++ name is long, yet no longer than this, and linkers share the tails of names, yet not so much: both limits
// bound the work and the memory that a hostile file can ask for.
const nameLimit = 1024;
const namesLimit = (fileBytes: number): number => 4 * fileBytes + 4096;

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && [0x7f, 0x45, 0x4c, 0x46].every((byte, i) => bytes[i] === byte);
}

/**
 * Reads a core's ELF: 32 bits, little-endian, machine AIE. Data are views of `bytes`.
 * @throws FormatError with byte offset and field: no ELF, another class, order or machine, a table or piece outside the file.
 * Source: Tool Interface Standard ELF 1.2, book I; aie-rt xaie_elfloader.c for what is program and what data.
 */
export function readCoreElf(bytes: Uint8Array, name = "core ELF"): CoreElf {
  const source = sectionSource(name, 0, bytes);
  checkIdent(source, { anyClass: true });
  const machine = source.view.getUint16(18, true);
  if (machine !== aieMachine) {
    const host = machine === 62 ? " (x86-64: compiled by the host's compiler)" : "";
    throw new FormatError(`${name}: e_machine: expected ${aieMachine} (AIE), got ${machine}${host}`, {
      offset: 18,
      hint: "compile and link the core with Peano: --target=aie2-none-unknown-elf or aie2p-none-unknown-elf",
    });
  }
  return readElf(bytes, name);
}

/** Reads an ELF of any machine: the files of the newer flow (aiebu) are of another. @throws FormatError as `readCoreElf`. */
export function readElf(bytes: Uint8Array, name = "ELF"): CoreElf {
  const source = sectionSource(name, 0, bytes);
  checkIdent(source);
  const { view } = source;
  const { headerBytes, segmentBytes, sectionBytes } = elfLayout;
  const headerSize = view.getUint16(40, true);
  if (headerSize !== headerBytes) failAt(source, 40, `e_ehsize: expected ${headerBytes}, got ${headerSize}`);
  const segmentOffsets = tableOf(source, { at: 28, entryAt: 42, entryBytes: segmentBytes, what: "program header" });
  const sectionOffsets = tableOf(source, { at: 32, entryAt: 46, entryBytes: sectionBytes, what: "section header" });

  const segments = segmentOffsets.map((at, i) => readSegment(source, at, i));
  const sectionNamesIndex = view.getUint16(50, true);
  const sections = readSections(source, sectionOffsets, sectionNamesIndex);
  const loaded = segments.filter(({ type, memoryBytes }) => type === elfTypes.load && memoryBytes > 0);
  const inProgram = loaded.filter(({ physicalAddress }) => physicalAddress < dataMemoryAddress);
  const inData = loaded.filter(({ physicalAddress }) => physicalAddress >= dataMemoryAddress);
  return {
    name,
    machine: view.getUint16(18, true),
    ident: bytes.subarray(0, 16),
    type: view.getUint16(16, true),
    version: view.getUint32(20, true),
    entry: view.getUint32(24, true),
    flags: view.getUint32(36, true),
    programHeaderOffset: view.getUint32(28, true),
    sectionHeaderOffset: view.getUint32(32, true),
    sectionNamesIndex,
    segments,
    sections,
    symbols: readSymbols(source, sections),
    fileBytes: bytes.length,
    programBytes: Math.max(0, ...inProgram.map(({ physicalAddress, memoryBytes }) => physicalAddress + memoryBytes)),
    dataBytes: inData.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
  };
}

function checkIdent(source: SectionSource, { anyClass = false } = {}): void {
  const { bytes, view } = source;
  if (!isElf(bytes)) {
    const found = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    failAt(source, 0, `expected an ELF file (first bytes 7f 45 4c 46), got ${found === "" ? "no bytes" : found}`);
  }
  requireRange(source, 0, elfLayout.headerBytes, "header");
  if (anyClass) return;
  const [elfClass, order] = [view.getUint8(4), view.getUint8(5)];
  if (elfClass !== 1) failAt(source, 4, `EI_CLASS: expected 1 (32 bits), got ${elfClass}`);
  if (order !== 1) failAt(source, 5, `EI_DATA: expected 1 (little-endian), got ${order}`);
}

/** Offsets of the entries of the table whose offset is the word at `at`; size and count of entries are halves at `entryAt`. */
function tableOf(
  source: SectionSource,
  table: { readonly at: number; readonly entryAt: number; readonly entryBytes: number; readonly what: string },
): number[] {
  const { at, entryAt, entryBytes, what } = table;
  const { view } = source;
  const [start, size, count] = [
    view.getUint32(at, true),
    view.getUint16(entryAt, true),
    view.getUint16(entryAt + 2, true),
  ];
  if (count === 0) return [];
  if (size !== entryBytes) failAt(source, entryAt, `size of a ${what}: expected ${entryBytes}, got ${size}`);
  if (start + count * entryBytes > source.bytes.length) {
    failAt(
      source,
      at,
      `${what} table: ${count} entries at ${start} declared, the file has ${source.bytes.length} bytes`,
    );
  }
  return Array.from({ length: count }, (_, i) => start + i * entryBytes);
}

function readSegment(source: SectionSource, at: number, index: number): ElfSegment {
  const word = (i: number): number => source.view.getUint32(at + i * 4, true);
  const what = `program header ${index}`;
  const [offset, fileBytes, memoryBytes] = [word(1), word(4), word(5)];
  if (offset + fileBytes > source.bytes.length) {
    failAt(source, at + 16, `${what}: p_filesz: ${fileBytes} bytes at ${offset}, the file has ${source.bytes.length}`);
  }
  if (word(0) === elfTypes.load && fileBytes > memoryBytes) {
    failAt(source, at + 20, `${what}: p_memsz: expected p_filesz (${fileBytes}) or more, got ${memoryBytes}`);
  }
  return {
    type: word(0),
    offset,
    virtualAddress: word(2),
    physicalAddress: word(3),
    data: source.bytes.subarray(offset, offset + fileBytes),
    memoryBytes,
    flags: word(6),
    alignment: word(7),
  };
}

function readSections(source: SectionSource, offsets: readonly number[], namesIndex: number): ElfSection[] {
  const unnamed = offsets.map((at, i): UnnamedSection => {
    const word = (k: number): number => source.view.getUint32(at + k * 4, true);
    const [type, offset, sizeBytes] = [word(1), word(4), word(5)];
    const isInFile = type !== 0 && type !== elfTypes.noBits;
    if (isInFile && offset + sizeBytes > source.bytes.length) {
      const end = `the file has ${source.bytes.length}`;
      failAt(source, at + 20, `section header ${i}: sh_size: ${sizeBytes} bytes at ${offset}, ${end}`);
    }
    return {
      nameOffset: word(0),
      type,
      flags: word(2),
      address: word(3),
      offset,
      sizeBytes,
      data: isInFile ? source.bytes.subarray(offset, offset + sizeBytes) : new Uint8Array(),
      link: word(6),
      info: word(7),
      alignment: word(8),
      entryBytes: word(9),
    };
  });
  if (offsets.length === 0) return [];
  const names = unnamed[namesIndex];
  if (names === undefined) {
    return failAt(source, 50, `e_shstrndx: expected a section below ${offsets.length}, got ${namesIndex}`);
  }
  const nameAt = namesOf(source, names);
  return unnamed.map((section, i) => ({ ...section, name: nameAt(section.nameOffset, `name of section ${i}`) }));
}

type UnnamedSection = Omit<ElfSection, "name">;

function readSymbols(source: SectionSource, sections: readonly ElfSection[]): ElfSymbol[] {
  const index = sections.findIndex(({ type }) => type === elfTypes.symbolTable);
  const table = sections[index];
  if (table === undefined) return [];
  const { symbolBytes } = elfLayout;
  const what = `symbol table ${table.name}`;
  if (table.entryBytes !== symbolBytes || table.sizeBytes % symbolBytes !== 0) {
    const found = `${table.sizeBytes} bytes in entries of ${table.entryBytes}`;
    failAt(source, table.offset, `${what}: sh_entsize: expected entries of ${symbolBytes} bytes, got ${found}`);
  }
  const strings = sections[table.link];
  if (strings === undefined) {
    const found = `expected a section below ${sections.length}, got ${table.link}`;
    return failAt(source, table.offset, `${what}: sh_link: ${found}`);
  }
  const nameAt = namesOf(source, strings);
  return Array.from({ length: table.sizeBytes / symbolBytes }, (_, i) => {
    const at = table.offset + i * symbolBytes;
    const { view } = source;
    const [nameOffset, kind] = [view.getUint32(at, true), view.getUint8(at + 12)];
    return {
      name: nameAt(nameOffset, `name of symbol ${i}`),
      nameOffset,
      value: view.getUint32(at + 4, true),
      sizeBytes: view.getUint32(at + 8, true),
      binding: kind >>> 4,
      type: kind & 0xf,
      other: view.getUint8(at + 13),
      sectionIndex: view.getUint16(at + 14, true),
    };
  });
}

/** Reads names from a table of strings, and counts how much is read. */
function namesOf(source: SectionSource, table: UnnamedSection): (at: number, what: string) => string {
  let left = namesLimit(source.bytes.length);
  return (at, what) => {
    const { data } = table;
    // Strings that are not in the file (NOBITS) may name any offset.
    const offset = Math.min(table.offset, source.bytes.length);
    if (at === 0 && data.length === 0) return "";
    if (at >= data.length) {
      failAt(source, offset, `${what}: expected an offset below ${data.length} in its strings, got ${at}`);
    }
    const end = data.subarray(at, at + nameLimit).indexOf(0);
    if (end < 0) failAt(source, offset + at, `${what}: expected text that ends within ${nameLimit} bytes`);
    left -= end;
    if (left < 0) failAt(source, offset + at, `${what}: the names together are larger than the file`);
    return textField(source, offset + at, end, what);
  };
}
