import type { CoreElf, ElfSymbol } from "@aiekit/xclbin";
import { formatTable } from "./table.ts";

const types = ["none", "relocatable object", "executable", "shared object", "core dump"];
const programMemoryBytes = 16 * 1024;

/** An ELF for people: what is loaded where, sections, functions and objects. */
export function elfLines(elf: CoreElf): string[] {
  const { name, machine, type, entry, programBytes, dataBytes } = elf;
  const what = machine === 264 ? "AIE core" : `machine ${machine}, no AIE core`;
  const over = programBytes > programMemoryBytes ? `, ${programBytes - programMemoryBytes} B MORE THAN FIT` : "";
  const named = elf.symbols.filter((symbol) => symbol.name !== "" && (symbol.type === 1 || symbol.type === 2));
  return [
    `${name}: ELF of 32 bits, ${what}, ${types[type] ?? `type ${type}`}, entry ${hex(entry)}, ${elf.fileBytes} bytes`,
    `program memory ${programBytes} B of ${programMemoryBytes}${over}, data memory ${dataBytes} B`,
    ...table(
      "segments:",
      ["type", "at", "address", "file B", "memory B", "flags"],
      elf.segments.map((segment) => [
        segment.type === 1 ? "LOAD" : `${segment.type}`,
        `${segment.offset}`,
        hex(segment.physicalAddress),
        `${segment.data.length}`,
        `${segment.memoryBytes}`,
        `${segment.flags & 4 ? "r" : ""}${segment.flags & 2 ? "w" : ""}${segment.flags & 1 ? "x" : ""}`,
      ]),
    ),
    ...table(
      "sections:",
      ["name", "type", "at", "address", "bytes"],
      elf.sections
        .filter(({ type: kind }) => kind !== 0)
        .map((section) => [
          section.name,
          sectionTypes[section.type] ?? `${section.type}`,
          `${section.offset}`,
          hex(section.address),
          `${section.sizeBytes}`,
        ]),
    ),
    ...table(
      "functions and objects:",
      ["name", "kind", "section", "address", "bytes"],
      named.map((symbol) => [
        symbol.name,
        symbol.type === 2 ? "function" : "object",
        sectionOf(elf, symbol),
        hex(symbol.value),
        `${symbol.sizeBytes}`,
      ]),
    ),
  ];
}

const sectionTypes: Readonly<Record<number, string>> = {
  ...{ 1: "PROGBITS", 2: "SYMTAB", 3: "STRTAB", 4: "RELA", 8: "NOBITS", 9: "REL" },
};

function sectionOf({ sections }: CoreElf, { sectionIndex }: ElfSymbol): string {
  if (sectionIndex === 0) return "undefined";
  if (sectionIndex === 0xfff1) return "absolute";
  return sections[sectionIndex]?.name ?? `${sectionIndex}`;
}

function table(title: string, titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const columns = titles.map((text) => ({ title: text }));
  return [title, formatTable(columns, rows).replace(/^/gm, "  ")];
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
