import type { TxnStream } from "@aiekit/xclbin";

/** Streams that are kept: as many as a kernel has sequences, roughly. */
const mostStreams = 16;

/** Decoded instruction streams of late runs, by their bytes: a context runs few of them, and each many times. */
export class StreamCache {
  readonly #decode: (insts: Uint8Array) => TxnStream;
  /** Last used first. */
  readonly #known: { readonly insts: Uint8Array; readonly stream: TxnStream }[] = [];

  constructor(decode: (insts: Uint8Array) => TxnStream) {
    this.#decode = decode;
  }

  /** The stream that these bytes are. They are copied where they are kept. @throws what `decode` throws. */
  read(insts: Uint8Array): TxnStream {
    const at = this.#known.findIndex((one) => Buffer.compare(one.insts, insts) === 0);
    const found = at < 0 ? { insts: insts.slice(), stream: this.#decode(insts) } : this.#known.splice(at, 1)[0]!;
    this.#known.unshift(found);
    this.#known.length = Math.min(this.#known.length, mostStreams);
    return found.stream;
  }
}
