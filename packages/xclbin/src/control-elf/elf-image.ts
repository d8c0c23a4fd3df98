import { elfLayout, elfTypes } from "../core-elf.ts";
import { writeCoreElf } from "../core-elf-writer.ts";

/** A section to be written. */
export interface SectionToWrite {
  readonly name: string;
  readonly type: number;
  readonly data: Uint8Array;
  readonly alignment: number;
  /** Copied to memory: it comes first in the file and has a segment. */
  readonly loaded?: boolean;
  /** By name. */
  readonly link?: string;
  readonly info?: number;
  readonly entryBytes?: number;
}

interface ElfImage {
  readonly osAbi: number;
  readonly abiVersion: number;
  readonly machine: number;
  /** In the order of the section headers, after the null section and .shstrtab. */
  readonly sections: readonly SectionToWrite[];
}

const [readOnly, readExecute] = [4, 5];
const allocExecute = 6;
const segmentTypes = { load: 1, headers: 6 } as const;

/** Bytes of an executable ELF, 32 bits and little-endian, in the order: headers, what is loaded, the rest, section headers. */
export function writeElfImage({ osAbi, abiVersion, machine, sections }: ElfImage): Uint8Array {
  const { headerBytes, segmentBytes } = elfLayout;
  const { bytes: names, at: nameOffsets } = stringTable([".shstrtab", ...sections.map(({ name }) => name)]);
  const all: SectionToWrite[] = [{ name: ".shstrtab", type: elfTypes.strings, data: names, alignment: 1 }, ...sections];
  const loaded = all.filter((section) => section.loaded);
  const headersBytes = segmentBytes * (loaded.length + 1);

  let [end, memory] = [headerBytes + headersBytes, 0];
  const places = new Map<string, { readonly offset: number; readonly address: number }>();
  for (const section of [...loaded, ...all.filter((other) => !other.loaded)]) {
    const offset = aligned(end, section.alignment);
    const address = section.loaded ? aligned(memory, section.alignment) : 0;
    places.set(section.name, { offset, address });
    end = offset + section.data.length;
    if (section.loaded) memory = address + section.data.length;
  }
  // Always behind a gap, as ELFIO leaves it.
  const sectionHeaderOffset = end + 16 - (end % 16);

  const written = all.map((section, i) => ({
    ...{ name: section.name, nameOffset: nameOffsets[i]!, type: section.type, data: section.data },
    ...places.get(section.name)!,
    ...{ flags: section.loaded ? allocExecute : 0, sizeBytes: section.data.length, alignment: section.alignment },
    link: section.link === undefined ? 0 : 1 + all.findIndex(({ name }) => name === section.link),
    ...{ info: section.info ?? 0, entryBytes: section.entryBytes ?? 0 },
  }));
  const none = new Uint8Array();
  const nullSection = {
    ...{ name: "", nameOffset: 0, type: 0, flags: 0, address: 0, offset: 0, sizeBytes: 0, data: none },
    ...{ link: 0, info: 0, alignment: 0, entryBytes: 0 },
  };
  const bytes = writeCoreElf({
    ...{ machine, type: 2, version: 1, entry: 0, flags: 0, symbols: [] },
    ident: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 1, 1, osAbi, abiVersion),
    ...{ programHeaderOffset: headerBytes, sectionHeaderOffset, sectionNamesIndex: 1 },
    // The segment of the headers is written below: its contents are the table that is being written.
    segments: [
      { ...segmentOf(none, 0, 0), type: segmentTypes.headers, offset: headerBytes },
      ...loaded.map(({ name, data, alignment }) => {
        const { offset, address } = places.get(name)!;
        return { ...segmentOf(data, address, alignment), type: segmentTypes.load, offset };
      }),
    ],
    sections: [nullSection, ...written],
    fileBytes: sectionHeaderOffset + elfLayout.sectionBytes * (written.length + 1),
  });
  const view = new DataView(bytes.buffer);
  const headers = [headersBytes, headersBytes, readOnly];
  for (const [i, word] of headers.entries()) view.setUint32(headerBytes + 16 + i * 4, word, true);
  return bytes;
}

/** Texts with a NUL behind each, after a NUL, and where each begins. */
export function stringTable(texts: readonly string[]): { readonly bytes: Uint8Array; readonly at: readonly number[] } {
  const at: number[] = [];
  let all = "\0";
  for (const text of texts) {
    at.push(all.length);
    all += `${text}\0`;
  }
  return { bytes: new TextEncoder().encode(all), at };
}

/** Little-endian 32-bit words as bytes. */
export function wordBytes(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word, true);
  return bytes;
}

function segmentOf(data: Uint8Array, address: number, alignment: number) {
  return { virtualAddress: address, physicalAddress: 0, data, memoryBytes: data.length, flags: readExecute, alignment };
}

function aligned(at: number, alignment: number): number {
  return alignment < 2 ? at : Math.ceil(at / alignment) * alignment;
}
