import { type Bo, DeviceTensor } from "@aiekit/host";

const elementBytes = 2;

/**
 * Keys and values of a layer for the tokens seen, in device memory. Of one sequence a row is [keys | values]; of several
 * side by side it is [keys of each sequence | values of each sequence], so one launch attends for all of them as if they were
 * heads. A launch writes the rows of its tokens in place.
 */
export class TokenCache {
  readonly array: DeviceTensor;
  readonly #width: number;
  readonly #sequences: number;

  /** `array`: bf16[rows, 2 sequences width]; the cache closes it. */
  constructor(array: DeviceTensor, width: number) {
    this.array = array;
    this.#width = width;
    this.#sequences = array.shape[1]! / (2 * width);
  }

  /** Rows of one sequence as what a launch writes: bf16[count, 2 width]. Close it after the launch. */
  rows(first: number, count: number): DeviceTensor {
    return this.array.rows(first, count);
  }

  /** Keys or values of a row of several sequences: bf16[sequences, width]. Close it after the launch. */
  half(row: number, half: "keys" | "values"): DeviceTensor {
    const sizeBytes = this.#sequences * this.#width * elementBytes;
    const offsetBytes = (2 * row + (half === "keys" ? 0 : 1)) * sizeBytes;
    const shape = [this.#sequences, this.#width];
    return new DeviceTensor({ dtype: "bf16", shape, padded: shape }, this.array.bo.part({ offsetBytes, sizeBytes }));
  }

  /**
   * Sequence i becomes what sequence `sources[i]` of `from` is, for the first `length` rows; copied by the host. `from` may
   * be this cache.
   */
  async take(from: TokenCache, sources: readonly number[], length: number): Promise<void> {
    if (length === 0) return;
    const source = await from.#read(length);
    const target = from === this ? source.slice() : await this.#read(length);
    for (let half = 0; half < 2 * length; half++) {
      sources.forEach((sequence, i) => {
        const at = (half * from.#sequences + sequence) * this.#width;
        target.set(source.subarray(at, at + this.#width), (half * this.#sequences + i) * this.#width);
      });
    }
    const { bo } = this.array;
    bo.write(new Uint8Array(target.buffer, target.byteOffset, target.byteLength));
    await bo.sync("toDevice", { offsetBytes: 0, sizeBytes: target.byteLength });
  }

  close(): void {
    this.array.close();
  }

  async #read(length: number): Promise<Uint16Array> {
    const { bo }: { readonly bo: Bo } = this.array;
    const range = { offsetBytes: 0, sizeBytes: 2 * length * this.#sequences * this.#width * elementBytes };
    await bo.sync("fromDevice", range);
    return new Uint16Array(bo.read(range).buffer);
  }
}
