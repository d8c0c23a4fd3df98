import type { StackSizes, WhisperConfig } from "./whisper-config.ts";

type Shape = readonly number[];

/** Shapes of a model's arrays by the names that they have in Hugging Face's files. Weights are [outputs, inputs]. */
export function whisperTensorShapes(config: WhisperConfig): ReadonlyMap<string, Shape> {
  const { width, mels, vocabSize, encoder, decoder, audioPositions, textPositions } = config;
  return new Map<string, Shape>([
    ["model.encoder.conv1.weight", [width, mels, 3]],
    ["model.encoder.conv1.bias", [width]],
    ["model.encoder.conv2.weight", [width, width, 3]],
    ["model.encoder.conv2.bias", [width]],
    ["model.encoder.embed_positions.weight", [audioPositions, width]],
    ...layers("model.encoder", encoder, (layer) => [...attention(`${layer}.self_attn`, width)], width),
    ...norm("model.encoder.layer_norm", width),
    ["model.decoder.embed_tokens.weight", [vocabSize, width]],
    ["model.decoder.embed_positions.weight", [textPositions, width]],
    ...layers(
      "model.decoder",
      decoder,
      (layer) => [...attention(`${layer}.self_attn`, width), ...attention(`${layer}.encoder_attn`, width)],
      width,
    ),
    ...norm("model.decoder.layer_norm", width),
  ]);
}

/** An output projection that some files hold beside the embedding; the two are one array. */
export const tiedProjection = "proj_out.weight";

type Named = readonly [name: string, shape: Shape];

function layers(
  side: string,
  { layers: count, ffn }: StackSizes,
  attentions: (layer: string) => readonly Named[],
  width: number,
): readonly Named[] {
  return Array.from({ length: count }, (_, i) => `${side}.layers.${i}`).flatMap((layer) => [
    ...attentions(layer),
    [`${layer}.fc1.weight`, [ffn, width]],
    [`${layer}.fc1.bias`, [ffn]],
    [`${layer}.fc2.weight`, [width, ffn]],
    [`${layer}.fc2.bias`, [width]],
    ...norm(`${layer}.final_layer_norm`, width),
  ]);
}

/** Keys have no bias. */
function attention(name: string, width: number): readonly Named[] {
  return [
    ...["q_proj", "k_proj", "v_proj", "out_proj"].map((part): Named => [`${name}.${part}.weight`, [width, width]]),
    ...["q_proj", "v_proj", "out_proj"].map((part): Named => [`${name}.${part}.bias`, [width]]),
    ...norm(`${name}_layer_norm`, width),
  ];
}

function norm(name: string, width: number): readonly Named[] {
  return [
    [`${name}.weight`, [width]],
    [`${name}.bias`, [width]],
  ];
}
