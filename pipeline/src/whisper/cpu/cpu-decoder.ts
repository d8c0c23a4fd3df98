import { ShapeError, type Tensor, tensor, UsageError } from "@aiekit/core";
import type { DecoderOptions, DecoderSession } from "../executor.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import type { DecoderResult } from "./decoder-graph.ts";
import { KeptCrossAttention } from "./kept-cross-attention.ts";
import type { KeyValueCache } from "./key-value-cache.ts";
import { checkTokens } from "./token-budget.ts";

/** One run over a window: tokens [rows, more], logits where picked. The cache then holds the tokens. */
export type DecoderRun = (feed: {
  readonly cache: KeyValueCache;
  readonly tokens: readonly number[];
  readonly pick: readonly number[];
  readonly keepAttention: boolean;
}) => Promise<DecoderResult>;

/** A decoder session over a graph. */
export class CpuDecoder implements DecoderSession {
  readonly #run: DecoderRun;
  readonly #config: WhisperSizes;
  readonly #attention: KeptCrossAttention | undefined;
  #cache: KeyValueCache | undefined;

  constructor(
    config: WhisperSizes,
    window: { readonly run: DecoderRun; readonly cache: KeyValueCache; readonly positions: number },
    options: DecoderOptions = {},
  ) {
    this.#run = window.run;
    this.#config = config;
    this.#cache = window.cache;
    this.#attention = options.keepCrossAttention ? new KeptCrossAttention(config, window.positions) : undefined;
  }

  get rows(): number {
    return this.#cache?.rows ?? 0;
  }

  get length(): number {
    return this.#cache?.length ?? 0;
  }

  async prefill(tokens: readonly number[], at: readonly number[] = [tokens.length - 1]): Promise<Tensor<"f32">> {
    if (this.rows !== 1 || this.length > 0) {
      throw new UsageError(`decoder: prefill: expected one empty row, got ${this.rows} of ${this.length} tokens`);
    }
    return this.#feed(tokens, tokens.length, at);
  }

  async step(tokens: readonly number[]): Promise<Tensor<"f32">> {
    if (tokens.length !== this.rows || this.rows === 0) {
      throw new ShapeError(`decoder: step: expected ${this.rows} tokens, one a row, got ${tokens.length}`);
    }
    return this.#feed(tokens, 1, [...tokens.keys()]);
  }

  async reorder(sources: readonly number[]): Promise<void> {
    for (const source of sources) this.#checkRow(source);
    this.#cache?.reorder(sources);
    this.#attention?.reorder(sources);
  }

  async crossAttention(row: number): Promise<Tensor<"f32">> {
    if (this.#attention === undefined) {
      throw new UsageError("decoder: cross-attention was not kept", { hint: "open it with keepCrossAttention" });
    }
    this.#checkRow(row);
    return this.#attention.ofRow(row);
  }

  async close(): Promise<void> {
    this.#cache = undefined;
  }

  async #feed(tokens: readonly number[], more: number, pick: readonly number[]): Promise<Tensor<"f32">> {
    const cache = this.#cache!;
    checkTokens(tokens, this.#config, { used: cache.length, more });
    const outside = pick.find((token) => !Number.isInteger(token) || token < 0 || token >= tokens.length);
    if (outside !== undefined) {
      throw new UsageError(`decoder: prefill: logits at ${outside}: expected one of 0 to ${tokens.length - 1}`);
    }
    const keepAttention = this.#attention !== undefined;
    const { logits, attention } = await this.#run({ cache, tokens, pick, keepAttention });
    this.#attention?.append(attention, more);
    return tensor("f32", [pick.length, this.#config.vocab], logits);
  }

  #checkRow(row: number): void {
    if (Number.isInteger(row) && row >= 0 && row < this.rows) return;
    throw new UsageError(`decoder: row ${row}: expected one of ${this.rows}`);
  }
}
