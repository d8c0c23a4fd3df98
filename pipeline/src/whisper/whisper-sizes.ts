import { UsageError } from "@aiekit/core";
import type { WhisperConfig } from "../model/whisper-config.ts";

/** Sizes of a Whisper model; config.json's names stand beside. */
export interface WhisperSizes {
  /** num_mel_bins: 80, or 128 since large-v3. */
  readonly mels: number;
  /** d_model: columns of every state. */
  readonly width: number;
  readonly encoderLayers: number;
  /** encoder_attention_heads. */
  readonly encoderHeads: number;
  /** encoder_ffn_dim. */
  readonly encoderHidden: number;
  readonly decoderLayers: number;
  /** decoder_attention_heads. */
  readonly decoderHeads: number;
  /** decoder_ffn_dim. */
  readonly decoderHidden: number;
  /** vocab_size. */
  readonly vocab: number;
  /** max_source_positions: encoder positions of the full window, two frames each. */
  readonly audioPositions: number;
  /** max_target_positions: tokens that the decoder can hold, prompt included. */
  readonly textPositions: number;
}

/** @throws UsageError that names the first size that is no positive integer, or a width that the heads do not divide. */
export function checkWhisperSizes(config: WhisperSizes): void {
  for (const [name, size] of Object.entries(config)) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new UsageError(`whisper: ${name}: expected a positive integer, got ${size}`);
    }
  }
  for (const heads of [config.encoderHeads, config.decoderHeads]) {
    if (config.width % heads !== 0) {
      throw new UsageError(`whisper: width ${config.width}: expected a multiple of ${heads} heads`);
    }
  }
}

/** What an executor needs of a model's config.json. */
export function whisperSizes({ encoder, decoder, ...config }: WhisperConfig): WhisperSizes {
  const { mels, width, vocabSize, audioPositions, textPositions } = config;
  return {
    mels,
    width,
    encoderLayers: encoder.layers,
    encoderHeads: encoder.heads,
    encoderHidden: encoder.ffn,
    decoderLayers: decoder.layers,
    decoderHeads: decoder.heads,
    decoderHidden: decoder.ffn,
    vocab: vocabSize,
    audioPositions,
    textPositions,
  };
}
