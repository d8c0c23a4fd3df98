import type { ByteSource } from "./byte-source.ts";

/** Reads a source in order, with a look ahead. Holds what was looked at, and no more than one chunk beyond it. */
export class ByteReader {
  readonly source: ByteSource;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array();
  #ended = false;

  constructor(source: ByteSource) {
    this.source = source;
    this.#chunks = source.chunks[Symbol.asyncIterator]();
  }

  get name(): string {
    return this.source.name;
  }

  /** The next `count` bytes, fewer only where the source ends. They stay to be read. */
  async peek(count: number): Promise<Uint8Array> {
    const pieces = [this.#held];
    let length = this.#held.length;
    while (length < count) {
      const piece = await this.#pull();
      if (piece === undefined) break;
      pieces.push(piece);
      length += piece.length;
    }
    if (pieces.length > 1) this.#held = joined(pieces, length);
    return this.#held.subarray(0, count);
  }

  /** Passes over bytes that were looked at. */
  drop(count: number): void {
    this.#held = this.#held.subarray(count);
  }

  /** The next bytes, as many as are at hand; undefined at the end. */
  async take(): Promise<Uint8Array | undefined> {
    if (this.#held.length === 0) return this.#pull();
    const held = this.#held;
    this.#held = new Uint8Array();
    return held;
  }

  /** Bytes that were taken, to be read again first. */
  giveBack(bytes: Uint8Array): void {
    this.#held = this.#held.length === 0 ? bytes : joined([bytes, this.#held], bytes.length + this.#held.length);
  }

  /** Lets go of the file or the pipe. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#chunks.return?.();
  }

  /** A chunk that is not empty. */
  async #pull(): Promise<Uint8Array | undefined> {
    while (!this.#ended) {
      const { done, value } = await this.#chunks.next();
      if (done === true) this.#ended = true;
      else if (value.length > 0) return value;
    }
    return undefined;
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
