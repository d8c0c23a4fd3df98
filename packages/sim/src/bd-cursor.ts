import type { AccessPattern, BdDim } from "./bd.ts";
import { type BlockRuns, blockRuns, longestRun } from "./block-runs.ts";

/**
 * Walks an access pattern in blocks. After `take`, the words of the block are `base + i0 strides[0] + ... + i3 strides[3]` for
 * each i below `sizes`, the last index fastest, or as many zeros where `zeros` is true. The pattern's length is the caller's
 * to count.
 */
export class BdCursor {
  base = 0;
  zeros = false;
  readonly sizes = [1, 1, 1, 1];
  readonly strides = [0, 0, 0, 0];
  #dims: readonly BdDim[] = [];
  #start = 0;
  #padded = false;
  /** Position in each dimension, padding before it included. */
  readonly #at = [0, 0, 0, 0];
  /** Of the block; 0 and undefined until somebody asks. Blocks of one shape mostly come one behind the other. */
  #runWords = 0;
  #runs: BlockRuns | undefined;

  start(pattern: AccessPattern, offsetWords: number): void {
    this.#dims = pattern.dims;
    this.#start = pattern.baseWords + offsetWords;
    this.#padded = pattern.dims.some((d) => d.before > 0 || d.after > 0);
    const at = this.#at;
    at[0] = 0;
    at[1] = 0;
    at[2] = 0;
    at[3] = 0;
  }

  /** Words of the longest runs of consecutive words that the block consists of. */
  get runWords(): number {
    if (this.#runWords === 0) this.#runWords = longestRun(this);
    return this.#runWords;
  }

  /** The block in runs of `runWords`, which must divide the longest. */
  runs(runWords: number): BlockRuns {
    if (this.#runs?.runWords !== runWords) this.#runs = blockRuns(this, runWords);
    return this.#runs;
  }

  /** Where in the pattern it stands. */
  get position(): string {
    return `${this.#at}`;
  }

  /** Stands where `other` stands. */
  follow(other: BdCursor): void {
    this.#dims = other.#dims;
    this.#start = other.#start;
    this.#padded = other.#padded;
    for (let k = 0; k < 4; k++) this.#at[k] = other.#at[k]!;
  }

  /**
   * Takes the next block, of at most `most` words, and goes behind it: as many whole rows, planes and cubes as there are
   * without zeros between them. Returns how many words it has, at least one.
   */
  take(most: number): number {
    const dims = this.#dims;
    const at = this.#at;
    this.zeros = false;
    if (dims.length === 0) {
      this.base = this.#start + at[0]!;
      this.#setLoop(0, most, 1);
      this.#noLoopsFrom(1);
      at[0]! += most;
      return most;
    }
    const padding = this.#padded ? this.#paddingAhead() : 0;
    if (padding > 0) {
      this.zeros = true;
      return this.#advance(0, Math.min(padding, most), 1);
    }
    this.base = this.#address();
    // `words`: in one step of dimension k. A dimension is taken whole only from its start, so that the one outside can go on.
    let words = 1;
    for (let k = 0; ; k++) {
      const d = dims[k]!;
      const index = at[k]! - d.before;
      const left = this.#bounded(k) ? d.size - index : Number.MAX_SAFE_INTEGER;
      const steps = Math.min(left, Math.floor(most / words));
      this.#setLoop(k, steps, d.strideWords);
      const isWhole = steps === left && index === 0 && d.before === 0 && d.after === 0;
      if (!isWhole || k === dims.length - 1) {
        this.#noLoopsFrom(k + 1);
        return this.#advance(k, steps, words);
      }
      words *= steps;
    }
  }

  /** `k`: 0 for the innermost. */
  #setLoop(k: number, size: number, stride: number): void {
    const { sizes, strides } = this;
    if (sizes[3 - k] === size && strides[3 - k] === stride) return;
    sizes[3 - k] = size;
    strides[3 - k] = stride;
    this.#runWords = 0;
    this.#runs = undefined;
  }

  #noLoopsFrom(k: number): void {
    for (let outer = k; outer < 4; outer++) this.#setLoop(outer, 1, 0);
  }

  #advance(k: number, steps: number, words: number): number {
    const at = this.#at;
    at[k]! += steps;
    for (let outer = k; outer < this.#dims.length - 1; outer++) {
      const d = this.#dims[outer]!;
      if (at[outer]! < d.before + d.size + d.after) break;
      at[outer] = 0;
      at[outer + 1]!++;
    }
    return steps * words;
  }

  #address(): number {
    let address = this.#start;
    for (let k = 0; k < this.#dims.length; k++) {
      const d = this.#dims[k]!;
      address += (this.#at[k]! - d.before) * d.strideWords;
    }
    return address;
  }

  /** Zeros from here to the next word of memory or the end of the row, whichever comes first; 0 in memory. */
  #paddingAhead(): number {
    const inner = this.#dims[0]!;
    const index = this.#at[0]! - inner.before;
    for (let k = 1; k < this.#dims.length; k++) {
      if (this.#outside(k)) return inner.before + inner.size + inner.after - this.#at[0]!;
    }
    if (index < 0) return -index;
    return this.#outside(0) ? Math.max(1, inner.size + inner.after - index) : 0;
  }

  /** True where the position in dimension k is one of its zeros. */
  #outside(k: number): boolean {
    const d = this.#dims[k]!;
    const index = this.#at[k]! - d.before;
    return index < 0 || (index >= d.size && this.#bounded(k));
  }

  /** The outermost dimension goes on for as long as the length asks, unless it is padded. */
  #bounded(k: number): boolean {
    const d = this.#dims[k]!;
    return k < this.#dims.length - 1 || d.before > 0 || d.after > 0;
  }
}
