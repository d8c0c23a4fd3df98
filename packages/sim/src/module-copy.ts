import { ModuleReader, type Section, unsignedBytes } from "./wasm-sections.ts";

/** Instructions that are put in before what is at an offset of the module. */
export interface Insertion {
  readonly at: number;
  readonly code: readonly number[];
}

/** Other bytes instead of [from, end). */
interface Change {
  readonly from: number;
  readonly end: number;
  readonly bytes: readonly number[];
}

/** A copy of a module with insertions, which remembers where the bytes that it kept came from. */
export class ModuleCopy {
  bytes: number[] = [];
  readonly #module: Uint8Array;
  #kept: { readonly from: number; readonly to: number; readonly bytes: number }[] = [];

  constructor(module: Uint8Array) {
    this.#module = module;
  }

  keep(from: number, end: number): void {
    if (end > from) this.#kept.push({ from, to: this.bytes.length, bytes: end - from });
    for (let i = from; i < end; i++) this.bytes.push(this.#module[i]!);
  }

  put(bytes: readonly number[]): void {
    this.bytes.push(...bytes);
  }

  /** The section with another content; its id stays. */
  section(section: Section, content: (copy: ModuleCopy) => void): void {
    this.keep(section.start, section.start + 1);
    this.sized(content);
  }

  /** A content behind its new size. */
  sized(content: (copy: ModuleCopy) => void): void {
    const inner = new ModuleCopy(this.#module);
    content(inner);
    this.put(unsignedBytes(inner.bytes.length));
    const to = this.bytes.length;
    this.#kept.push(...inner.#kept.map((kept) => ({ ...kept, to: kept.to + to })));
    for (const byte of inner.bytes) this.bytes.push(byte);
  }

  /** The list that a section is, with entries more at its end, and with other bytes in one place of it. */
  listWith(section: Section, entries: readonly (readonly number[])[], change?: Change): void {
    const reader = new ModuleReader(this.#module, section.content);
    this.put(unsignedBytes(reader.unsigned() + entries.length));
    this.keep(reader.offset, change?.from ?? section.end);
    if (change) {
      this.put(change.bytes);
      this.keep(change.end, section.end);
    }
    for (const entry of entries) this.put(entry);
  }

  /** The code section with instructions put in. `insertions` in the order of their offsets. */
  codeWith(section: Section, insertions: readonly Insertion[]): void {
    const reader = new ModuleReader(this.#module, section.content);
    const functions = reader.unsigned();
    this.keep(section.content, reader.offset);
    let next = 0;
    for (let i = 0; i < functions; i++) {
      const size = reader.unsigned();
      const end = reader.offset + size;
      this.sized((copy) => {
        let from = reader.offset;
        for (; next < insertions.length && insertions[next]!.at < end; next++) {
          const { at, code } = insertions[next]!;
          copy.keep(from, at);
          copy.put(code);
          from = at;
        }
        copy.keep(from, end);
      });
      reader.offset = end;
    }
  }

  /** Bytes that were put in count as the end of what is before them, or as the last byte of it. */
  offsetBefore(offset: number, as: "end" | "last" = "end"): number {
    const kept = this.#kept.findLast(({ to }) => to <= offset);
    return kept === undefined ? offset : kept.from + Math.min(offset - kept.to, kept.bytes - (as === "last" ? 1 : 0));
  }
}
