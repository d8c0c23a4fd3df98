import { aieMachine, type ElfSection, type ElfSegment, elfLayout, elfTypes, writeCoreElf } from "@aiekit/xclbin";

/** What an ELF of a core is to hold. */
interface ElfContent {
  readonly programBytes: number;
  readonly programAddress?: number;
  /** Function sizes by name; with them the file has sections and a symbol table. */
  readonly functions?: Readonly<Record<string, number>>;
}

const dataBytes = 64;

/** A 32-bit little-endian ELF: one executable segment, one with 64 bytes of data at 0x70000. */
export function coreElfBytes({ programBytes, programAddress = 0, functions }: ElfContent): Uint8Array {
  const { headerBytes, segmentBytes, sectionBytes } = elfLayout;
  const programAt = headerBytes + 2 * segmentBytes;
  const dataAt = programAt + programBytes;
  const loaded = (place: { offset: number; address: number; bytes: number; flags: number }): ElfSegment => ({
    ...{ type: elfTypes.load, offset: place.offset, virtualAddress: place.address, physicalAddress: place.address },
    ...{ data: new Uint8Array(place.bytes), memoryBytes: place.bytes, flags: place.flags, alignment: 16 },
  });
  const tables = functions === undefined ? [] : tablesOf(functions, dataAt + dataBytes);
  const text = { name: 1, type: elfTypes.programBits, flags: 6, offset: programAt, data: new Uint8Array(programBytes) };
  const sections = tables.length === 0 ? [] : [none, text, ...tables].map(sectionOf);
  const sectionsAt = Math.max(dataAt + dataBytes, ...sections.map(({ offset, sizeBytes }) => offset + sizeBytes));
  return writeCoreElf({
    ...{ machine: aieMachine, type: 2, version: 1, entry: programAddress, flags: 0 },
    ident: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    programHeaderOffset: headerBytes,
    sectionHeaderOffset: sections.length === 0 ? 0 : sectionsAt,
    sectionNamesIndex: Math.max(0, sections.length - 1),
    segments: [
      loaded({ offset: programAt, address: programAddress, bytes: programBytes, flags: 5 }),
      loaded({ offset: dataAt, address: 0x70000, bytes: dataBytes, flags: 6 }),
    ],
    sections,
    symbols: functions === undefined ? [] : symbolsOf(functions),
    fileBytes: sectionsAt + sections.length * sectionBytes,
  });
}

interface Section extends Pick<ElfSection, "type" | "flags" | "offset" | "data"> {
  /** Offset in `sectionNames`. */
  readonly name: number;
}

const none: Section = { name: 0, type: 0, flags: 0, offset: 0, data: new Uint8Array() };
const sectionNames = "\0.text\0.symtab\0.strtab\0.shstrtab\0";

function sectionOf({ name, data, ...rest }: Section): ElfSection {
  const isSymbols = rest.type === elfTypes.symbolTable;
  return {
    ...rest,
    ...{ name: "", nameOffset: name, address: 0, data, sizeBytes: data.length },
    ...{ link: isSymbols ? 3 : 0, info: 0, alignment: 1, entryBytes: isSymbols ? elfLayout.symbolBytes : 0 },
  };
}

/** .symtab, .strtab and .shstrtab, sections 2 to 4. */
function tablesOf(functions: Readonly<Record<string, number>>, at: number): readonly Section[] {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const names = Object.keys(functions);
  const symbols = new Uint8Array(elfLayout.symbolBytes * (names.length + 1));
  const strings = encode(`\0${names.join("\0")}\0`);
  const stringsAt = at + symbols.length;
  return [
    { name: 7, type: elfTypes.symbolTable, flags: 0, offset: at, data: symbols },
    { name: 15, type: elfTypes.strings, flags: 0, offset: stringsAt, data: strings },
    { name: 23, type: elfTypes.strings, flags: 0, offset: stringsAt + strings.length, data: encode(sectionNames) },
  ];
}

function symbolsOf(functions: Readonly<Record<string, number>>) {
  const local = { binding: 0, type: 0, other: 0, sectionIndex: 0 };
  const symbols = [{ name: "", nameOffset: 0, value: 0, sizeBytes: 0, ...local }];
  let [nameOffset, value] = [1, 0];
  for (const [name, sizeBytes] of Object.entries(functions)) {
    symbols.push({
      name,
      nameOffset,
      value,
      sizeBytes,
      binding: 1,
      type: elfTypes.function,
      other: 0,
      sectionIndex: 1,
    });
    nameOffset += name.length + 1;
    value += sizeBytes;
  }
  return symbols;
}
