import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { AiekitError, FormatError } from "@aiekit/core";
import { checkTensors } from "./check-tensors.ts";
import { type FeatureConfig, readFeatureConfig } from "./feature-config.ts";
import { type GenerationConfig, readGenerationConfig } from "./generation-config.ts";
import { type ModelTensors, openModelTensors } from "./model-tensors.ts";
import { readJsonFile } from "./read-json-file.ts";
import { readVocabulary } from "./read-vocabulary.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";
import { findWeightFiles, type WeightFiles } from "./weight-files.ts";
import { readWhisperConfig, type WhisperConfig } from "./whisper-config.ts";
import type { WhisperTokens } from "./whisper-tokens.ts";

/** A Whisper model in a folder as Hugging Face lays it out. Weights are read when they are asked for. */
export interface WhisperModel {
  readonly folder: string;
  readonly config: WhisperConfig;
  readonly generation: GenerationConfig;
  readonly features: FeatureConfig;
  readonly tokenizer: Tokenizer;
  readonly tensors: ModelTensors;
  close(): Promise<void>;
}

/** A folder that is no model that can be used: everything that is wrong with it. */
export class ModelFolderError extends AiekitError {
  readonly folder: string;
  readonly problems: readonly string[];

  constructor(folder: string, problems: readonly string[]) {
    const lines = problems.slice(0, shownProblems).map((problem) => `\n  ${problem}`);
    const more = problems.length > shownProblems ? `\n  and ${problems.length - shownProblems} more` : "";
    super("format", `model ${folder}: ${problems.length} problem(s)${lines.join("")}${more}`, {
      hint: "aiekit models verify FOLDER lists all; aiekit models get NAME --force gets a model again",
    });
    this.folder = folder;
    this.problems = problems;
  }
}

const shownProblems = 40;

/** The files beside the weights. */
export const modelJsonFiles = [
  "config.json",
  "generation_config.json",
  "preprocessor_config.json",
  "tokenizer.json",
] as const;

const limitBytes: Readonly<Record<(typeof modelJsonFiles)[number], number>> = {
  "config.json": 1_000_000,
  "generation_config.json": 1_000_000,
  // Early files hold the mel filters as well.
  "preprocessor_config.json": 4_000_000,
  "tokenizer.json": 64_000_000,
};

interface OpenModelOptions {
  /** The folder need not have safetensors: something else has the weights. */
  readonly withoutWeights?: boolean;
}

/** Opens a model. @throws ModelFolderError with all that is wrong, before any weight is read. */
export async function openWhisperModel(folder: string, options: OpenModelOptions = {}): Promise<WhisperModel> {
  const problems: string[] = [];
  const model = await readModel(folder, problems, options);
  if (model !== undefined && problems.length === 0) return model;
  await model?.close();
  throw new ModelFolderError(folder, problems);
}

/** What is wrong with a folder; nothing where it can be opened. */
export async function checkModelFolder(folder: string): Promise<readonly string[]> {
  const problems: string[] = [];
  const model = await readModel(folder, problems);
  await model?.close();
  return problems;
}

async function readModel(
  folder: string,
  problems: string[],
  { withoutWeights = false }: OpenModelOptions = {},
): Promise<WhisperModel | undefined> {
  const info = await stat(folder).catch(() => undefined);
  if (!info?.isDirectory()) {
    throw new FormatError(`model ${folder}: expected a folder, got ${info === undefined ? "nothing" : "a file"}`, {
      hint: `aiekit models list shows what is here; aiekit models get ${basename(folder)} gets a model`,
    });
  }
  const read = (name: (typeof modelJsonFiles)[number]) => readJsonFile(join(folder, name), limitBytes[name], problems);
  const configJson = await read("config.json");
  const config = configJson && readWhisperConfig(configJson, problems);
  const generationJson = await read("generation_config.json");
  const generation = generationJson && readGenerationConfig(generationJson, config, problems);
  const featuresJson = await read("preprocessor_config.json");
  const features = featuresJson && readFeatureConfig(featuresJson, config, problems);
  const tokenizerJson = await read("tokenizer.json");
  const vocabulary = tokenizerJson && readVocabulary(tokenizerJson, problems);
  if (vocabulary && config) checkVocabulary(vocabulary.tokens, config, generation, problems);
  const missing: string[] = [];
  const files = (await findWeightFiles(folder, missing)) ?? (withoutWeights ? noWeights : undefined);
  if (files !== noWeights) problems.push(...missing);
  const tensors = files && (await openModelTensors(folder, files.files, problems));
  // Where a file is unreadable, each of its arrays would be called missing.
  if (files && files !== noWeights && tensors && config && tensors.complete)
    checkTensors(tensors.places, config, files, problems);
  if (config && generation && features && vocabulary && tensors)
    return {
      ...{ folder, config, generation, features, tensors },
      tokenizer: createTokenizer(vocabulary),
      close: tensors.close,
    };
  await tensors?.close();
  return undefined;
}

const noWeights: WeightFiles = { files: [], fileOf: undefined };

/** The same tokens in tokenizer, configuration and rules of decoding. */
function checkVocabulary(
  tokens: WhisperTokens,
  config: WhisperConfig,
  generation: GenerationConfig | undefined,
  problems: string[],
): void {
  if (config.vocabSize !== tokens.count)
    problems.push(
      `vocabulary: tokenizer.json has ${tokens.count} tokens, timestamps included, config.json: vocab_size ${config.vocabSize}`,
    );
  const expectId = (what: string, got: number | undefined, expected: number | undefined): void => {
    if (got !== undefined && got !== expected)
      problems.push(`vocabulary: ${what}: expected ${expected ?? "none"} as in tokenizer.json, got ${got}`);
  };
  expectId("config.json: decoder_start_token_id", config.startToken, tokens.startOfTranscript);
  expectId("config.json: eos_token_id", config.endToken, tokens.endOfText);
  if (generation === undefined) return;
  const rules = "generation_config.json";
  expectId(`${rules}: no_timestamps_token_id`, generation.noTimestampsToken, tokens.noTimestamps);
  expectId(`${rules}: prev_sot_token_id`, generation.previousTextToken, tokens.startOfPrevious);
  for (const [text, id] of generation.languageTokens ?? [])
    expectId(`${rules}: lang_to_id: ${text}`, id, tokens.languages.get(text.replace(/^<\|(.*)\|>$/, "$1")));
  expectId(`${rules}: task_to_id: translate`, generation.taskTokens?.get("translate"), tokens.translate);
  expectId(`${rules}: task_to_id: transcribe`, generation.taskTokens?.get("transcribe"), tokens.transcribe);
}
