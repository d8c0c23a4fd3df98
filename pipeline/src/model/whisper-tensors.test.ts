import { expect, test } from "vitest";
import { readWhisperConfig } from "./whisper-config.ts";
import { whisperTensorShapes } from "./whisper-tensors.ts";

/** Parameters of the published models: those that OpenAI's module counts, and the encoder's 1500 fixed positions. */
test.each([
  ["tiny", { width: 384, layers: [4, 4], vocab: 51_865, mels: 80 }, 37_760_640],
  ["tiny.en", { width: 384, layers: [4, 4], vocab: 51_864, mels: 80 }, 37_760_256],
  ["base", { width: 512, layers: [6, 6], vocab: 51_865, mels: 80 }, 72_593_920],
  ["small", { width: 768, layers: [12, 12], vocab: 51_865, mels: 80 }, 241_734_912],
  ["medium", { width: 1024, layers: [24, 24], vocab: 51_865, mels: 80 }, 763_857_920],
  ["large-v2", { width: 1280, layers: [32, 32], vocab: 51_865, mels: 80 }, 1_543_304_960],
  ["large-v3", { width: 1280, layers: [32, 32], vocab: 51_866, mels: 128 }, 1_543_490_560],
  ["large-v3-turbo", { width: 1280, layers: [32, 4], vocab: 51_866, mels: 128 }, 808_878_080],
])("the arrays of %s %j have %i elements", (_, { width, layers, vocab, mels }, parameters) => {
  const heads = width / 64;
  const problems: string[] = [];
  const config = readWhisperConfig(
    {
      ...{ model_type: "whisper", d_model: width, vocab_size: vocab, num_mel_bins: mels },
      ...{ encoder_layers: layers[0], encoder_attention_heads: heads, encoder_ffn_dim: 4 * width },
      ...{ decoder_layers: layers[1], decoder_attention_heads: heads, decoder_ffn_dim: 4 * width },
      ...{ max_source_positions: 1500, max_target_positions: 448, activation_function: "gelu" },
      ...{ decoder_start_token_id: 50_258, eos_token_id: 50_257, scale_embedding: false },
    },
    problems,
  );

  expect(problems).toEqual([]);
  const sizes = [...whisperTensorShapes(config!).values()].map((shape) => shape.reduce((n, size) => n * size, 1));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(parameters);
});
