import { BudgetError, ShapeError, type Tensor, tensor, UsageError } from "@aiekit/core";
import type { DecoderOptions, DecoderSession } from "../executor.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { attention, type KeysValues } from "./attention.ts";
import { KeyValueCache } from "./key-value-cache.ts";
import { feedForwardOf } from "./reference-encoder.ts";
import type { DecoderLayerWeights, WhisperWeights } from "./reference-weights.ts";
import { affine, layerNorm, type Rows, rows, sum } from "./rows.ts";

/** One sequence: a cache a layer, and the cross-attention of each token, [layers, heads, positions], where kept. */
interface Sequence {
  readonly caches: readonly KeyValueCache[];
  readonly cross: readonly Float32Array[];
}

/** The decoder. Keys and values of the encoded window are computed once, here; those of tokens are appended. */
export class ReferenceDecoder implements DecoderSession {
  #length = 0;
  #sequences: readonly Sequence[];
  readonly #weights: WhisperWeights["decoder"];
  readonly #config: WhisperSizes;
  readonly #audio: readonly KeysValues[];
  readonly #keepCross: boolean;

  constructor(weights: WhisperWeights, config: WhisperSizes, encoded: Rows, options: DecoderOptions = {}) {
    const { layers } = weights.decoder;
    this.#weights = weights.decoder;
    this.#config = config;
    this.#keepCross = options.keepCrossAttention ?? false;
    this.#sequences = [{ caches: layers.map(() => new KeyValueCache(16 * config.width)), cross: [] }];
    this.#audio = layers.map(({ cross }) => ({
      count: encoded.count,
      keys: affine(encoded, cross.k).data,
      values: affine(encoded, cross.v).data,
    }));
  }

  get rows(): number {
    return this.#sequences.length;
  }

  get length(): number {
    return this.#length;
  }

  async prefill(tokens: readonly number[], at: readonly number[] = [tokens.length - 1]): Promise<Tensor<"f32">> {
    const [only, ...more] = this.#sequences;
    if (only === undefined || more.length > 0 || this.#length > 0) {
      throw new UsageError(`decoder: prefill: expected one empty row, got ${this.rows} of ${this.#length} tokens`);
    }
    this.#check(tokens, tokens.length);
    const outside = at.find((token) => !Number.isInteger(token) || token < 0 || token >= tokens.length);
    if (outside !== undefined) {
      throw new UsageError(`decoder: prefill: logits at ${outside}: expected one of 0 to ${tokens.length - 1}`);
    }
    const { state, sequence } = this.#feed(only, tokens);
    this.#sequences = [sequence];
    this.#length = tokens.length;
    const { width } = this.#config;
    const picked = rows(at.length, width);
    at.forEach((token, i) => {
      picked.data.set(state.data.subarray(token * width, (token + 1) * width), i * width);
    });
    return this.#logits(picked);
  }

  async step(tokens: readonly number[]): Promise<Tensor<"f32">> {
    if (tokens.length !== this.rows || this.rows === 0) {
      throw new ShapeError(`decoder: step: expected ${this.rows} tokens, one a row, got ${tokens.length}`);
    }
    this.#check(tokens, 1);
    const fed = this.#sequences.map((sequence, row) => this.#feed(sequence, [tokens[row]!]));
    this.#sequences = fed.map(({ sequence }) => sequence);
    this.#length++;
    const { width } = this.#config;
    const last = rows(fed.length, width);
    fed.forEach(({ state }, row) => {
      last.data.set(state.data, row * width);
    });
    return this.#logits(last);
  }

  async reorder(sources: readonly number[]): Promise<void> {
    const taken = new Set<number>();
    this.#sequences = sources.map((source) => {
      const sequence = this.#row(source);
      if (taken.has(source)) return { caches: sequence.caches.map((cache) => cache.copy()), cross: sequence.cross };
      taken.add(source);
      return sequence;
    });
  }

  async crossAttention(row: number): Promise<Tensor<"f32">> {
    if (!this.#keepCross) {
      throw new UsageError("decoder: cross-attention was not kept", { hint: "open it with keepCrossAttention" });
    }
    const { decoderLayers: layers, decoderHeads: heads } = this.#config;
    const positions = this.#audio[0]!.count;
    const all = tensor("f32", [layers, heads, this.#length, positions]);
    this.#row(row).cross.forEach((weights, token) => {
      for (let i = 0; i < layers * heads; i++) {
        all.data.set(weights.subarray(i * positions, (i + 1) * positions), (i * this.#length + token) * positions);
      }
    });
    return all;
  }

  async close(): Promise<void> {
    this.#sequences = [];
  }

  #row(index: number): Sequence {
    const sequence = this.#sequences[index];
    if (sequence !== undefined) return sequence;
    throw new UsageError(`decoder: row ${index}: expected one of ${this.rows}`);
  }

  #check(tokens: readonly number[], more: number): void {
    const { vocab, textPositions } = this.#config;
    const wrong = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocab);
    if (wrong !== undefined) throw new UsageError(`decoder: token ${wrong}: expected one of 0 to ${vocab - 1}`);
    if (more < 1 || this.#length + more > textPositions) {
      throw new BudgetError(
        `decoder: the model has ${textPositions} positions, expected 1 to ${textPositions - this.#length} more tokens, got ${more}`,
      );
    }
  }

  /** Runs tokens of one sequence through all layers. */
  #feed(sequence: Sequence, tokens: readonly number[]): { state: Rows; sequence: Sequence } {
    const { width, decoderLayers, decoderHeads: heads } = this.#config;
    const positions = this.#audio[0]!.count;
    const kept = this.#keepCross ? tokens.map(() => new Float32Array(decoderLayers * heads * positions)) : [];
    const start = this.#length;
    let x = rows(tokens.length, width);
    tokens.forEach((token, row) => {
      for (let i = 0; i < width; i++) {
        x.data[row * width + i] =
          this.#weights.tokens[token * width + i]! + this.#weights.positions[(start + row) * width + i]!;
      }
    });
    this.#weights.layers.forEach((layer, index) => {
      x = sum(x, selfAttention(x, layer, sequence.caches[index]!, { heads, start }));
      const query = affine(layerNorm(x, layer.cross.norm), layer.cross.q);
      const observe = (row: number, head: number, weights: Float64Array) =>
        kept[row]?.set(weights, (index * heads + head) * positions);
      x = sum(x, affine(attention(query, this.#audio[index]!, { heads, observe }), layer.cross.out));
      x = sum(x, feedForwardOf(x, layer.feedForward));
    });
    return { state: x, sequence: { caches: sequence.caches, cross: [...sequence.cross, ...kept] } };
  }

  #logits(state: Rows): Tensor<"f32"> {
    const { vocab } = this.#config;
    const head = { outputs: vocab, weights: this.#weights.tokens, bias: undefined };
    const logits = affine(layerNorm(state, this.#weights.norm), head);
    return tensor("f32", [state.count, vocab], Float32Array.from(logits.data));
  }
}

/** Row i, the token of position start + i, sees the keys of positions 0 to start + i. */
function selfAttention(
  x: Rows,
  { self }: DecoderLayerWeights,
  cache: KeyValueCache,
  { heads, start }: { readonly heads: number; readonly start: number },
): Rows {
  const normed = layerNorm(x, self.norm);
  cache.append(affine(normed, self.k), affine(normed, self.v));
  const seen = attention(affine(normed, self.q), cache, { heads, visible: (row) => start + row + 1 });
  return affine(seen, self.out);
}
