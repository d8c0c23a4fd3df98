import { FormatError } from "@aiekit/core";

/**
 * Offset of the code section's content in a module. DWARF counts addresses from there; V8's stack traces count bytes of
 * the module. Source: WebAssembly core specification 2.0, 5.5.2 (sections); DWARF for WebAssembly.
 */
export function codeSectionOffset(module: Uint8Array): number {
  return findSection(module, sectionIds.code);
}

/**
 * Value of an exported i32 global that is set by a constant, such as wasm-ld's `__data_end`. The module may import
 * functions and a memory, but no globals. Source: WebAssembly core specification 2.0, 5.5.9 (globals), 5.5.10 (exports).
 */
export function exportedConstant(module: Uint8Array, name: string): number {
  const exports = new Reader(module, findSection(module, sectionIds.export));
  let index = -1;
  for (let left = exports.leb(); left > 0 && index < 0; left--) {
    const exportName = exports.text(exports.leb());
    const kind = exports.byte();
    const item = exports.leb();
    if (exportName === name && kind === globalKind) index = item;
  }
  const globals = new Reader(module, findSection(module, sectionIds.global));
  const count = globals.leb();
  if (index < 0 || index >= count) throw new FormatError(`WebAssembly module: expected an exported global ${name}`);
  for (let i = 0; ; i++) {
    // Each is a value type, mutability, then `t.const value` and `end`.
    globals.byte();
    globals.byte();
    const operation = globals.byte();
    const sizeBytes = floatConst.get(operation);
    if (sizeBytes !== undefined) {
      globals.at += sizeBytes;
    } else if (operation === i32Const) {
      const value = globals.leb();
      if (i === index) return value;
    } else {
      throw new FormatError("WebAssembly module: expected globals of i32.const, f32.const or f64.const");
    }
    globals.byte();
  }
}

const sectionIds = { global: 6, export: 7, code: 10 } as const;
const globalKind = 3;
const i32Const = 0x41;
/** Opcode of f32.const and f64.const -> bytes of the value. */
const floatConst: ReadonlyMap<number, number> = new Map([
  [0x43, 4],
  [0x44, 8],
]);
const headerBytes = 8;

function findSection(module: Uint8Array, id: number): number {
  const reader = new Reader(module, headerBytes);
  while (reader.at < module.length) {
    const found = reader.byte();
    const sizeBytes = reader.leb();
    if (found === id) return reader.at;
    reader.at += sizeBytes;
  }
  throw new FormatError(`WebAssembly module: expected a section ${id}, got none`, { offset: module.length });
}

class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const value = this.#bytes[this.at];
    if (value === undefined) throw new FormatError("WebAssembly module: ends inside a section", { offset: this.at });
    this.at++;
    return value;
  }

  /** LEB128, read as unsigned: sizes and indices are, and addresses in a memory of less than 2 GiB are not negative. */
  leb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const b = this.byte();
      value += (b & 0x7f) * scale;
      if (b < 0x80) return value;
    }
  }

  text(sizeBytes: number): string {
    const start = this.at;
    for (let i = 0; i < sizeBytes; i++) this.byte();
    return new TextDecoder().decode(this.#bytes.subarray(start, this.at));
  }
}
