import { bf16ToFloat, type Tensor, tensor } from "@aiekit/core";
import type { DeviceTensor } from "@aiekit/host";
import type { WhisperSizes } from "../whisper-sizes.ts";
import type { PassKind } from "./decoder-steps.ts";
import type { EncodedWindow } from "./encoded-window.ts";

/** Queries of one token, f32[layers, width]. */
type TokenQueries = Float32Array;

/**
 * Weights of cross-attention for alignment. The attention kernel never stores its scores, so the queries that it was given are
 * kept, and the host computes softmax(q k^T / sqrt(columns of a head)) from them and the keys that the device made.
 */
export class CrossQueries {
  readonly #sizes: WhisperSizes;
  readonly #window: EncodedWindow;
  /** Tokens of each sequence. */
  #rows: readonly (readonly TokenQueries[])[] = [[]];

  constructor(sizes: WhisperSizes, window: EncodedWindow) {
    this.#sizes = sizes;
    this.#window = window;
  }

  /** Reads the queries of the first `count` rows of a pass; a row is a token of the only sequence, or a sequence. */
  async add(count: number, kind: PassKind, queries: (layer: number) => DeviceTensor): Promise<void> {
    const { width, decoderLayers } = this.#sizes;
    const tokens = Array.from({ length: count }, () => new Float32Array(decoderLayers * width));
    for (let layer = 0; layer < decoderLayers; layer++) {
      const { data } = (await queries(layer).read()) as Tensor<"bf16">;
      tokens.forEach((token, row) => {
        for (let i = 0; i < width; i++) token[layer * width + i] = bf16ToFloat(data[row * width + i]!);
      });
    }
    if (kind === "prompt") this.#rows = [[...this.#rows[0]!, ...tokens]];
    else this.#rows = this.#rows.map((row, i) => [...row, tokens[i]!]);
  }

  reorder(sources: readonly number[]): void {
    this.#rows = sources.map((source) => this.#rows[source]!);
  }

  /** f32[decoderLayers, decoderHeads, tokens, positions]. */
  async weights(row: number): Promise<Tensor<"f32">> {
    const { width, decoderLayers, decoderHeads: heads } = this.#sizes;
    const { positions } = this.#window;
    const tokens = this.#rows[row]!;
    const all = tensor("f32", [decoderLayers, heads, tokens.length, positions]);
    const columns = width / heads;
    for (let layer = 0; layer < decoderLayers; layer++) {
      const pairs = await this.#window.pairsOnHost(layer);
      for (let head = 0; head < heads; head++) {
        tokens.forEach((query, token) => {
          const at = ((layer * heads + head) * tokens.length + token) * positions;
          const scores = all.data.subarray(at, at + positions);
          for (let key = 0; key < positions; key++) {
            let dot = 0;
            for (let i = head * columns; i < (head + 1) * columns; i++) {
              dot += query[layer * width + i]! * pairs[key * 2 * width + i]!;
            }
            scores[key] = dot / Math.sqrt(columns);
          }
          softmaxInPlace(scores);
        });
      }
    }
    return all;
  }
}

function softmaxInPlace(scores: Float32Array): void {
  const most = scores.reduce((largest, score) => Math.max(largest, score), Number.NEGATIVE_INFINITY);
  let total = 0;
  for (const [i, score] of scores.entries()) {
    scores[i] = Math.exp(score - most);
    total += scores[i]!;
  }
  for (let i = 0; i < scores.length; i++) scores[i]! /= total;
}
