import type { WhisperSizes } from "@aiekit/pipeline";

/** Sizes of the published models. Source: openai/whisper, model card and the config.json of each model. */
export const publishedSizes: Readonly<Record<string, WhisperSizes>> = {
  tiny: sizes({ width: 384, layers: 4 }),
  base: sizes({ width: 512, layers: 6 }),
  small: sizes({ width: 768, layers: 12 }),
  medium: sizes({ width: 1024, layers: 24 }),
  "large-v3": sizes({ width: 1280, layers: 32, mels: 128, vocab: 51866 }),
  turbo: { ...sizes({ width: 1280, layers: 32, mels: 128, vocab: 51866 }), decoderLayers: 4 },
};

/** Heads have 64 columns, and what lies between two products of a layer is four times as wide, in every published model. */
function sizes(of: {
  readonly width: number;
  readonly layers: number;
  readonly mels?: number;
  readonly vocab?: number;
}) {
  const { width, layers, mels = 80, vocab = 51865 } = of;
  const heads = width / 64;
  return {
    mels,
    width,
    vocab,
    encoderLayers: layers,
    encoderHeads: heads,
    encoderHidden: 4 * width,
    decoderLayers: layers,
    decoderHeads: heads,
    decoderHidden: 4 * width,
    audioPositions: 1500,
    textPositions: 448,
  };
}
