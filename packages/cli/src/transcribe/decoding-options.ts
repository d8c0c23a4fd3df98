import { UsageError } from "@aiekit/core";
import { publishedOptions, publishedThresholds, type TranscribeOptions } from "@aiekit/pipeline";
import type { TranscribeCommandOptions } from "../commands/transcribe.ts";

/** What the options of the command mean for decoding. `language`: the code. @throws UsageError for those that contradict. */
export function decodingOptions(o: TranscribeCommandOptions, language: string | undefined): TranscribeOptions {
  if (o.patience !== undefined && o.beam === undefined)
    throw new UsageError("--patience: an option of beam search", { hint: "--beam 5" });
  const { compressionRatio, avgLogProb, noSpeechProb } = publishedThresholds;
  return {
    language,
    task: o.task ?? "transcribe",
    prompt: o.prompt,
    timestamps: o.timestamps,
    temperatures: o.temperature ?? publishedOptions.temperatures,
    thresholds: {
      compressionRatio: threshold(o.compressionRatioThreshold, compressionRatio),
      avgLogProb: threshold(o.logProbThreshold, avgLogProb),
      noSpeechProb: threshold(o.silenceThreshold, noSpeechProb),
    },
    conditionOnPrevious: o.condition,
    beams: o.beam,
    patience: o.patience,
    lengthPenalty: o.lengthPenalty,
    bestOf: o.bestOf ?? publishedOptions.bestOf,
    seed: o.seed ?? publishedOptions.seed,
    topK: o.topK,
    topP: o.topP,
    suppress: o.suppressTokens,
    noRepeatTokens: o.forbidRepeats,
    maxTokens: o.maxTokens,
    vad: o.vad,
    words: o.wordTimestamps,
    hallucinationSilenceSeconds: o.hallucinationSilence,
    carryPrompt: o.carryPrompt,
    clipSeconds: o.clips,
    overlapSeconds: o.chunked === true ? "sixth" : o.chunked,
    shortWindows: o.shortWindows === true ? "auto" : o.shortWindows,
  };
}

/** null is `none`. */
function threshold(given: number | null | undefined, published: number | undefined): number | undefined {
  return given === undefined ? published : (given ?? undefined);
}
