import type { Moves } from "./strand-plan.ts";

/** Moves of one round of the loop that follows a table (shuffle-engine.ts). */
const movesOfRound = 4;

interface KnownTable {
  readonly order: Int32Array;
  readonly moves: Moves;
}

/** Hands out places in the store of a plan that is being made. */
export class StoreLayout {
  /** Words so far. The first holds zero. */
  words = 4;
  readonly constants: { readonly at: number; readonly values: ArrayLike<number> }[] = [];
  readonly #tables = new Map<number, KnownTable[]>();
  readonly #byValue = new Map<number, number>([[0, 0]]);

  allocate(count: number): number {
    const at = this.words;
    // Begins of 16 bytes, with as many behind: the last round of a table may go on past its end.
    this.words += 4 * Math.ceil((count + 4 * movesOfRound) / 4);
    return at;
  }

  constant(value: number): number {
    const known = this.#byValue.get(value);
    if (known !== undefined) return known;
    const at = this.allocate(1);
    this.constants.push({ at, values: [value] });
    this.#byValue.set(value, at);
    return at;
  }

  /** A table of words at `order`, counted from one place. Equal tables are one. */
  movesOf(order: Int32Array): Moves {
    let hash = order.length;
    for (let i = 0; i < order.length; i++) hash = (Math.imul(hash, 31) + order[i]!) | 0;
    const alike = this.#tables.get(hash) ?? [];
    this.#tables.set(hash, alike);
    const found = alike.find((one) => isSame(one.order, order));
    if (found !== undefined) return found.moves;
    const unit = ([4, 2] as const).find((words) => isMadeOf(order, words)) ?? 1;
    const moves = order.length / unit;
    const entries = new Int32Array(movesOfRound * Math.ceil(moves / movesOfRound));
    for (let i = 0; i < entries.length; i++) entries[i] = 4 * order[Math.min(i, moves - 1) * unit]!;
    const at = this.allocate(entries.length);
    this.constants.push({ at, values: entries });
    const made: Moves = { table: 4 * at, end: 4 * (at + entries.length), unit };
    alike.push({ order, moves: made });
    return made;
  }
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** True when the words come in runs of `words`. */
function isMadeOf(order: Int32Array, words: number): boolean {
  if (order.length % words !== 0) return false;
  for (let i = 0; i < order.length; i++) if (i % words !== 0 && order[i] !== order[i - 1]! + 1) return false;
  return true;
}
