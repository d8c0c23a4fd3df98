import { ShapeError, type Tensor, tensor, UsageError } from "@aiekit/core";
import type { DecoderOptions, DecoderSession } from "../executor.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import type { DecoderResult } from "./decoder-graph.ts";
import { KeptCrossAttention } from "./kept-cross-attention.ts";
import { checkTokens } from "./token-budget.ts";

/** Keys and values of the tokens that rows have seen. */
interface DecoderCache {
  readonly rows: number;
  readonly length: number;
  reorder(sources: readonly number[]): void;
}

/** A decoder over one window. */
export interface DecoderWindow {
  readonly positions: number;
  readonly cache: DecoderCache;
  /** Feeds tokens [rows, more], of which `pick` are indices: the cache then holds them. */
  readonly run: (feed: {
    readonly tokens: readonly number[];
    readonly pick: readonly number[];
    readonly keepAttention: boolean;
  }) => Promise<DecoderResult>;
}

/** A decoder session over a graph. */
export class CpuDecoder implements DecoderSession {
  readonly #config: WhisperSizes;
  readonly #attention: KeptCrossAttention | undefined;
  #window: DecoderWindow | undefined;

  constructor(config: WhisperSizes, window: DecoderWindow, options: DecoderOptions) {
    this.#config = config;
    this.#window = window;
    this.#attention = options.keepCrossAttention ? new KeptCrossAttention(config, window.positions) : undefined;
  }

  get rows(): number {
    return this.#window?.cache.rows ?? 0;
  }

  get length(): number {
    return this.#window?.cache.length ?? 0;
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
    this.#window?.cache.reorder(sources);
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
    this.#window = undefined;
  }

  async #feed(tokens: readonly number[], more: number, pick: readonly number[]): Promise<Tensor<"f32">> {
    const { cache, run } = this.#window!;
    checkTokens(tokens, this.#config, { used: cache.length, more });
    const outside = pick.find((token) => !Number.isInteger(token) || token < 0 || token >= tokens.length);
    if (outside !== undefined) {
      throw new UsageError(`decoder: prefill: logits at ${outside}: expected one of 0 to ${tokens.length - 1}`);
    }
    const keepAttention = this.#attention !== undefined;
    const { logits, attention } = await run({ tokens, pick, keepAttention });
    this.#attention?.append(attention, more);
    return tensor("f32", [pick.length, this.#config.vocab], logits);
  }

  #checkRow(row: number): void {
    if (Number.isInteger(row) && row >= 0 && row < this.rows) return;
    throw new UsageError(`decoder: row ${row}: expected one of ${this.rows}`);
  }
}
