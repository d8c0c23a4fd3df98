import type { BufferConfig } from "../array-config.ts";
import type { Core } from "../core.ts";
import type { Tile } from "../tile.ts";

/** Words of a memory from `first` up to `end`, which are numbers `number`, ... of all. */
interface WordRange {
  readonly words: Uint32Array;
  readonly first: number;
  readonly end: number;
  readonly number: number;
  /** Whose bodies use it. */
  readonly cores: Set<Core>;
}

/** The buffers that bodies of cores use themselves: what they hold decides over what the cores do. */
export class OwnMemory {
  readonly #ranges = new Map<string, WordRange>();
  readonly #byMemory = new Map<Uint32Array, WordRange[]>();
  /** Words of all. */
  readonly size: number;

  constructor(
    uses: Iterable<{ readonly core: Core; readonly buffer: BufferConfig }>,
    tile: (at: BufferConfig) => Tile,
  ) {
    let number = 0;
    for (const { core, buffer } of uses) {
      const known = this.#ranges.get(buffer.name);
      if (known) {
        known.cores.add(core);
        continue;
      }
      const { words } = tile(buffer).memory;
      const first = Math.floor(buffer.address / 4);
      const end = Math.ceil((buffer.address + buffer.bytes) / 4);
      const range = { words, first, end, number, cores: new Set([core]) };
      this.#ranges.set(buffer.name, range);
      this.#byMemory.set(words, [...(this.#byMemory.get(words) ?? []), range]);
      number += end - first;
    }
    this.size = number;
  }

  hasBuffer(name: string): boolean {
    return this.#ranges.has(name);
  }

  /** Whether any of `count` words from `first` on is one of theirs. */
  has(words: Uint32Array, first: number, count: number): boolean {
    return this.#byMemory.get(words)?.some((range) => first < range.end && range.first < first + count) ?? false;
  }

  /** Numbers of a word, and the cores that use it; more than one where buffers share it. */
  usesOf(words: Uint32Array, index: number): { readonly number: number; readonly cores: ReadonlySet<Core> }[] {
    const ranges = this.#byMemory.get(words)?.filter(({ first, end }) => first <= index && index < end) ?? [];
    return ranges.map(({ first, number, cores }) => ({ number: number + index - first, cores }));
  }

  read(): Uint32Array {
    const values = new Uint32Array(this.size);
    for (const { words, first, end, number } of this.#ranges.values()) values.set(words.subarray(first, end), number);
    return values;
  }

  write(values: Uint32Array): void {
    for (const { words, first, end, number } of this.#ranges.values()) {
      for (let i = first; i < end; i++) words[i] = values[number + i - first]!;
    }
  }

  /** Whether they hold `values`, words apart that are set in `free`. */
  holds(values: Uint32Array, free: Uint8Array): boolean {
    for (const { words, first, end, number } of this.#ranges.values()) {
      for (let i = first; i < end; i++) {
        const n = number + i - first;
        if (words[i] !== values[n] && free[n] === 0) return false;
      }
    }
    return true;
  }
}
