import type { WhisperModel } from "../model/whisper-model.ts";
import type { WindowOptions } from "./decoding/decode-window.ts";
import type { SpecialTokens } from "./decoding/special-tokens.ts";

/** Layer and head of cross-attention that follows the words. */
export type AlignmentHead = readonly [layer: number, head: number];

/** What decoding has to know of a model. */
export interface ModelDecoding
  extends Pick<WindowOptions, "special">,
    Required<Pick<WindowOptions, "suppress" | "suppressAtBegin" | "maxInitialTimestamp">> {
  readonly alignmentHeads: readonly AlignmentHead[];
  readonly frameSeconds: number;
}

/** Source: openai/whisper, decoding.py: `max_initial_timestamp` of 1 s. */
const publishedMaxInitialTimestamp = 50;

/**
 * What decoding has to know of an opened model: tokens of its tokenizer, lists of its generation_config.json as they stand.
 * A model of English alone has no languages, though its tokenizer names them.
 */
export function modelDecoding(
  model: Pick<WhisperModel, "config" | "generation" | "features" | "tokenizer">,
): ModelDecoding {
  const { config, generation, features } = model;
  return {
    special: specialTokens(model),
    suppress: generation.suppressTokens,
    suppressAtBegin: generation.beginSuppressTokens,
    maxInitialTimestamp: generation.maxInitialTimestamp ?? publishedMaxInitialTimestamp,
    alignmentHeads: generation.alignmentHeads ?? upperHeads(config.decoder),
    frameSeconds: features.hopSamples / features.rateHz,
  };
}

function specialTokens({ generation, tokenizer }: Pick<WhisperModel, "generation" | "tokenizer">): SpecialTokens {
  const { tokens } = tokenizer;
  return {
    eot: tokens.endOfText,
    sot: tokens.startOfTranscript,
    languages: generation.isMultilingual ? Object.fromEntries(tokens.languages) : {},
    translate: tokens.translate,
    transcribe: tokens.transcribe,
    sotLm: tokens.startOfLm,
    sotPrev: tokens.startOfPrevious,
    noSpeech: tokens.noSpeech,
    noTimestamps: tokens.noTimestamps,
    timestampBegin: tokens.firstTimestamp,
  };
}

/** All heads of the upper half of the layers. Source: openai/whisper, model.py, `alignment_heads` where none are set. */
export function upperHeads({ layers, heads }: { readonly layers: number; readonly heads: number }): AlignmentHead[] {
  const first = Math.floor(layers / 2);
  return Array.from(
    { length: (layers - first) * heads },
    (_, i) => [first + Math.floor(i / heads), i % heads] as const,
  );
}
