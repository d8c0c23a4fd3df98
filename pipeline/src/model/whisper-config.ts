import { type JsonObject, jsonFields, shown } from "./json-fields.ts";

/** Sizes of a Whisper model: config.json. */
export interface WhisperConfig {
  readonly width: number;
  readonly vocabSize: number;
  readonly mels: number;
  readonly encoder: StackSizes;
  readonly decoder: StackSizes;
  /** Positions of the encoder: half the frames of a window. */
  readonly audioPositions: number;
  /** Tokens that the decoder can hold, prompt included. */
  readonly textPositions: number;
  readonly startToken: number;
  readonly endToken: number;
}

export interface StackSizes {
  readonly layers: number;
  readonly heads: number;
  readonly ffn: number;
}

/** The largest published model has 32. */
const layerLimit = 256;

/** Reads config.json. undefined, and lines in `problems`, where it is not the configuration of a Whisper model. */
export function readWhisperConfig(object: JsonObject, problems: string[]): WhisperConfig | undefined {
  const file = "config.json";
  const before = problems.length;
  if (object.model_type !== "whisper") {
    problems.push(
      `${file}: model_type: expected "whisper", got ${shown(object.model_type)}: a model of another architecture`,
    );
    return undefined;
  }
  const fields = jsonFields(file, object, problems);
  // Another value would be another computation, and text that looks right would be wrong.
  fields.expect("activation_function", ["gelu"], "no other activation is supported");
  fields.expect("scale_embedding", [false], "no published Whisper scales its embedding");
  fields.expect("tie_word_embeddings", [true], "the output projection is the embedding");
  const stack = (side: string): StackSizes => ({
    layers: fields.count(`${side}_layers`),
    heads: fields.count(`${side}_attention_heads`),
    ffn: fields.count(`${side}_ffn_dim`),
  });
  const config: WhisperConfig = {
    width: fields.count("d_model"),
    vocabSize: fields.count("vocab_size"),
    mels: fields.count("num_mel_bins"),
    encoder: stack("encoder"),
    decoder: stack("decoder"),
    audioPositions: fields.count("max_source_positions"),
    textPositions: fields.count("max_target_positions"),
    startToken: fields.count("decoder_start_token_id", 0),
    endToken: fields.count("eos_token_id", 0),
  };
  for (const [side, { layers, heads }] of [
    ["encoder", config.encoder],
    ["decoder", config.decoder],
  ] as const) {
    if (layers > layerLimit) problems.push(`${file}: ${side}_layers: expected at most ${layerLimit}, got ${layers}`);
    if (heads > 0 && config.width % heads !== 0)
      problems.push(`${file}: ${side}_attention_heads: expected a divisor of d_model ${config.width}, got ${heads}`);
  }
  return problems.length === before ? config : undefined;
}
