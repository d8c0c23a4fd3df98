/**
 * Counters of an array, one behind the other, so that a look at all of them is one copy: it is made before and after every
 * run, and most of its reports are never read.
 */
export class CounterTable {
  /** Another array whenever it has grown. */
  values = new Float64Array(256);
  #used = 0;

  /** Place of the first of `count` new counters, which are 0. */
  reserve(count: number): number {
    const place = this.#used;
    this.#used += count;
    if (this.#used > this.values.length) {
      const larger = new Float64Array(2 * this.#used);
      larger.set(this.values);
      this.values = larger;
    }
    return place;
  }

  copy(): Float64Array {
    return this.values.slice(0, this.#used);
  }
}

/** Counters at two moments. */
export interface CounterSpan {
  readonly before: Float64Array;
  readonly after: Float64Array;
}

/** What a counter grew by. One that was reserved between the moments, or behind both, began at 0. */
export function grownBy({ before, after }: CounterSpan, place: number): number {
  return (after[place] ?? 0) - (before[place] ?? 0);
}
