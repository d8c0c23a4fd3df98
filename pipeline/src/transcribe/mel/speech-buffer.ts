import { UsageError } from "@aiekit/core";

/** The part of a stream of samples that is still needed: from a sample on that only moves forward. */
export class SpeechBuffer {
  #blocks: Float32Array[] = [];
  /** Index in the stream of the first sample held. */
  #from = 0;
  #end = 0;

  /** Samples of the stream that came so far. */
  get end(): number {
    return this.#end;
  }

  push(block: Float32Array): void {
    this.#blocks.push(block);
    this.#end += block.length;
  }

  /** Lets go of what lies before a sample, by whole blocks. */
  dropBefore(sample: number): void {
    while (this.#blocks.length > 0 && this.#from + this.#blocks[0]!.length <= sample) {
      this.#from += this.#blocks.shift()!.length;
    }
  }

  /** Samples [from, from + count), zeros behind the end. @throws UsageError for what was let go. */
  slice(from: number, count: number): Float32Array {
    if (from < this.#from)
      throw new UsageError(`speech: sample ${from}: expected ${this.#from} or later: it was passed`);
    const out = new Float32Array(count);
    let start = this.#from;
    for (const block of this.#blocks) {
      const [first, last] = [Math.max(from, start), Math.min(from + count, start + block.length)];
      if (first < last) out.set(block.subarray(first - start, last - start), first - from);
      start += block.length;
    }
    return out;
  }
}
