import { signedBytes, unsignedBytes } from "./wasm-sections.ts";
import { type WasmMemory, wasm } from "./webassembly.ts";

/**
 * Copies of many short runs, done as one permutation inside a WebAssembly memory: the words are brought there at once, put in
 * order by code without bounds checks of its own, and brought to where they belong at once. A loop over the runs in
 * JavaScript takes several times as long: 2.5 instead of 0.4 us for 512 runs of two words (measured, AMD EPYC).
 */
export interface Shuffle {
  /** The words that are read, from `first` to the last, relative to where the copy begins. */
  readonly first: number;
  readonly span: number;
  /** The words that are written, one behind the other from here on. */
  readonly to: number;
  readonly count: number;
  /** Byte address of the table of moves, and how many there are. */
  readonly table: number;
  readonly moves: number;
  readonly unit: Unit;
  /** Where the words lie in order. */
  readonly out: Uint32Array;
  readonly engine: Engine;
}

/** Words that one move takes. */
type Unit = 1 | 2;

const pageBytes = 65_536;
/** Pages: words as they come, words in order, tables. */
const [sourcePages, outPages, mostTablePages] = [1, 1, 64];
const outAt = sourcePages * pageBytes;
const tablesAt = outAt + outPages * pageBytes;
/** Fewer runs, or longer ones, are copied as fast by a loop. */
const fewestRuns = 32;
const longestRun = 8;
/** Words between the first and the last that is read, for each that is copied: they are all brought over. */
const widestSpan = 4;
/** As profiles tell them from kernels. */
const functionNames: Readonly<Record<Unit, string>> = { 1: "aiekit_move_words", 2: "aiekit_move_pairs" };
/** Moves of one round of the loop. */
const movesOfRound = 4;

/** A memory, and code that takes a word or two for each entry of a table to the place behind the last. */
interface Engine {
  readonly memory: WasmMemory;
  readonly move: Readonly<Record<Unit, (table: number, end: number, out: number) => void>>;
  readonly source: Uint32Array;
  /** First byte behind the tables. */
  used: number;
}

let engine: Engine | undefined;
/** By the tables of where runs begin, at both ends. Null where a loop does better. */
let known = new WeakMap<Int32Array, WeakMap<Int32Array, Shuffle | null>>();

/** How to copy runs of `words` words from each of `as` to each of `bs`; undefined where a loop over them is as good. */
export function shuffleOf(as: Int32Array, bs: Int32Array, words: number): Shuffle | undefined {
  if (as.length < fewestRuns || words > longestRun) return undefined;
  const ofSource = known.get(as) ?? new WeakMap<Int32Array, Shuffle | null>();
  known.set(as, ofSource);
  const found = ofSource.get(bs);
  if (found !== undefined) return found ?? undefined;
  const made = plan(as, bs, words);
  // Tables may have been dropped for the new one.
  const now = known.get(as) ?? new WeakMap<Int32Array, Shuffle | null>();
  known.set(as, now);
  now.set(bs, made ?? null);
  return made;
}

/** Moves the words of a copy that begins at `a` of `from` and `b` of `to`. */
export function shuffleWords(shuffle: Shuffle, from: Uint32Array, a: number, to: Uint32Array, b: number): void {
  const first = a + shuffle.first;
  shuffleView(shuffle, from.subarray(first, first + shuffle.span), to, b);
}

/** The same with the words that are read, from the first to the last. */
export function shuffleView(shuffle: Shuffle, view: Uint32Array, to: Uint32Array, b: number): void {
  const { source, move } = shuffle.engine;
  source.set(view);
  move[shuffle.unit](shuffle.table, shuffle.table + 4 * shuffle.moves, outAt);
  to.set(shuffle.out, b + shuffle.to);
}

function plan(as: Int32Array, bs: Int32Array, words: number): Shuffle | undefined {
  const count = as.length * words;
  const [first, to] = [least(as), least(bs)];
  const span = greatest(as) + words - first;
  const isDense = greatest(bs) + words - to === count;
  if (!isDense || span > widestSpan * count) return undefined;
  if (4 * span > sourcePages * pageBytes || 4 * count > outPages * pageBytes) return undefined;
  const unit: Unit = words % 2 === 0 && bs.every((start) => (start - to) % 2 === 0) ? 2 : 1;
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
  const into = engineFor(moves);
  const table = into.used;
  into.used += 4 * moves;
  new Int32Array(into.memory.buffer, table, moves).set(entries);
  const out = new Uint32Array(into.memory.buffer, outAt, count);
  return { first, span, to, count, table, moves, unit, out, engine: into };
}

/** One with room for a table: all tables are dropped when there is none left. */
function engineFor(moves: number): Engine {
  if (engine === undefined || engine.used + 4 * moves > tablesAt + mostTablePages * pageBytes) {
    known = new WeakMap();
    engine = start();
  }
  return engine;
}

const least = (numbers: Int32Array): number => numbers.reduce((a, b) => Math.min(a, b));
const greatest = (numbers: Int32Array): number => numbers.reduce((a, b) => Math.max(a, b));

function start(): Engine {
  const pages = sourcePages + outPages + mostTablePages;
  const memory = new wasm.Memory({ initial: pages, maximum: pages });
  const { exports } = new wasm.Instance(new wasm.Module(engineModule(pages)), { env: { memory } });
  const move = { 1: exports[functionNames[1]], 2: exports[functionNames[2]] } as Engine["move"];
  return { memory, move, source: new Uint32Array(memory.buffer, 0, (sourcePages * pageBytes) / 4), used: tablesAt };
}

/** The module of an engine.   Source: WebAssembly Core Specification 2.0, chapter 5. */
function engineModule(pages: number): Uint8Array {
  const section = (id: number, content: readonly number[]) => [id, ...unsignedBytes(content.length), ...content];
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
  const memory = [...name("env"), ...name("memory"), 2, 1, ...unsignedBytes(pages), ...unsignedBytes(pages)];
  const functionType = [0x60, 3, i32, i32, i32, 0];
  const bodies = [moveBody(1), moveBody(2)].flatMap((body) => [...unsignedBytes(body.length), ...body]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, ...functionType]),
    ...section(2, [1, ...memory]),
    ...section(3, [2, 0, 0]),
    ...section(7, [2, ...name(functionNames[1]), 0, 0, ...name(functionNames[2]), 0, 1]),
    ...section(10, [2, ...bodies]),
  ]);
}

const i32 = 0x7f;
const [loop, noResult, branchIf, end] = [0x03, 0x40, 0x0d, 0x0b];
const [get, set, tee, constant, add, lessThan] = [0x20, 0x21, 0x22, 0x41, 0x6a, 0x49];

/** `(table, end, out)`: a loop over the table, a round of four moves at a time. */
function moveBody(unit: Unit): number[] {
  const [table, last, out] = [0, 1, 2];
  const bytes = 4 * unit;
  const [load, store] = unit === 1 ? [0x28, 0x36] : [0x29, 0x37];
  const moves = Array.from({ length: movesOfRound }, (_, k) => {
    const from = [get, table, 0x28, 0, 4 * k];
    return [get, out, ...from, load, 0, 0, store, 0, bytes * k];
  });
  const advance = (local: number, by: number) => [get, local, constant, ...signedBytes(by), add];
  return [
    ...[0, loop, noResult, ...moves.flat()],
    ...[...advance(out, bytes * movesOfRound), set, out],
    ...[...advance(table, 4 * movesOfRound), tee, table, get, last, lessThan, branchIf, 0],
    ...[end, end],
  ];
}
