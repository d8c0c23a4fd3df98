import { type JsonObject, jsonFields } from "./json-fields.ts";
import type { WhisperConfig } from "./whisper-config.ts";

/** How sound becomes what the encoder reads: preprocessor_config.json. */
export interface FeatureConfig {
  readonly mels: number;
  readonly rateHz: number;
  readonly fftSamples: number;
  readonly hopSamples: number;
  readonly windowSeconds: number;
  /** Frames of a window: windowSeconds x rateHz / hopSamples. */
  readonly windowFrames: number;
}

/** Reads preprocessor_config.json and holds it against the sizes of the model. */
export function readFeatureConfig(
  object: JsonObject,
  config: WhisperConfig | undefined,
  problems: string[],
): FeatureConfig | undefined {
  const file = "preprocessor_config.json";
  const before = problems.length;
  const fields = jsonFields(file, object, problems);
  fields.expect("sampling_rate", [16_000], "Whisper hears 16 kHz");
  const sizes = {
    mels: fields.count("feature_size"),
    rateHz: 16_000,
    fftSamples: fields.count("n_fft"),
    hopSamples: fields.count("hop_length"),
    windowSeconds: fields.count("chunk_length"),
  };
  if (problems.length > before) return undefined;
  const windowSamples = sizes.windowSeconds * sizes.rateHz;
  const windowFrames = windowSamples / sizes.hopSamples;
  fields.expect("n_samples", [windowSamples], "chunk_length x sampling_rate");
  fields.expect("nb_max_frames", [windowFrames], "n_samples / hop_length");
  if (config !== undefined && sizes.mels !== config.mels)
    problems.push(`${file}: feature_size: expected num_mel_bins ${config.mels} of config.json, got ${sizes.mels}`);
  if (config !== undefined && windowFrames !== 2 * config.audioPositions)
    problems.push(
      `${file}: frames of a window: expected 2 x max_source_positions ${2 * config.audioPositions} of config.json, got ${windowFrames}`,
    );
  return problems.length === before ? { ...sizes, windowFrames } : undefined;
}
