import { ModuleReader, moduleSections, type Section, sectionIds } from "./wasm-sections.ts";

export interface FunctionType {
  readonly params: number;
  readonly results: number;
}

/** Code of a function: its locals, parameters included, and where its instructions start and end. */
export interface FunctionCode {
  readonly locals: number;
  readonly start: number;
  readonly end: number;
}

/** Value types of the binary format that are plain numbers of JavaScript. */
export const numberTypes = { i32: 0x7f, f32: 0x7d, f64: 0x7c } as const;

interface GlobalType {
  readonly type: number;
  readonly mutable: boolean;
  /** What an own global of i32 starts with, and where in the module that number stands. */
  readonly initial?: { readonly value: number; readonly start: number; readonly end: number };
}

/** What an analysis of a module needs: functions by index, imported ones first. */
export interface ModuleOutline {
  readonly bytes: Uint8Array;
  readonly types: readonly FunctionType[];
  readonly importedFunctions: readonly string[];
  /** Type of each function, by its index. */
  readonly functionTypes: readonly FunctionType[];
  /** Imported globals first. */
  readonly globals: readonly GlobalType[];
  readonly exportedFunctions: ReadonlyMap<string, number>;
  readonly exportedGlobals: ReadonlyMap<string, number>;
  /** Undefined for imported functions. */
  readonly code: (index: number) => FunctionCode | undefined;
  readonly sections: readonly Section[];
}

/** @throws FormatError when the bytes are no module.   Source: WebAssembly Core Specification 2.0, 5.5 Modules. */
export function outlineModule(bytes: Uint8Array): ModuleOutline {
  const sections = moduleSections(bytes);
  const read = <T>(id: number, item: (reader: ModuleReader) => T): T[] => {
    const section = sections.find((candidate) => candidate.id === id);
    if (section === undefined) return [];
    const reader = new ModuleReader(bytes, section.content);
    return reader.list(() => item(reader));
  };
  const types = read(sectionIds.type, readType);
  const imports = read(sectionIds.import, readImport);
  const importedFunctions = imports.filter((one) => one.kind === 0);
  const own = read(sectionIds.function, (reader) => reader.unsigned());
  const exports = read(sectionIds.export, (reader) => ({
    name: reader.name(),
    kind: reader.byte(),
    index: reader.unsigned(),
  }));
  const exported = (kind: number) => new Map(exports.filter((e) => e.kind === kind).map((e) => [e.name, e.index]));
  const codes = read(sectionIds.code, (reader) => {
    const size = reader.unsigned();
    const start = reader.offset;
    reader.skip(size);
    return { start, end: start + size };
  });
  const functionTypes = [...importedFunctions.map((one) => one.type), ...own].map((type) => types[type]!);
  return {
    bytes,
    types,
    importedFunctions: importedFunctions.map((one) => one.name),
    functionTypes,
    globals: [...imports.flatMap((one) => (one.global ? [one.global] : [])), ...read(sectionIds.global, readGlobal)],
    exportedFunctions: exported(0),
    exportedGlobals: exported(3),
    code: (index) => {
      const place = codes[index - importedFunctions.length];
      return place && codeOf(bytes, place, functionTypes[index]!.params);
    },
    sections,
  };
}

function readType(reader: ModuleReader): FunctionType {
  reader.skip(1);
  const params = reader.list(() => reader.byte()).length;
  return { params, results: reader.list(() => reader.byte()).length };
}

function readImport(reader: ModuleReader) {
  reader.name();
  const name = reader.name();
  const kind = reader.byte();
  const type = kind === 0 ? reader.unsigned() : 0;
  if (kind === 1) reader.skip(1);
  if (kind === 1 || kind === 2) {
    const flags = reader.byte();
    reader.unsigned();
    if ((flags & 1) === 1) reader.unsigned();
  }
  const global = kind === 3 ? { type: reader.byte(), mutable: reader.byte() === 1 } : undefined;
  return { name, kind, type, global };
}

function readGlobal(reader: ModuleReader): GlobalType {
  const global = { type: reader.byte(), mutable: reader.byte() === 1 };
  const opcode = reader.byte();
  const start = reader.offset;
  if (opcode === 0x41) {
    const initial = { value: reader.signed(), start, end: reader.offset };
    reader.skip(1);
    return { ...global, initial };
  }
  if (opcode === 0x43) reader.skip(4);
  else if (opcode === 0x44) reader.skip(8);
  else if (opcode === 0xfd) reader.skip(17);
  else reader.skipSigned();
  reader.skip(1);
  return global;
}

function codeOf(bytes: Uint8Array, place: { readonly start: number; readonly end: number }, params: number) {
  const reader = new ModuleReader(bytes, place.start);
  const groups = reader.list(() => {
    const count = reader.unsigned();
    reader.skip(1);
    return count;
  });
  return { locals: groups.reduce((sum, count) => sum + count, params), start: reader.offset, end: place.end };
}
