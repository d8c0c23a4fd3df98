import { UsageError } from "@aiekit/core";
import { promptTokens } from "../model/start-sequence.ts";
import type { WhisperModel } from "../model/whisper-model.ts";
import type { WindowOptions } from "../whisper/decoding/decode-window.ts";
import type { ChunkedOptions } from "../whisper/long-form/chunked-windows.ts";
import type { SlidingOptions } from "../whisper/long-form/sliding-windows.ts";
import { modelDecoding } from "../whisper/model-decoding.ts";
import { overlapFramesOf, shortWindowPositions } from "./short-windows.ts";
import type { TranscribeOptions } from "./transcribe-options.ts";

/** For `slidingWindows`, or for `chunkedWindows`, which is meant where `overlapFrames` is there. */
type LongFormOptions = SlidingOptions & Pick<ChunkedOptions, "overlapFrames">;

/**
 * What the windows of a model are decoded with. `language`: the code that was given or detected.
 * @throws UsageError for a language or a task that the model does not have, for no temperature, and for what contradicts.
 */
export function slidingOptions(
  model: WhisperModel,
  options: TranscribeOptions,
  language: string | undefined,
): LongFormOptions {
  const { special, suppress, suppressAtBegin, maxInitialTimestamp, frameSeconds, alignmentHeads } =
    modelDecoding(model);
  const { tokenizer, config } = model;
  checkLanguage(Object.keys(special.languages), options, language);
  const full = { positions: config.audioPositions, frameSeconds };
  // A model of short windows has tokens for times up to 30 s all the same.
  const beyond = special.timestampBegin + config.audioPositions + 1;
  const never = Array.from({ length: Math.max(0, config.vocabSize - beyond) }, (_, i) => beyond + i);
  const window: SlidingOptions["window"] = {
    special,
    suppress: [...(options.suppress ?? suppress), ...never],
    suppressAtBegin,
    maxInitialTimestamp,
    task: options.task,
    timestamps: options.timestamps,
    search: searchOf(options),
    ...(language === undefined ? {} : { language }),
    ...defined("noRepeatTokens", options.noRepeatTokens),
    ...defined("lengthPenalty", options.lengthPenalty),
    ...defined("maxTokens", options.maxTokens),
  };
  const wordOptions = {
    tokenizer,
    alignmentHeads,
    ...defined("hallucinationSilenceSeconds", options.hallucinationSilenceSeconds),
  };
  return {
    window,
    temperatures: options.temperatures,
    thresholds: options.thresholds,
    bestOf: options.bestOf,
    seed: options.seed,
    initialPrompt: promptTokens(tokenizer, options.prompt ?? ""),
    conditionOnPrevious: options.conditionOnPrevious,
    ...defined("buckets", shortWindowPositions(options, full)),
    ...defined("overlapFrames", overlapFramesOf(options, full)),
    ...defined("carryInitialPrompt", options.carryPrompt),
    ...defined("clipSeconds", options.clipSeconds),
    ...(options.words ? { words: wordOptions } : {}),
    text: (tokens) => tokenizer.decode(tokens),
    frameSeconds,
  };
}

function searchOf({ beams, patience, topK, topP }: TranscribeOptions): WindowOptions["search"] {
  if (beams !== undefined) return { beams, ...defined("patience", patience) };
  return { temperature: 0, ...defined("topK", topK), ...defined("topP", topP) };
}

/** A model of English alone has no languages, and can do nothing but write down what is said. */
function checkLanguage(known: readonly string[], { task }: TranscribeOptions, language: string | undefined): void {
  if (known.length === 0) {
    if (task === "transcribe" && (language ?? "en") === "en") return;
    throw new UsageError(`${task}, language ${language ?? "en"}: the model knows English alone`, {
      hint: "take a model without .en in its name",
    });
  }
  if (language === undefined || known.includes(language)) return;
  throw new UsageError(`language ${language}: expected one of the model's: ${known.join(", ")}`);
}

/** An option that may be left out, but not be undefined. */
function defined<Name extends string, Value>(name: Name, value: Value | undefined): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}
