import { FormatError } from "@aiekit/core";

/** Reads the integers and names of a WebAssembly module.   Source: WebAssembly Core Specification 2.0, 5.2 Values. */
export class ModuleReader {
  offset: number;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
  }

  get atEnd(): boolean {
    return this.offset >= this.bytes.length;
  }

  /** @throws FormatError behind the end. */
  byte(): number {
    const value = this.bytes[this.offset];
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

  /** Passes a signed LEB128 number of up to 64 bits, whose value nobody asks for. */
  skipSigned(): void {
    while (this.byte() >= 0x80);
  }

  /** Elements of a vector, each read by `read`. */
  list<T>(read: () => T): T[] {
    return Array.from({ length: this.unsigned() }, read);
  }

  name(): string {
    const length = this.unsigned();
    this.skip(length);
    return new TextDecoder().decode(this.bytes.slice(this.offset - length, this.offset));
  }
}

/** One section: its number, where its header starts, and its content. */
export interface Section {
  readonly id: number;
  readonly start: number;
  readonly content: number;
  readonly end: number;
}

export const sectionIds = {
  type: 1,
  import: 2,
  function: 3,
  global: 6,
  export: 7,
  start: 8,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;

/** Sections of a module, in their order. @throws FormatError when the bytes are no module. */
export function moduleSections(module: Uint8Array): Section[] {
  const reader = new ModuleReader(module, 8);
  const sections: Section[] = [];
  while (!reader.atEnd) {
    const start = reader.offset;
    const id = reader.byte();
    const bytes = reader.unsigned();
    const content = reader.offset;
    sections.push({ id, start, content, end: content + bytes });
    reader.offset = content + bytes;
  }
  return sections;
}

/** LEB128. */
export function unsignedBytes(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** Signed LEB128 of a number that is not negative. */
export function signedBytes(value: number): number[] {
  const bytes = unsignedBytes(value);
  const last = bytes.pop()!;
  return (last & 0x40) === 0 ? [...bytes, last] : [...bytes, last | 0x80, 0];
}
