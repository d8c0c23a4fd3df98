import { readCoreElf } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { coreElfBytes } from "./core-elf.test-support.ts";

test("segments, sections and functions of an ELF with all of them", () => {
  const elf = readCoreElf(coreElfBytes({ programBytes: 512, functions: { main: 100, scale_i32: 412 } }), "a.elf");

  expect(elf.segments.map((s) => [s.physicalAddress, s.data.length, s.memoryBytes, s.flags & 1])).toEqual([
    [0, 512, 512, 1],
    [0x70000, 64, 64, 0],
  ]);
  expect(elf.sections.map(({ name, sizeBytes, flags }) => [name, sizeBytes, flags & 4])).toEqual([
    ["", 0, 0],
    [".text", 512, 4],
    [".symtab", 48, 0],
    [".strtab", 16, 0],
    [".shstrtab", 33, 0],
  ]);
  expect(elf.symbols.slice(1).map(({ name, value, sizeBytes, type }) => [name, value, sizeBytes, type])).toEqual([
    ["main", 0, 100, 2],
    ["scale_i32", 100, 412, 2],
  ]);
});
