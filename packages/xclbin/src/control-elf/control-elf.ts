import { FormatError } from "@aiekit/core";
import { readElf } from "../core-elf.ts";
import { failAt, type SectionSource, sectionSource } from "../section-source.ts";
import { type DynamicSymbol, readDynamicSymbols, readNote, readRelocations, sectionNamed } from "./elf-tables.ts";

/**
 * A place in control code that XRT fills in before a run: the 48 bits of a shim BD's address (`shim-bd`), or the 64 bits of
 * a PDI's address (`address`).
 */
export interface ControlPatch {
  /** Number of a kernel argument, as text, or the name of a section whose memory is meant. */
  readonly symbol: string;
  readonly form: "shim-bd" | "address";
  /** Byte in the control code: of the BD's first word, or of the address. */
  readonly offset: number;
  /** Bytes that are added to the argument's address. */
  readonly addend: number;
  /** As the writer gave it: bytes that the BD moves; 0 where it says nothing. */
  readonly sizeBytes: number;
}

/** One instruction stream with the places that XRT fills in. */
export interface ControlCode {
  /** Name of the kernel and of its instance, what a program asks for as `kernel:instance`; of a full ELF only. */
  readonly kernel: string | undefined;
  readonly instance: string | undefined;
  /** Arguments that a full ELF declares, all of them buffers. */
  readonly argCount: number | undefined;
  readonly text: Uint8Array;
  readonly patches: readonly ControlPatch[];
}

/**
 * An ELF of control code for XRT: `instructions` go with an xclbin and number their buffers as its kernel's arguments (the
 * first buffer is 3); a `full` ELF replaces the xclbin, has PDIs of its own, and its first buffer is 0.
 */
export interface ControlElf {
  readonly name: string;
  readonly kind: "instructions" | "full";
  readonly abiVersion: number;
  /** 32 hexadecimal digits; undefined where there is no note of it. */
  readonly uid: string | undefined;
  /** Columns of the partition, of a full ELF only. */
  readonly columns: number | undefined;
  readonly codes: readonly ControlCode[];
  readonly pdis: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** Values of these files. Source: what aiebu-asm 1.0 writes and XRT 2.25 takes (xrt_elf.h: OS/ABI of AIE2P, for AIE2 too). */
export const controlElf = {
  osAbi: 69,
  instructionsAbi: 2,
  fullAbi: 0x21,
  /** From here on sections are in groups, one for each instance of a kernel. */
  groupsFromAbi: 0x10,
  configurationNote: ".note.xrt.configuration",
  uidNote: ".note.xrt.UID",
  /** Types of a relocation, which are forms of a patch. */
  forms: { "shim-bd": 5, address: 8 },
} as const;

/** Bytes from a patch's offset on that XRT reads and writes. */
const patchBytes = { "shim-bd": 12, address: 8 } as const;
const otherPlatforms: Readonly<Record<number, string>> = {
  64: "AIE2PS",
  70: "AIE2PS",
  75: "AIE4",
  86: "AIE4",
  105: "AIE4",
};
const types = { group: 17, symbols: 2 } as const;
const symbolKinds = { object: 1, function: 2 } as const;

/** Whether an ELF, that `readElf` takes, is of control code rather than of a core's program. */
export function isControlElf(bytes: Uint8Array): boolean {
  const osAbi = bytes[7] ?? 0;
  return osAbi === controlElf.osAbi || otherPlatforms[osAbi] !== undefined;
}

/**
 * Reads an ELF of control code, and refuses what XRT would take and then patch, or crash, at the wrong place: XRT itself
 * checks little.
 * @throws FormatError with the byte offset and the field.
 */
export function readControlElf(bytes: Uint8Array, name = "control ELF"): ControlElf {
  const elf = readElf(bytes, name);
  const source = sectionSource(name, 0, bytes);
  const [osAbi, abiVersion] = [bytes[7]!, bytes[8]!];
  if (osAbi !== controlElf.osAbi) {
    const made = otherPlatforms[osAbi];
    failAt(
      source,
      7,
      `EI_OSABI: expected ${controlElf.osAbi} (npu1 and npu2), got ${osAbi}${made ? ` (${made})` : ""}`,
    );
  }
  if (abiVersion === 1) failAt(source, 8, "EI_ABIVERSION: expected 2 or more, got 1 (relocations of another layout)");
  const full = elf.sections.some((section) => section.name === controlElf.configurationNote);
  const grouped = abiVersion >= controlElf.groupsFromAbi;
  if (full !== grouped) {
    const expected = full
      ? `${controlElf.groupsFromAbi} or more, as of a full ELF`
      : `below ${controlElf.groupsFromAbi}`;
    failAt(source, 8, `EI_ABIVERSION: expected ${expected}, got ${abiVersion}`);
  }
  const texts = elf.sections.flatMap((section, index) =>
    section.name.includes(".ctrltext") ? [{ ...section, index }] : [],
  );
  if (texts.length === 0) failAt(source, 32, "expected a section .ctrltext, found none");
  refuseUnknownParts(source, elf.sections);
  for (const { data, name: section, offset } of texts) {
    if (data.length === 0)
      failAt(source, Math.min(offset, bytes.length), `${section}: expected instructions, got no bytes`);
  }

  const pdis = elf.sections.filter((section) => section.name.includes(".pdi"));
  const patches = patchesByText(source, elf.sections, texts, full, new Set(pdis.map((pdi) => pdi.name)));
  const shared = { name, abiVersion, uid: uidOf(source, elf.sections) };
  if (!full) {
    if (texts.length !== 1) failAt(source, 32, `expected one section .ctrltext, got ${texts.length}`);
    const [{ data: text, index }] = texts as [(typeof texts)[number]];
    const code = { kernel: undefined, instance: undefined, argCount: undefined };
    return {
      ...{ ...shared, kind: "instructions", columns: undefined, pdis: [] },
      codes: [{ ...code, text, patches: patches.get(index) ?? [] }],
    };
  }
  const codes = elf.sections.flatMap((section): ControlCode[] => {
    if (section.type !== types.group) return [];
    const members = words(section.data).slice(1);
    const own = texts.filter(({ index }) => members.includes(index));
    if (own.length !== 1) {
      failAt(source, section.offset, `${section.name}: expected one section of control code, got ${own.length}`);
    }
    const { text, patchList } = { text: own[0]!.data, patchList: patches.get(own[0]!.index) ?? [] };
    return [{ ...namesOfGroup(source, elf.symbols, section), text, patches: patchList }];
  });
  if (codes.length !== texts.length) {
    failAt(source, 32, `expected a group for each of ${texts.length} control codes, got ${codes.length}`);
  }
  const names = codes.map(({ kernel, instance }) => `${kernel}:${instance}`);
  const twice = names.find((of, i) => names.indexOf(of) !== i);
  if (twice !== undefined) failAt(source, 32, `expected instances of different names, got two of ${twice}`);
  const counted = codes.map((code) => checkArguments(source, code));
  return {
    ...{ ...shared, kind: "full", columns: columnsOf(source, elf.sections), codes: counted },
    pdis: pdis.map((pdi) => ({ name: pdi.name, bytes: pdi.data })),
  };
}

/** The numbers of arguments that the patches of a code name, in order. */
export function patchedArguments({ patches }: ControlCode): readonly number[] {
  const numbers = patches.flatMap(({ form, symbol }) => (form === "shim-bd" ? [Number(symbol)] : []));
  return [...new Set(numbers)].sort((a, b) => a - b);
}

type Sections = ReturnType<typeof readElf>["sections"];
type Section = Sections[number];
type IndexedSection = Section & { readonly index: number };

/** Control packets and code for preemption are patched in ways that nothing here can check. */
function refuseUnknownParts(source: SectionSource, sections: Sections): void {
  const found = sections.find((s) => /\.(ctrldata|ctrlpkt|preempt_save|preempt_restore|pad|dump)/.test(s.name));
  if (found === undefined) return;
  throw new FormatError(`${source.name}: section ${found.name}: control packets and preemption are not known here`, {
    offset: Math.min(found.offset, source.bytes.length),
    hint: "make the ELF from the instruction stream alone: aiekit build KERNEL --insts-format elf",
  });
}

/** Patches by the index of the section that they are in. */
function patchesByText(
  source: SectionSource,
  sections: Sections,
  texts: readonly IndexedSection[],
  full: boolean,
  pdis: ReadonlySet<string>,
): Map<number, ControlPatch[]> {
  const found = new Map<number, ControlPatch[]>();
  const table = sectionNamed(sections, ".rela.dyn");
  if (table === undefined) return found;
  const symbols = readDynamicSymbols(source, sections);
  const places = new Set<string>();
  for (const { at, offset, symbolIndex, type, addend } of readRelocations(source, table)) {
    const symbol = symbols[symbolIndex];
    if (symbol === undefined) {
      return failAt(source, at + 4, `relocation: expected a symbol below ${symbols.length}, got ${symbolIndex}`);
    }
    const text = texts.find(({ index }) => index === symbol.sectionIndex);
    if (text === undefined) {
      const what = `relocation of ${symbol.name}: expected a section of control code, got section ${symbol.sectionIndex}`;
      return failAt(source, symbol.at + 14, what);
    }
    const form = formOf(source, at, type, symbol.name);
    const room = text.data.length - patchBytes[form];
    if (offset % 4 !== 0 || offset > room) {
      const what = `relocation of ${symbol.name}: expected a multiple of 4 up to ${Math.max(room, 0)}, got ${offset}`;
      failAt(source, at, `${text.name}: ${what}`);
    }
    checkSymbol(source, symbol, form, { full, pdis });
    // XRT adds to what it finds there: two patches of one place would add up.
    const place = `${text.index} ${offset}`;
    if (places.has(place)) failAt(source, at, `${text.name}: two relocations at ${offset}: XRT would add both`);
    places.add(place);
    const list = found.get(text.index) ?? [];
    list.push({ symbol: symbol.name, form, offset, addend, sizeBytes: symbol.sizeBytes });
    found.set(text.index, list);
  }
  return found;
}

function formOf(source: SectionSource, at: number, type: number, symbol: string): ControlPatch["form"] {
  for (const form of ["shim-bd", "address"] as const) if (controlElf.forms[form] === type) return form;
  const known = "expected 5 (address of a shim BD) or 8 (64-bit address)";
  return failAt(source, at + 4, `relocation of ${symbol}: type: ${known}, got ${type}`);
}

function checkSymbol(
  source: SectionSource,
  symbol: DynamicSymbol,
  form: ControlPatch["form"],
  { full, pdis }: { readonly full: boolean; readonly pdis: ReadonlySet<string> },
): void {
  if (form === "address") {
    if (full && pdis.has(symbol.name)) return;
    failAt(source, symbol.at, `symbol ${symbol.name}: expected the name of a section .pdi of a full ELF`);
  }
  const least = full ? 0 : 3;
  const number = /^\d{1,3}$/.test(symbol.name) ? Number(symbol.name) : -1;
  if (number >= least && number < 256) return;
  failAt(source, symbol.at, `symbol '${symbol.name}': expected the number of an argument, ${least} to 255`);
}

/** `_Z<length><name>` and one type for each argument, of which XRT knows pointers: `Pc`. */
function namesOfGroup(
  source: SectionSource,
  symbols: ReturnType<typeof readElf>["symbols"],
  group: Section,
): Pick<ControlCode, "kernel" | "instance" | "argCount"> {
  const instance = symbols[group.info];
  const kernel = symbols[instance?.sectionIndex ?? -1];
  if (instance?.type !== symbolKinds.object || kernel?.type !== symbolKinds.function) {
    return failAt(source, group.offset, `${group.name}: expected the symbols of an instance and of its kernel`);
  }
  const [, length = "", rest = ""] = /^_Z(\d{1,4})(.*)$/.exec(kernel.name) ?? [];
  const [name, args] = [rest.slice(0, Number(length)), rest.slice(Number(length))];
  if (length === "" || name.length !== Number(length) || !/^(P+[vci])*$/.test(args)) {
    failAt(
      source,
      group.offset,
      `${group.name}: kernel '${kernel.name}': expected _Z, length, name and a P for each buffer`,
    );
  }
  return { kernel: name, instance: instance.name, argCount: args.match(/P+[vci]/g)?.length ?? 0 };
}

function checkArguments(source: SectionSource, code: ControlCode): ControlCode {
  const highest = patchedArguments(code).at(-1) ?? -1;
  if (highest < code.argCount!) return code;
  const has = `kernel ${code.kernel} has ${code.argCount} arguments`;
  return failAt(source, 0, `${code.instance}: ${has}, its control code uses argument ${highest}`);
}

function columnsOf(source: SectionSource, sections: Sections): number {
  const note = readNote(source, sectionNamed(sections, controlElf.configurationNote)!);
  const columns = note.length === 4 ? words(note)[0]! : -1;
  if (columns >= 1 && columns <= 8) return columns;
  const offset = sectionNamed(sections, controlElf.configurationNote)!.offset;
  return failAt(source, offset, `${controlElf.configurationNote}: expected 1 to 8 columns, got ${columns}`);
}

function uidOf(source: SectionSource, sections: Sections): string | undefined {
  const section = sectionNamed(sections, controlElf.uidNote);
  if (section === undefined) return undefined;
  const uid = readNote(source, section);
  if (uid.length !== 16) failAt(source, section.offset, `${section.name}: expected 16 bytes, got ${uid.length}`);
  return [...uid].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function words(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => view.getUint32(i * 4, true));
}
