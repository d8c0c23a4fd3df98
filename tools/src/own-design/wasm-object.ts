import { FormatError } from "@aiekit/core";

/** Value types of WebAssembly 1.0 that C++ functions have in their signatures, and `v128`. */
export type WasmType = "i32" | "i64" | "f32" | "f64" | "v128" | "reference";

export interface ObjectFunction {
  readonly params: readonly WasmType[];
  readonly results: readonly WasmType[];
}

/** What an object file offers to others and wants of them. Names are C names, or C++ names as the compiler mangles them. */
export interface ObjectSymbols {
  readonly defined: ReadonlyMap<string, ObjectFunction>;
  readonly undefined: ReadonlySet<string>;
}

/**
 * The function symbols of a relocatable WebAssembly object; those with local binding are left out.
 * @throws FormatError where the bytes are no such object.
 * Source: WebAssembly core specification 2.0, 5.5 (sections); tool-conventions Linking.md, version 2 (symbol table).
 */
export function readObjectSymbols(object: Uint8Array): ObjectSymbols {
  const tables: FunctionTables = { types: [], importNames: [], functionTypes: [] };
  const symbols = { defined: new Map<string, ObjectFunction>(), undefined: new Set<string>() };
  const reader = new ObjectReader(object, headerBytes);
  while (!reader.atEnd) {
    const id = reader.byte();
    const section = reader.part(reader.unsigned());
    if (id === sections.type) readTypes(section, tables);
    else if (id === sections.import) readImports(section, tables);
    else if (id === sections.function) readFunctions(section, tables);
    else if (id === sections.custom && section.text() === "linking") readLinking(section, tables, symbols);
  }
  return symbols;
}

const headerBytes = 8;
const sections = { custom: 0, type: 1, import: 2, function: 3 } as const;
const importKinds = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;
const symbolTable = 8;
const symbolKinds = { function: 0, data: 1, section: 3 } as const;
const symbolFlags = { local: 0x02, undefined: 0x10, explicitName: 0x40 } as const;
const valueTypes: Readonly<Record<number, WasmType>> = { 127: "i32", 126: "i64", 125: "f32", 124: "f64", 123: "v128" };

interface FunctionTables {
  readonly types: ObjectFunction[];
  /** Of imported functions: they come first in the index space. */
  readonly importNames: string[];
  /** Index into `types`, by function. */
  readonly functionTypes: number[];
}

interface SymbolSets {
  readonly defined: Map<string, ObjectFunction>;
  readonly undefined: Set<string>;
}

function readTypes(section: ObjectReader, { types }: FunctionTables): void {
  for (let left = section.unsigned(); left > 0; left--) {
    section.byte();
    types.push({ params: readValueTypes(section), results: readValueTypes(section) });
  }
}

function readValueTypes(section: ObjectReader): WasmType[] {
  const list: WasmType[] = [];
  for (let left = section.unsigned(); left > 0; left--) list.push(valueTypes[section.byte()] ?? "reference");
  return list;
}

function readImports(section: ObjectReader, { importNames, functionTypes }: FunctionTables): void {
  for (let left = section.unsigned(); left > 0; left--) {
    section.text();
    const name = section.text();
    const kind = section.byte();
    if (kind === importKinds.function) {
      importNames.push(name);
      functionTypes.push(section.unsigned());
    } else if (kind === importKinds.global) {
      section.byte();
      section.byte();
    } else if (kind === importKinds.tag) {
      section.byte();
      section.unsigned();
    } else {
      if (kind === importKinds.table) section.byte();
      const hasMaximum = (section.unsigned() & 1) !== 0;
      section.unsigned();
      if (hasMaximum) section.unsigned();
    }
  }
}

function readFunctions(section: ObjectReader, { functionTypes }: FunctionTables): void {
  for (let left = section.unsigned(); left > 0; left--) functionTypes.push(section.unsigned());
}

function readLinking(section: ObjectReader, tables: FunctionTables, symbols: SymbolSets): void {
  section.unsigned();
  while (!section.atEnd) {
    const kind = section.byte();
    const subsection = section.part(section.unsigned());
    if (kind === symbolTable) readSymbolTable(subsection, tables, symbols);
  }
}

function readSymbolTable(table: ObjectReader, tables: FunctionTables, symbols: SymbolSets): void {
  for (let left = table.unsigned(); left > 0; left--) {
    const kind = table.byte();
    const flags = table.unsigned();
    const isUndefined = (flags & symbolFlags.undefined) !== 0;
    if (kind === symbolKinds.data) {
      table.text();
      if (!isUndefined) for (let field = 0; field < 3; field++) table.unsigned();
      continue;
    }
    const index = table.unsigned();
    if (kind === symbolKinds.section) continue;
    const named = !isUndefined || (flags & symbolFlags.explicitName) !== 0;
    const name = named ? table.text() : (tables.importNames[index] ?? "");
    if (kind !== symbolKinds.function || (flags & symbolFlags.local) !== 0) continue;
    const type = tables.types[tables.functionTypes[index] ?? -1];
    if (isUndefined) symbols.undefined.add(name);
    else if (type !== undefined) symbols.defined.set(name, type);
  }
}

class ObjectReader {
  #at: number;
  readonly #end: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, start: number, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  byte(): number {
    if (this.atEnd) throw new FormatError("WebAssembly object: ends inside a section", { offset: this.#at });
    return this.#bytes[this.#at++] ?? 0;
  }

  /** LEB128. */
  unsigned(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  text(): string {
    const sizeBytes = this.unsigned();
    const start = this.#at;
    this.part(sizeBytes);
    return new TextDecoder().decode(this.#bytes.subarray(start, this.#at));
  }

  /** The next `sizeBytes` on their own; this reader goes on behind them. */
  part(sizeBytes: number): ObjectReader {
    const start = this.#at;
    if (start + sizeBytes > this.#end) {
      throw new FormatError("WebAssembly object: ends inside a section", { offset: start });
    }
    this.#at += sizeBytes;
    return new ObjectReader(this.#bytes, start, this.#at);
  }
}
