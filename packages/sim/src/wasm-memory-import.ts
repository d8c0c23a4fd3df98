import { FormatError } from "@aiekit/core";

/** Pages that a module asks of the memory it imports. `maximum` is undefined where it sets no limit. */
export interface MemoryLimits {
  readonly minimum: number;
  readonly maximum: number | undefined;
  /** Where in the module the maximum stands, and on how many bytes. */
  readonly maximumAt: { readonly offset: number; readonly bytes: number } | undefined;
}

const importSection = 2;

/**
 * Limits of the first memory that a WebAssembly module imports; undefined when it imports none.
 * @throws FormatError when the bytes are no module.   Source: WebAssembly Core Specification 2.0, 5.5.5 Import Section.
 */
export function importedMemoryLimits(module: Uint8Array): MemoryLimits | undefined {
  const reader = new ModuleReader(module);
  reader.skip(8);
  while (!reader.atEnd) {
    const section = reader.byte();
    const end = reader.unsigned() + reader.offset;
    if (section === importSection) return readImports(reader);
    reader.offset = end;
  }
  return undefined;
}

/**
 * The module with a memory of up to `pages` allowed. Only the number changes, in place, so that code offsets stay what they
 * were. @throws FormatError when the new number needs more bytes than the old one.
 */
export function withMemoryMaximum(module: Uint8Array, pages: number): Uint8Array {
  const limits = importedMemoryLimits(module);
  if (limits?.maximum === undefined || limits.maximum >= pages || limits.maximumAt === undefined) return module;
  const { offset, bytes } = limits.maximumAt;
  if (pages >= 2 ** (7 * bytes)) {
    throw new FormatError(`wasm module: no room to raise its memory from ${limits.maximum} to ${pages} pages`, {
      offset,
    });
  }
  const raised = module.slice();
  for (let i = 0; i < bytes; i++) raised[offset + i] = ((pages >>> (7 * i)) & 0x7f) | (i < bytes - 1 ? 0x80 : 0);
  return raised;
}

function readImports(reader: ModuleReader): MemoryLimits | undefined {
  for (let left = reader.unsigned(); left > 0; left--) {
    reader.skip(reader.unsigned());
    reader.skip(reader.unsigned());
    const kind = reader.byte();
    if (kind === 2) return readLimits(reader);
    if (kind === 0) reader.unsigned();
    else if (kind === 3) reader.skip(2);
    else if (kind === 1) {
      reader.skip(1);
      readLimits(reader);
    } else {
      throw new FormatError(`wasm module: import of unknown kind ${kind}`, { offset: reader.offset - 1 });
    }
  }
  return undefined;
}

function readLimits(reader: ModuleReader): MemoryLimits {
  const flags = reader.byte();
  const minimum = reader.unsigned();
  if ((flags & 1) === 0) return { minimum, maximum: undefined, maximumAt: undefined };
  const { offset } = reader;
  const maximum = reader.unsigned();
  return { minimum, maximum, maximumAt: { offset, bytes: reader.offset - offset } };
}

class ModuleReader {
  offset = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.offset >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.offset];
    if (value === undefined) throw new FormatError("wasm module: ends too early", { offset: this.offset });
    this.offset++;
    return value;
  }

  skip(bytes: number): void {
    this.offset += bytes;
  }

  /** LEB128. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new FormatError("wasm module: number is too long", { offset: this.offset });
  }
}
