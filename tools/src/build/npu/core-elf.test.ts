import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { coreElfBytes } from "./core-elf.test-support.ts";
import { readCoreElf } from "./core-elf.ts";

test("segments, sections and functions of an ELF with all of them", () => {
  const elf = readCoreElf(coreElfBytes({ programBytes: 512, functions: { main: 100, scale_i32: 412 } }), "a.elf");

  expect(elf.segments).toEqual([
    { address: 0, fileBytes: 512, memoryBytes: 512, executable: true },
    { address: 0x70000, fileBytes: 64, memoryBytes: 64, executable: false },
  ]);
  expect(elf.sections.map(({ name, bytes, executable }) => ({ name, bytes, executable }))).toEqual([
    { name: ".text", bytes: 512, executable: true },
    { name: ".symtab", bytes: 48, executable: false },
    { name: ".strtab", bytes: 16, executable: false },
    { name: ".shstrtab", bytes: 33, executable: false },
  ]);
  expect(elf.functions).toEqual([
    { name: "main", address: 0, bytes: 100 },
    { name: "scale_i32", address: 100, bytes: 412 },
  ]);
});

test("an ELF with segments alone is read", () => {
  expect(readCoreElf(coreElfBytes({ programBytes: 16 }), "a.elf")).toMatchObject({ sections: [], functions: [] });
});

test("an object of another machine word, an empty file and one that is cut off are refused with the offset", () => {
  const good = coreElfBytes({ programBytes: 512, functions: { main: 512 } });
  const wide = good.slice();
  wide[4] = 2;

  expect(() => readCoreElf(wide, "a.elf")).toThrow("a.elf: byte 0: expected a 32-bit little-endian ELF");
  expect(() => readCoreElf(new Uint8Array(), "a.elf")).toThrow("a.elf: byte 0: header: 52 bytes declared, 0 left");
  expect(() => readCoreElf(good.subarray(0, 300), "a.elf")).toThrow(
    /a\.elf: byte 116: segment: 512 bytes declared, 184 left/,
  );
});

test("no cut and no changed byte of an ELF gives anything but a result or a FormatError", () => {
  const good = coreElfBytes({ programBytes: 64, functions: { main: 64 } });
  for (let at = 0; at < good.length; at++) {
    for (const bytes of [good.subarray(0, at), good.map((byte, i) => (i === at ? byte ^ 0xff : byte))]) {
      try {
        readCoreElf(bytes, "a.elf");
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(FormatError);
      }
    }
  }
});
