import { type Tensor, tensor } from "@aiekit/core";
import type { WhisperSizes } from "../whisper-sizes.ts";

/** Cross-attention weights of the tokens that each row has seen, [layers, heads, positions] a token. */
export class KeptCrossAttention {
  #rows: readonly (readonly Float32Array[])[] = [[]];
  readonly #sizes: WhisperSizes;
  readonly #positions: number;

  constructor(sizes: WhisperSizes, positions: number) {
    this.#sizes = sizes;
    this.#positions = positions;
  }

  /** Takes what one run gave: for each layer [heads, rows * more, positions]. */
  append(layers: readonly Float32Array[], more: number): void {
    const { decoderHeads: heads } = this.#sizes;
    const positions = this.#positions;
    const fed = this.#rows.length * more;
    this.#rows = this.#rows.map((row, rowIndex) => {
      const tokens = Array.from({ length: more }, (_, token) => {
        const all = new Float32Array(layers.length * heads * positions);
        layers.forEach((weights, layer) => {
          for (let head = 0; head < heads; head++) {
            const from = (head * fed + rowIndex * more + token) * positions;
            all.set(weights.subarray(from, from + positions), (layer * heads + head) * positions);
          }
        });
        return all;
      });
      return [...row, ...tokens];
    });
  }

  reorder(sources: readonly number[]): void {
    this.#rows = sources.map((source) => this.#rows[source]!);
  }

  /** f32[layers, heads, tokens, positions]. */
  ofRow(row: number): Tensor<"f32"> {
    const { decoderLayers: layers, decoderHeads: heads } = this.#sizes;
    const positions = this.#positions;
    const tokens = this.#rows[row]!;
    const all = tensor("f32", [layers, heads, tokens.length, positions]);
    tokens.forEach((weights, token) => {
      for (let plane = 0; plane < layers * heads; plane++) {
        const from = plane * positions;
        all.data.set(weights.subarray(from, from + positions), (plane * tokens.length + token) * positions);
      }
    });
    return all;
  }
}
