import { placesOf } from "./word-values.ts";

/** Words that lie one behind the other where a copy writes them: `count` of them from `to` on, those of its order from `offset`. */
export interface Piece {
  readonly to: number;
  readonly offset: number;
  readonly count: number;
}

/** How a copy orders words, whatever memories it is between. */
export interface CopyShape {
  readonly id: number;
  /** Of each word, by where it is written, where it is read; both counted from the bases of the copy. */
  readonly order: Int32Array;
  /** `order` is one run. */
  readonly isStraight: boolean;
  readonly pieces: readonly Piece[];
  /** First word that is read, and the first behind all. */
  readonly first: number;
  readonly end: number;
}

/** More pieces are better copied as they come. */
const mostPieces = 64;

/** The shapes of a launch's copies, each worked out once. */
export class CopyShapes {
  readonly #known = new Map<string, CopyShape | undefined>();
  readonly #numbers = new Map<Int32Array, number>();

  /** Undefined where a copy writes a word twice, or in too many pieces. */
  of(as: Int32Array | undefined, bs: Int32Array | undefined, runWords: number, count: number): CopyShape | undefined {
    const key = `${this.#numberOf(as)},${this.#numberOf(bs)},${runWords},${count}`;
    if (this.#known.has(key)) return this.#known.get(key);
    const id = this.#known.size;
    const made = as && bs ? shapeOf(id, as, bs, runWords) : straight(id, count);
    this.#known.set(key, made);
    return made;
  }

  /** The words as they are read, one behind the other: what is written elsewhere than in memory of the array. */
  inOrderOf(as: Int32Array | undefined, runWords: number, count: number): CopyShape {
    if (as === undefined) return this.of(undefined, undefined, count, count)!;
    const key = `${this.#numberOf(as)},in order,${runWords}`;
    const found = this.#known.get(key);
    if (found !== undefined) return found;
    const made = shapeOf(this.#known.size, as, runStarts(as.length, runWords), runWords)!;
    this.#known.set(key, made);
    return made;
  }

  #numberOf(starts: Int32Array | undefined): number {
    if (starts === undefined) return -1;
    const number = this.#numbers.get(starts) ?? this.#numbers.size;
    this.#numbers.set(starts, number);
    return number;
  }
}

const starts = new Map<string, Int32Array>();

/** Where runs begin that lie one behind the other. */
export function runStarts(runs: number, runWords: number): Int32Array {
  const key = `${runs},${runWords}`;
  const found = starts.get(key) ?? Int32Array.from({ length: runs }, (_, r) => r * runWords);
  starts.set(key, found);
  return found;
}

function straight(id: number, count: number): CopyShape {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  return { id, order, isStraight: true, pieces: [{ to: 0, offset: 0, count }], first: 0, end: count };
}

function shapeOf(id: number, as: Int32Array, bs: Int32Array, runWords: number): CopyShape | undefined {
  const runs = [...bs.keys()].sort((x, y) => bs[x]! - bs[y]!);
  const order = new Int32Array(runs.length * runWords);
  const pieces: { to: number; offset: number; count: number }[] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const [i, r] of runs.entries()) {
    const to = bs[r]!;
    if (to < end) return undefined;
    if (to > end) pieces.push({ to, offset: i * runWords, count: 0 });
    if (pieces.length > mostPieces) return undefined;
    pieces.at(-1)!.count += runWords;
    for (let word = 0; word < runWords; word++) order[i * runWords + word] = as[r]! + word;
    end = to + runWords;
  }
  const first = order.reduce((a, b) => Math.min(a, b));
  const isStraight = placesOf(order).at === undefined;
  return { id, order, isStraight, pieces, first, end: order.reduce((a, b) => Math.max(a, b)) + 1 };
}
