import type { AccessPattern, BdDim } from "./bd.ts";

/** Word `base + i0 strides[0] + ... + i3 strides[3]` for each i below `sizes`, the last index fastest. */
export interface BdLoops {
  readonly base: number;
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

/**
 * Walks an access pattern in runs of contiguous words. After `start` and each `advance`, `runWords` words lie at
 * `address` (words), or are zeros where `zeros` is true. The pattern's length is the caller's to count.
 */
export class BdCursor {
  address = 0;
  runWords = 0;
  zeros = false;
  /** Nothing was taken since `start`. */
  #fresh = false;
  #lengthWords = 0;
  #dims: readonly BdDim[] = [];
  #base = 0;
  /** Position in each dimension, padding before it included. */
  readonly #at = [0, 0, 0, 0];

  start(pattern: AccessPattern, offsetWords: number): void {
    this.#dims = pattern.dims;
    this.#base = pattern.baseWords + offsetWords;
    this.#at.fill(0);
    this.#fresh = true;
    this.#lengthWords = pattern.lengthWords;
    if (this.#dims.length === 0) {
      this.address = this.#base;
      this.runWords = Number.MAX_SAFE_INTEGER;
      this.zeros = false;
    } else {
      this.#findRun();
    }
  }

  /** Goes `words` further, at most `runWords`. */
  advance(words: number): void {
    this.#fresh = false;
    if (words < this.runWords) {
      this.runWords -= words;
      if (!this.zeros) this.address += words;
      this.#at[0]! += words;
      return;
    }
    this.#at[0]! += words;
    for (let k = 0; k < this.#dims.length - 1; k++) {
      const d = this.#dims[k]!;
      if (this.#at[k]! < d.before + d.size + d.after) break;
      this.#at[k] = 0;
      this.#at[k + 1]!++;
    }
    this.#findRun();
  }

  /**
   * The whole pattern as four loops, innermost last, where `words` are just that and none of them a padding zero; undefined
   * otherwise. Who takes words this way says so by `taken`.
   */
  loops(words: number): BdLoops | undefined {
    const dims = this.#dims;
    if (!this.#fresh || words !== this.#lengthWords) return undefined;
    if (dims.length === 0) return { base: this.#base, sizes: [1, 1, 1, words], strides: [0, 0, 0, 1] };
    const sizes = [1, 1, 1, 1];
    const strides = [0, 0, 0, 0];
    let left = words;
    for (let k = 0; k < dims.length; k++) {
      const d = dims[k]!;
      if (d.before > 0 || d.after > 0) return undefined;
      // The outermost dimension goes on for as long as the length asks.
      const size = k === dims.length - 1 ? left : Math.min(d.size, left);
      if (!Number.isInteger(left / size)) return undefined;
      left /= size;
      sizes[3 - k] = size;
      strides[3 - k] = d.strideWords;
    }
    return { base: this.#base, sizes, strides };
  }

  /** The words of `loops` were taken. A pattern with dimensions has ended with them. */
  taken(words: number): void {
    if (this.#dims.length === 0) this.advance(words);
    else this.#fresh = false;
  }

  #findRun(): void {
    const dims = this.#dims;
    let address = this.#base;
    let padding = false;
    for (let k = dims.length - 1; k >= 1; k--) {
      const d = dims[k]!;
      const index = this.#at[k]! - d.before;
      if (index < 0 || (index >= d.size && this.#bounded(k))) padding = true;
      address += index * d.strideWords;
    }
    const inner = dims[0]!;
    const index = this.#at[0]! - inner.before;
    const last = dims.length === 1 && !this.#bounded(0);
    if (padding) {
      this.#zeroRun(inner.before + inner.size + inner.after - this.#at[0]!);
    } else if (index < 0) {
      this.#zeroRun(-index);
    } else if (index >= inner.size && !last) {
      this.#zeroRun(Math.max(1, inner.size + inner.after - index));
    } else {
      this.zeros = false;
      this.address = address + index * inner.strideWords;
      this.runWords = inner.strideWords !== 1 ? 1 : last ? Number.MAX_SAFE_INTEGER : inner.size - index;
    }
  }

  /** The outermost dimension goes on for as long as the length asks, unless it is padded. */
  #bounded(k: number): boolean {
    const d = this.#dims[k]!;
    return k < this.#dims.length - 1 || d.before > 0 || d.after > 0;
  }

  #zeroRun(words: number): void {
    this.zeros = true;
    this.runWords = words;
  }
}
