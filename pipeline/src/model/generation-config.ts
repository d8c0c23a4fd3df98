import { type JsonObject, jsonFields } from "./json-fields.ts";
import type { WhisperConfig } from "./whisper-config.ts";

/** How a model is decoded: generation_config.json. */
export interface GenerationConfig {
  /** Never chosen. */
  readonly suppressTokens: readonly number[];
  /** Not chosen as the first token. */
  readonly beginSuppressTokens: readonly number[];
  /** The model knows languages and tasks; those whose name ends in .en know neither. */
  readonly isMultilingual: boolean;
  /** Ids of `<|en|>` and so on. */
  readonly languageTokens: ReadonlyMap<string, number> | undefined;
  /** Ids of `translate` and `transcribe`. */
  readonly taskTokens: ReadonlyMap<string, number> | undefined;
  readonly noTimestampsToken: number | undefined;
  readonly startToken: number | undefined;
  readonly endToken: number | undefined;
  readonly previousTextToken: number | undefined;
  /** The first timestamp lies at most so many steps of 0.02 s behind the start. */
  readonly maxInitialTimestamp: number | undefined;
  /** Tokens of a window at most. */
  readonly maxLength: number | undefined;
  /** Layer and head of the cross-attention that follows the words; undefined where the file has none. */
  readonly alignmentHeads: readonly (readonly [layer: number, head: number])[] | undefined;
}

/** Reads generation_config.json and holds it against the sizes of the model. */
export function readGenerationConfig(
  object: JsonObject,
  config: WhisperConfig | undefined,
  problems: string[],
): GenerationConfig {
  const file = "generation_config.json";
  const fields = jsonFields(file, object, problems);
  const languageTokens = fields.idTable("lang_to_id");
  const generation: GenerationConfig = {
    suppressTokens: fields.ids("suppress_tokens"),
    beginSuppressTokens: fields.ids("begin_suppress_tokens"),
    // Files of early versions lack the flag; only multilingual models list languages.
    isMultilingual: fields.flag("is_multilingual") ?? languageTokens !== undefined,
    languageTokens,
    taskTokens: fields.idTable("task_to_id"),
    noTimestampsToken: fields.optionalCount("no_timestamps_token_id"),
    startToken: fields.optionalCount("decoder_start_token_id"),
    endToken: fields.optionalCount("eos_token_id"),
    previousTextToken: fields.optionalCount("prev_sot_token_id"),
    maxInitialTimestamp: fields.optionalCount("max_initial_timestamp_index"),
    maxLength: fields.optionalCount("max_length"),
    alignmentHeads: fields.pairs("alignment_heads"),
  };
  if (config === undefined) return generation;
  const { vocabSize, decoder } = config;
  for (const [name, ids] of [
    ["suppress_tokens", generation.suppressTokens],
    ["begin_suppress_tokens", generation.beginSuppressTokens],
  ] as const) {
    const beyond = ids.filter((id) => id >= vocabSize);
    if (beyond.length > 0)
      problems.push(`${file}: ${name}: expected ids below vocab_size ${vocabSize}, got ${beyond.join(", ")}`);
  }
  for (const [layer, head] of generation.alignmentHeads ?? []) {
    if (layer >= decoder.layers || head >= decoder.heads)
      problems.push(
        `${file}: alignment_heads: expected layers below ${decoder.layers} and heads below ${decoder.heads}, got [${layer}, ${head}]`,
      );
  }
  for (const [name, got, expected] of [
    ["decoder_start_token_id", generation.startToken, config.startToken],
    ["eos_token_id", generation.endToken, config.endToken],
  ] as const) {
    if (got !== undefined && got !== expected)
      problems.push(`${file}: ${name}: expected ${expected} as in config.json, got ${got}`);
  }
  return generation;
}
