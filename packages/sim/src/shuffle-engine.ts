import { runsExtent } from "./block-runs.ts";
import { signedBytes, unsignedBytes } from "./wasm-sections.ts";
import { type WasmMemory, type WasmModule, wasm } from "./webassembly.ts";

/** Words that one move takes. */
export type Unit = 1 | 2 | 4;

/** Follows a table from `table` to `end`: the words at `from` + each entry go to `to` and on. All in bytes. */
export type Move = (table: number, end: number, to: number, from: number) => void;

/** Words of a source in another order. */
export interface Shuffle {
  /** The words that are read, from `first` to the last, relative to where the copy begins. */
  readonly first: number;
  readonly span: number;
  /** The words that are written, one behind the other from here on, relative to where the copy begins. */
  readonly to: number;
  readonly count: number;
  /** Byte address of the table of moves, and of its end. */
  readonly table: number;
  readonly end: number;
  readonly unit: Unit;
  /** Where the words lie in order. */
  readonly out: Uint32Array;
  readonly engine: ShuffleEngine;
}

const pageBytes = 65_536;
/** Moves of one round of the loop. */
const movesOfRound = 4;
/** As profiles tell them from kernels. */
export const moveNames: Readonly<Record<Unit, string>> = {
  1: "aiekit_move_words",
  2: "aiekit_move_pairs",
  4: "aiekit_move_fours",
};

/**
 * A memory with words as they come, words in order, and tables of moves, and the code that follows a table. It checks no
 * bounds at every word, which a loop over typed arrays does.
 */
export class ShuffleEngine {
  /** Words to be put in order. */
  readonly source: Uint32Array;
  readonly #memory: WasmMemory;
  readonly #move: Readonly<Record<Unit, Move>>;
  readonly #outAt: number;
  readonly #outBytes: number;
  readonly #tablesEnd: number;
  #used: number;

  constructor(bytes: { readonly source: number; readonly out: number; readonly tables: number }) {
    const pages = (size: number): number => Math.ceil(size / pageBytes);
    const all = pages(bytes.source) + pages(bytes.out) + pages(bytes.tables);
    this.#memory = new wasm.Memory({ initial: all, maximum: all });
    const { exports } = new wasm.Instance(moveModule(all), { env: { memory: this.#memory } });
    this.#move = movesIn(exports);
    this.source = new Uint32Array(this.#memory.buffer, 0, Math.floor(bytes.source / 4));
    this.#outAt = pages(bytes.source) * pageBytes;
    this.#outBytes = bytes.out;
    this.#used = this.#outAt + pages(bytes.out) * pageBytes;
    this.#tablesEnd = all * pageBytes;
  }

  /**
   * A shuffle of runs of `words` words from each of `as` to each of `bs`. Undefined where these do not fill their place, and
   * where there is no room for the words; "full" where there is none for the table.
   */
  plan(as: Int32Array, bs: Int32Array, words: number): Shuffle | "full" | undefined {
    const count = as.length * words;
    const { first, end: last } = runsExtent(as, words);
    const { first: to, end: toEnd } = runsExtent(bs, words);
    const span = last - first;
    const isDense = toEnd - to === count;
    if (!isDense || span > this.source.length || 4 * count > this.#outBytes) return undefined;
    const fits = (unit: Unit) => words % unit === 0 && bs.every((start) => (start - to) % unit === 0);
    const unit = ([4, 2] as const).find(fits) ?? 1;
    const moves = count / unit;
    if (moves % movesOfRound !== 0) return undefined;
    const entries = new Int32Array(moves).fill(-1);
    for (let r = 0; r < as.length; r++) {
      for (let word = 0; word < words; word += unit) {
        entries[(bs[r]! - to + word) / unit] = 4 * (as[r]! - first + word);
      }
    }
    // Two runs to one place: not a permutation.
    if (entries.includes(-1)) return undefined;
    const table = this.#used;
    const end = table + 4 * moves;
    if (end > this.#tablesEnd) return "full";
    this.#used = end;
    new Int32Array(this.#memory.buffer, table, moves).set(entries);
    const out = new Uint32Array(this.#memory.buffer, this.#outAt, count);
    return { first, span, to, count, table, end, unit, out, engine: this };
  }

  /** Puts words of `source` from `at` on in order, in the shuffle's `out`. */
  run({ unit, table, end }: Shuffle, at: number): void {
    this.#move[unit](table, end, this.#outAt, 4 * at);
  }
}

/** The moves of an instance of `moveModule`. */
export function movesIn(exports: Readonly<Record<string, unknown>>): Readonly<Record<Unit, Move>> {
  const named = (unit: Unit) => exports[moveNames[unit]] as Move;
  return { 1: named(1), 2: named(2), 4: named(4) };
}

/**
 * A module with the moves, on a memory of `pages`, which several threads may share.
 * Source: WebAssembly Core Specification 2.0, chapter 5 and appendix 7.4.1 for names; of shared memory the threads
 * proposal.
 */
export function moveModule(pages: number, isShared = false): WasmModule {
  const section = (id: number, content: readonly number[]) => [id, ...unsignedBytes(content.length), ...content];
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
  const memory = [
    ...name("env"),
    ...name("memory"),
    2,
    isShared ? 3 : 1,
    ...unsignedBytes(pages),
    ...unsignedBytes(pages),
  ];
  const units: readonly Unit[] = [1, 2, 4];
  const exports = units.flatMap((unit, i) => [...name(moveNames[unit]), 0, i]);
  const names = units.flatMap((unit, i) => [i, ...name(moveNames[unit])]);
  const bodies = units.map(moveBody).flatMap((body) => [...unsignedBytes(body.length), ...body]);
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 4, i32, i32, i32, i32, 0]),
    ...section(2, [1, ...memory]),
    ...section(3, [units.length, ...units.map(() => 0)]),
    ...section(7, [units.length, ...exports]),
    ...section(10, [units.length, ...bodies]),
    ...section(0, [...name("name"), ...section(1, [units.length, ...names])]),
  ]);
  return new wasm.Module(bytes);
}

const i32 = 0x7f;
const [loop, noResult, branchIf, end] = [0x03, 0x40, 0x0d, 0x0b];
const [get, set, tee, constant, add, lessThan] = [0x20, 0x21, 0x22, 0x41, 0x6a, 0x49];
const loadI32 = 0x28;
/** Instructions that take a unit from memory and to it. */
const loads: Readonly<Record<Unit, readonly number[]>> = { 1: [0x28], 2: [0x29], 4: [0xfd, 0] };
const stores: Readonly<Record<Unit, readonly number[]>> = { 1: [0x36], 2: [0x37], 4: [0xfd, 11] };

/** `(table, end, out, source)`: a loop over the table, a round of four moves at a time. */
function moveBody(unit: Unit): number[] {
  const [table, last, out, source] = [0, 1, 2, 3];
  const bytes = 4 * unit;
  const moves = Array.from({ length: movesOfRound }, (_, k) => {
    const from = [...[get, source, get, table, loadI32, 0, 4 * k], add];
    return [get, out, ...from, ...loads[unit], 0, 0, ...stores[unit], 0, bytes * k];
  });
  const advance = (local: number, by: number) => [get, local, constant, ...signedBytes(by), add];
  return [
    ...[0, loop, noResult, ...moves.flat()],
    ...[...advance(out, bytes * movesOfRound), set, out],
    ...[...advance(table, 4 * movesOfRound), tee, table, get, last, lessThan, branchIf, 0],
    ...[end, end],
  ];
}
