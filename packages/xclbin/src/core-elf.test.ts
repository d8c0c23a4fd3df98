import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { readCoreElf } from "./core-elf.ts";
import { writeCoreElf } from "./core-elf-writer.ts";

// Laid out by hand from the ELF specification: header, two loaded pieces, strings, symbols, section headers.
const strings = "\0.text\0.symtab\0.strtab\0main\0";
const segmentsAt = 52;
const textAt = 128;
const dataAt = 144;
const stringsAt = 148;
const symbolsAt = 176;
const sectionsAt = 208;
const fileBytes = sectionsAt + 4 * 40;

function sample(): Uint8Array {
  const bytes = new Uint8Array(fileBytes);
  const view = new DataView(bytes.buffer);
  const words = (at: number, list: readonly number[]) => {
    for (const [i, word] of list.entries()) view.setUint32(at + i * 4, word, true);
  };
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 264, true);
  words(20, [1, 0x20, segmentsAt, sectionsAt, 1]);
  for (const [i, half] of [52, 32, 2, 40, 4, 3].entries()) view.setUint16(40 + 2 * i, half, true);
  words(segmentsAt, [1, textAt, 0, 0, 16, 16, 5, 16]);
  words(segmentsAt + 32, [1, dataAt, 0x70400, 0x70400, 4, 12, 6, 4]);
  bytes.fill(0x90, textAt, textAt + 16);
  bytes.set([1, 2, 3, 4], dataAt);
  bytes.set(new TextEncoder().encode(strings), stringsAt);
  words(symbolsAt + 16, [strings.indexOf("main"), 4, 12]);
  view.setUint8(symbolsAt + 28, 0x12);
  view.setUint16(symbolsAt + 30, 1, true);
  words(sectionsAt + 40, [strings.indexOf(".text"), 1, 6, 0, textAt, 16, 0, 0, 16, 0]);
  words(sectionsAt + 80, [strings.indexOf(".symtab"), 2, 0, 0, symbolsAt, 32, 3, 1, 4, 16]);
  words(sectionsAt + 120, [strings.indexOf(".strtab"), 3, 0, 0, stringsAt, strings.length, 0, 0, 1, 0]);
  return bytes;
}

test("program bytes are those below 0x40000, data bytes count the zeros that the loader adds", () => {
  const elf = readCoreElf(sample());

  expect(elf).toMatchObject({ type: 2, entry: 0x20, flags: 1, programBytes: 16, dataBytes: 12 });
  expect(elf.sections.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
    ["", 0],
    [".text", 16],
    [".symtab", 32],
    [".strtab", strings.length],
  ]);
  expect(elf.symbols[1]).toEqual({
    ...{ name: "main", nameOffset: strings.indexOf("main"), value: 4, sizeBytes: 12 },
    ...{ binding: 1, type: 2, other: 0, sectionIndex: 1 },
  });
  expect(elf.segments.map((s) => [s.physicalAddress, s.data.length, s.memoryBytes, s.flags & 1])).toEqual([
    [0, 16, 16, 1],
    [0x70400, 4, 12, 0],
  ]);
});

test("an ELF of loaded pieces alone, without sections, is read", () => {
  const bytes = sample();
  bytes.fill(0, 32, 36);
  bytes.fill(0, 46, 52);

  expect(readCoreElf(bytes)).toMatchObject({ programBytes: 16, sections: [], symbols: [] });
});

test("an ELF comes back byte for byte from its record", () => {
  const bytes = sample();

  expect(writeCoreElf(readCoreElf(bytes))).toEqual(bytes);
});

test("a program of 20 KiB has 20480 program bytes although only 16384 fit", () => {
  const bytes = sample();
  new DataView(bytes.buffer).setUint32(segmentsAt + 20, 20480, true);

  expect(readCoreElf(bytes).programBytes).toBe(20480);
});

type Damage = (view: DataView) => void;

test.each<[string, Damage, string, number]>([
  ["no ELF", (v) => v.setUint8(0, 0), "expected an ELF file", 0],
  ["64 bits", (v) => v.setUint8(4, 2), "EI_CLASS: expected 1 (32 bits), got 2", 4],
  ["big-endian", (v) => v.setUint8(5, 2), "EI_DATA: expected 1 (little-endian), got 2", 5],
  ["a host's program", (v) => v.setUint16(18, 62, true), "e_machine: expected 264 (AIE), got 62 (x86-64", 18],
  [
    "a piece past the end",
    (v) => v.setUint32(segmentsAt + 16, 9999, true),
    "program header 0: p_filesz",
    segmentsAt + 16,
  ],
  [
    "a piece larger than its memory",
    (v) => v.setUint32(segmentsAt + 20, 3, true),
    "p_memsz: expected p_filesz (16)",
    72,
  ],
  ["a table past the end", (v) => v.setUint32(32, 9999, true), "section header table: 4 entries at 9999", 32],
  [
    "a section past the end",
    (v) => v.setUint32(sectionsAt + 60, 9999, true),
    "section header 1: sh_size",
    sectionsAt + 60,
  ],
  ["no section of names", (v) => v.setUint16(50, 9, true), "e_shstrndx: expected a section below 4, got 9", 50],
  [
    "a name outside its strings",
    (v) => v.setUint32(symbolsAt + 16, 99, true),
    "name of symbol 1: expected an offset",
    148,
  ],
  [
    "symbols of another size",
    (v) => v.setUint32(sectionsAt + 116, 24, true),
    "sh_entsize: expected entries of 16",
    176,
  ],
])("%s is refused with field and offset", (_, damage, message, offset) => {
  const bytes = sample();
  damage(new DataView(bytes.buffer));

  const error = caught(() => readCoreElf(bytes, "core.elf"));

  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).message).toContain(`core.elf: `);
  expect((error as FormatError).message).toContain(message);
  expect((error as FormatError).offset).toBe(offset);
});

test.each([0, 3, 40, 100, 200, fileBytes - 1])("a file cut off after %i bytes is refused", (length) => {
  expect(caught(() => readCoreElf(sample().subarray(0, length)))).toBeInstanceOf(FormatError);
});

test("no changed byte and no cut gives anything but a result or a FormatError", () => {
  const good = sample();
  for (let at = 0; at < good.length; at++) {
    for (const bytes of [good.subarray(0, at), good.map((byte, i) => (i === at ? byte ^ 0xff : byte))]) {
      const error = caught(() => readCoreElf(bytes, "a.elf"));
      if (error !== undefined) expect(error, `byte ${at}`).toBeInstanceOf(FormatError);
    }
  }
});

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
