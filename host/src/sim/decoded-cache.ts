/** How many are kept: about as many as a kernel has sequences, or a program kernels. */
const mostKept = 16;

/** What late bytes were decoded to: the same object for the same bytes. A program has few of them, and uses each many times. */
export class DecodedCache<T> {
  /** Last used first. */
  readonly #known: { readonly bytes: Uint8Array; readonly decoded: T }[] = [];

  /** What these bytes are. They are copied where they are kept. @throws what `decode` throws. */
  read(bytes: Uint8Array, decode: (bytes: Uint8Array) => T): T {
    const at = this.#known.findIndex((one) => Buffer.compare(one.bytes, bytes) === 0);
    const found = at < 0 ? { bytes: bytes.slice(), decoded: decode(bytes) } : this.#known.splice(at, 1)[0]!;
    this.#known.unshift(found);
    this.#known.length = Math.min(this.#known.length, mostKept);
    return found.decoded;
  }
}
