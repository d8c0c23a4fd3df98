import type { Tensor } from "@aiekit/core";
import type { WhisperSizes } from "./whisper-sizes.ts";

/** What runs a Whisper model. Every executor gives the meaning of `reference`, within its own precision. */
export interface WhisperExecutor {
  readonly name: string;
  readonly config: WhisperSizes;
  /** Log-mel features f32[mels, frames] of sound i16[160 frames], 16 kHz, where the executor makes them as well. */
  melFeatures?(pcm: Tensor<"i16">): Promise<Tensor<"f32">>;
  /**
   * Encodes one window. `features`: f32[mels, frames]; frames may be fewer than the full window's, never more.
   * @throws ShapeError for another shape.
   */
  encode(features: Tensor<"f32">): Promise<EncoderState>;
  /**
   * A decoder over an encoded window, with an empty cache of one row. The state must outlive the session; one of another
   * executor is read by its `output`, so that a model's halves can run in different places.
   */
  decode(state: EncoderState, options?: DecoderOptions): Promise<DecoderSession>;
  close(): Promise<void>;
}

/** An encoded window, kept where its executor wants it. */
export interface EncoderState {
  readonly positions: number;
  /** f32[positions, width]. @throws UsageError when it is closed. */
  output(): Promise<Tensor<"f32">>;
  close(): Promise<void>;
}

export interface DecoderOptions {
  /** Keep cross-attention weights of every token, for alignment. They cost layers * heads * positions a token. */
  readonly keepCrossAttention?: boolean;
}

/** Token sequences of one length over one encoded window, and their key/value cache. */
export interface DecoderSession {
  /** Sequences; 1 until `reorder` makes more. */
  readonly rows: number;
  /** Tokens each row has seen. */
  readonly length: number;
  /**
   * Feeds the prompt to the only row. Returns logits f32[at.length, vocab] behind the prompt's tokens `at`
   * (indices into `tokens`), or behind the last token where left out.
   */
  prefill(tokens: readonly number[], at?: readonly number[]): Promise<Tensor<"f32">>;
  /** Feeds one token a row. Returns logits f32[rows, vocab]. @throws BudgetError when the model's positions are used up. */
  step(tokens: readonly number[]): Promise<Tensor<"f32">>;
  /** Row i becomes a continuation of what row `sources[i]` is now; rows may be dropped, repeated and added. */
  reorder(sources: readonly number[]): Promise<void>;
  /** f32[decoderLayers, decoderHeads, length, positions] of a row. @throws UsageError unless they were asked for. */
  crossAttention(row: number): Promise<Tensor<"f32">>;
  close(): Promise<void>;
}
