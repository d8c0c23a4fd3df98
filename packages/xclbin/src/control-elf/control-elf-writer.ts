import { sha256, UsageError } from "@aiekit/core";
import { elfTypes } from "../core-elf.ts";
import { decodeTxn, encodeTxn } from "../txn.ts";
import { patchesOf } from "./bd-patches.ts";
import { type ControlPatch, controlElf } from "./control-elf.ts";
import { type SectionToWrite, stringTable, wordBytes, writeElfImage } from "./elf-image.ts";

/** A full ELF: what configures the array, and the instruction streams that run on it. */
export interface FullElfSpec {
  /** Name of the kernel; a program asks XRT for `kernel:instance`. */
  readonly kernel: string;
  /** Buffers of the kernel. */
  readonly argCount: number;
  /** By the number with which streams load them. */
  readonly pdis: readonly { readonly id: number; readonly bytes: Uint8Array }[];
  readonly instances: readonly { readonly name: string; readonly insts: Uint8Array }[];
}

const types = {
  symbols: elfTypes.symbolTable,
  dynamicSymbols: 11,
  relocations: 4,
  dynamic: 6,
  note: 7,
  group: 17,
} as const;
/** e_machine of these files, a number of another processor (WE 32100). Nothing reads it. */
const machine = 1;
/** Opcode and two arguments of the instruction buffer come before the first buffer of an xclbin's kernel. */
const firstXclbinBuffer = 3;
const dynamicSectionCount = 4;
const [uidNote, configurationNote] = [4, 6];
const [globalObject, weakFunction, weakObject] = [0x11, 0x22, 0x21];

/**
 * ELF of an instruction stream, for XRT's module flow: an xclbin configures the array, and XRT writes the buffers' addresses
 * into the stream's BDs before a run. The same file, save its UID, as `aiebu-asm -t aie2txn` makes.
 * @throws UsageError for a stream that this flow cannot run: see `patchesOf`.
 */
export function writeInstsElf(insts: Uint8Array, name = "instruction stream"): Uint8Array {
  const { text, patches } = patchesOf(insts, firstXclbinBuffer, name);
  if (patches.some(({ form }) => form === "address")) {
    throw new UsageError(`${name}: it loads PDIs, which an ELF that goes with an xclbin cannot carry`, {
      hint: "a full ELF has them: writeFullElf",
    });
  }
  const code: SectionToWrite = {
    name: ".ctrltext",
    type: elfTypes.programBits,
    data: text,
    alignment: 16,
    loaded: true,
  };
  return writeElfImage({
    ...{ osAbi: controlElf.osAbi, abiVersion: controlElf.instructionsAbi, machine },
    sections: [code, ...dynamicSections([{ patches, sectionIndex: 2 }]), uidSection([text])],
  });
}

/**
 * ELF that XRT makes a context of without an xclbin, as `aiebu-asm -t aie2_config` makes it: one kernel, an instance for
 * each stream, by name. @throws UsageError for a stream that this flow cannot run, or that loads a PDI which is not given.
 */
export function writeFullElf({ kernel, argCount, pdis, instances }: FullElfSpec): Uint8Array {
  if (pdis.length === 0 || instances.length === 0)
    throw new UsageError("full ELF: expected a PDI and an instance at least");
  const sorted = [...instances].sort((a, b) => (a.name < b.name ? -1 : 1));
  const codes = sorted.map(({ name, insts }) => ({ name, ...patchesOf(insts, 0, name) }));
  for (const { name, patches } of codes) {
    const unknown = patches.find((p) => p.form === "address" && !pdis.some(({ id }) => p.symbol === `.pdi.${id}`));
    if (unknown !== undefined) throw new UsageError(`${name}: it loads ${unknown.symbol}, which is not given`);
    const highest = Math.max(-1, ...patches.map(({ form, symbol }) => (form === "shim-bd" ? Number(symbol) : -1)));
    if (highest >= argCount)
      throw new UsageError(`${name}: it uses bo${highest}, kernel ${kernel} has ${argCount} buffers`);
  }
  const columns = codes[0]!.columns;
  const wider = codes.find((code) => code.columns !== columns);
  if (wider !== undefined) {
    throw new UsageError(`${wider.name}: it is for ${wider.columns} columns, ${codes[0]!.name} for ${columns}`);
  }
  const symbolNames = stringTable([
    `_Z${kernel.length}${kernel}${"Pc".repeat(argCount)}`,
    ...codes.map(({ name }) => name),
  ]);
  const symbols = [
    ...[0, 0, 0, 0],
    ...[symbolNames.at[0]!, 0, 0, weakFunction],
    // An instance names its kernel's symbol where others name a section.
    ...codes.flatMap((_, i) => [symbolNames.at[i + 1]!, 0, 0, weakObject | (1 << 16)]),
  ];
  // The null section, .shstrtab, .strtab and .symtab come first; the tables of symbols lie behind the first code.
  const firstCode = 4 + pdis.length;
  const tables = codes.some(({ patches }) => patches.length > 0) ? dynamicSectionCount : 0;
  const indexOf = (i: number): number => (i === 0 ? firstCode : firstCode + tables + 2 * i);
  const programs = codes.map(({ text }, i): SectionToWrite[] => [
    { name: `.ctrltext.${i}`, type: elfTypes.programBits, data: text, alignment: 16, loaded: true },
    {
      ...{ name: `.group.${i}`, type: types.group, data: wordBytes([1, indexOf(i)]), alignment: 16 },
      ...{ link: ".symtab", info: 2 + i, entryBytes: 4 },
    },
  ]);
  const [[firstText, firstGroup], others] = [programs[0] as [SectionToWrite, SectionToWrite], programs.slice(1)];
  return writeElfImage({
    ...{ osAbi: controlElf.osAbi, abiVersion: controlElf.fullAbi, machine },
    sections: [
      { name: ".strtab", type: elfTypes.strings, data: symbolNames.bytes, alignment: 0 },
      {
        ...{ name: ".symtab", type: types.symbols, data: wordBytes(symbols), alignment: 4, link: ".strtab", info: 1 },
        entryBytes: 16,
      },
      ...pdis.map(({ id, bytes }) => ({
        ...{ name: `.pdi.${id}`, type: elfTypes.programBits, data: bytes, alignment: 16, loaded: true },
      })),
      firstText,
      ...dynamicSections(codes.map(({ patches }, i) => ({ patches, sectionIndex: indexOf(i) }))),
      firstGroup,
      ...others.flat(),
      noteSection(controlElf.configurationNote, configurationNote, wordBytes([columns])),
      uidSection([...pdis.map(({ bytes }) => bytes), ...codes.map(({ text }) => text)]),
    ],
  });
}

/** The stream with an operation before it that configures the array by a PDI of the full ELF. */
export function loadingPdi(insts: Uint8Array, id: number, name = "instruction stream"): Uint8Array {
  const stream = decodeTxn(insts, name);
  return encodeTxn({ ...stream, ops: [{ op: "loadPdi", id, bytes: 0, address: 0n }, ...stream.ops] });
}

interface CodePatches {
  readonly patches: readonly ControlPatch[];
  readonly sectionIndex: number;
}

/** Symbols and relocations: a symbol for each argument and size of BD, in each code. Nothing where nothing is patched. */
function dynamicSections(codes: readonly CodePatches[]): SectionToWrite[] {
  const symbols: { readonly symbol: string; readonly sizeBytes: number; readonly sectionIndex: number }[] = [];
  const indexes = new Map<string, number>();
  const relocations = codes.flatMap(({ patches, sectionIndex }) =>
    patches.flatMap(({ symbol, form, offset, addend, sizeBytes }) => {
      const key = `${sectionIndex} ${symbol} ${sizeBytes}`;
      if (!indexes.has(key)) indexes.set(key, symbols.push({ symbol, sizeBytes, sectionIndex }));
      return [offset, (indexes.get(key)! << 8) | controlElf.forms[form], addend];
    }),
  );
  if (relocations.length === 0) return [];
  const names = stringTable(symbols.map(({ symbol }) => symbol));
  const symbolWords = symbols.flatMap(({ sizeBytes, sectionIndex }, i) => [
    ...[names.at[i]!, 0, sizeBytes, globalObject | (sectionIndex << 16)],
  ]);
  const relocationBytes = wordBytes(relocations);
  const [relocationTable, relocationTableBytes] = [7, 8];
  // Of .rela.dyn: the index of its section, and its bytes.
  const dynamic = [relocationTable, codes[0]!.sectionIndex + 3, relocationTableBytes, relocationBytes.length];
  return [
    { name: ".dynstr", type: elfTypes.strings, data: names.bytes, alignment: 0 },
    {
      ...{ name: ".dynsym", type: types.dynamicSymbols, data: wordBytes([0, 0, 0, 0, ...symbolWords]), alignment: 8 },
      ...{ link: ".dynstr", info: 1, entryBytes: 16 },
    },
    {
      ...{ name: ".rela.dyn", type: types.relocations, data: relocationBytes, alignment: 8 },
      ...{ link: ".dynsym", entryBytes: 12 },
    },
    { name: ".dynamic", type: types.dynamic, data: wordBytes(dynamic), alignment: 8, link: ".dynstr", entryBytes: 8 },
  ];
}

/** By content, so that the same build has the same file. */
function uidSection(contents: readonly Uint8Array[]): SectionToWrite {
  const all = new Uint8Array(contents.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const content of contents) {
    all.set(content, at);
    at += content.length;
  }
  const digits = sha256(all).slice(0, 32);
  const uid = Uint8Array.from(digits.match(/../g)!, (byte) => Number.parseInt(byte, 16));
  return noteSection(controlElf.uidNote, uidNote, uid);
}

function noteSection(name: string, type: number, description: Uint8Array): SectionToWrite {
  const data = new Uint8Array(16 + description.length);
  data.set(wordBytes([4, description.length, type]));
  data.set(new TextEncoder().encode("XRT"), 12);
  data.set(description, 16);
  return { name, type: types.note, data, alignment: 1 };
}
