/** What an ELF of a core is to hold. */
export interface ElfContent {
  readonly programBytes: number;
  readonly programAddress?: number;
  /** Function sizes by name; with them the file has sections and a symbol table. */
  readonly functions?: Readonly<Record<string, number>>;
}

const headerBytes = 52;
const segmentBytes = 32;
const sectionBytes = 40;
const aieMachine = 264;

/** A 32-bit little-endian ELF: one executable segment, one with 64 bytes of data at 0x70000. */
export function coreElfBytes({ programBytes, programAddress = 0, functions }: ElfContent): Uint8Array {
  const dataAt = headerBytes + 2 * segmentBytes;
  const sections = functions === undefined ? [] : sectionsFor({ programBytes, dataAt, functions });
  const namesAt = dataAt + programBytes + 64;
  const tail = sections.reduce((total, section) => total + section.content.length, 0);
  const tableAt = namesAt + tail;
  const bytes = new Uint8Array(tableAt + (sections.length === 0 ? 0 : (sections.length + 1) * sectionBytes));
  const view = new DataView(bytes.buffer);
  const words = (at: number, values: readonly number[]): void => {
    values.forEach((value, i) => {
      view.setUint32(at + 4 * i, value, true);
    });
  };
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, aieMachine, true);
  words(20, [1, programAddress, headerBytes, sections.length === 0 ? 0 : tableAt, 0]);
  const halves = [
    headerBytes,
    segmentBytes,
    2,
    sectionBytes,
    sections.length === 0 ? 0 : sections.length + 1,
    sections.length,
  ];
  halves.forEach((value, i) => {
    view.setUint16(40 + 2 * i, value, true);
  });
  words(headerBytes, [1, dataAt, programAddress, programAddress, programBytes, programBytes, 5, 16]);
  words(headerBytes + segmentBytes, [1, dataAt + programBytes, 0x70000, 0x70000, 64, 64, 6, 16]);
  let at = namesAt;
  sections.forEach((section, i) => {
    bytes.set(section.content, section.offset ?? at);
    const offset = section.offset ?? at;
    words(tableAt + (i + 1) * sectionBytes, [
      section.name,
      section.type,
      section.flags,
      0,
      offset,
      section.bytes,
      section.link,
      0,
      1,
      16,
    ]);
    at += section.content.length;
  });
  return bytes;
}

interface Section {
  readonly name: number;
  readonly type: number;
  readonly flags: number;
  readonly bytes: number;
  readonly link: number;
  readonly offset?: number;
  readonly content: Uint8Array;
}

/** .text, .symtab, .strtab, .shstrtab, as sections 1 to 4. */
function sectionsFor(source: {
  readonly programBytes: number;
  readonly dataAt: number;
  readonly functions: Readonly<Record<string, number>>;
}): readonly Section[] {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const names = Object.keys(source.functions);
  const strings = encode(`\0${names.join("\0")}\0`);
  const symbols = new Uint8Array(16 * (names.length + 1));
  const view = new DataView(symbols.buffer);
  let nameAt = 1;
  let address = 0;
  names.forEach((name, i) => {
    const at = 16 * (i + 1);
    view.setUint32(at, nameAt, true);
    view.setUint32(at + 4, address, true);
    view.setUint32(at + 8, source.functions[name] ?? 0, true);
    view.setUint8(at + 12, (1 << 4) | 2);
    nameAt += name.length + 1;
    address += source.functions[name] ?? 0;
  });
  const sectionNames = encode("\0.text\0.symtab\0.strtab\0.shstrtab\0");
  const none = new Uint8Array();
  return [
    { name: 1, type: 1, flags: 6, bytes: source.programBytes, link: 0, offset: source.dataAt, content: none },
    { name: 7, type: 2, flags: 0, bytes: symbols.length, link: 3, content: symbols },
    { name: 15, type: 3, flags: 0, bytes: strings.length, link: 0, content: strings },
    { name: 23, type: 3, flags: 0, bytes: sectionNames.length, link: 0, content: sectionNames },
  ];
}
