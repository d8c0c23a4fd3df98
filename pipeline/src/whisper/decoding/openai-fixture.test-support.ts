import { readFileSync } from "node:fs";
import type { WeightSource } from "../../encoder/encoder-weights.ts";
import { referenceExecutor } from "../reference/reference-executor.ts";
import { seededArray, seededWeights } from "../seeded-model.test-support.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import type { WindowOptions } from "./decode-window.ts";
import type { SpecialTokens } from "./special-tokens.ts";

/** What openai-whisper's own decode() and transcribe() gave: pipeline/fixtures/whisper/make_openai_fixture.py. */
interface OpenAiFixture {
  readonly sizes: WhisperSizes;
  readonly special: SpecialTokens;
  readonly nonSpeech: readonly number[];
  readonly scaledRows: readonly (readonly [number, number])[];
  readonly decoded: Readonly<Record<string, readonly OpenAiResult[]>>;
  readonly languages: readonly Readonly<Record<string, number>>[];
  readonly long: readonly (readonly OpenAiSegment[])[];
}

interface OpenAiResult {
  readonly tokens: readonly number[];
  readonly avgLogProb: number;
  readonly noSpeechProb: number;
  readonly compressionRatio: number;
}

interface OpenAiSegment {
  readonly seek: number;
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly number[];
  readonly avg_logprob: number;
}

export const openAi: OpenAiFixture = JSON.parse(
  readFileSync(new URL("../../../fixtures/whisper/openai.json", import.meta.url), "utf8"),
);

/** The fixture's model. */
export async function openAiExecutor(scaledRows = openAi.scaledRows) {
  return referenceExecutor(openAi.sizes, openAiWeights(scaledRows));
}

/** Its weights; other fixtures scale other rows of its embedding. */
export function openAiWeights(scaledRows = openAi.scaledRows): WeightSource {
  const { sizes } = openAi;
  const weights = seededWeights(sizes, "openai ");
  return async (name) => {
    const array = await weights(name);
    if (name === "model.decoder.embed_tokens.weight") {
      for (const [row, factor] of scaledRows) {
        const from = row * sizes.width;
        for (let i = from; i < from + sizes.width; i++) (array!.data as Float32Array)[i]! *= factor;
      }
    }
    return array;
  };
}

/** Features by the name that the fixture's script gives them. */
export function openAiFeatures(name: string, frames: number) {
  return seededArray(name, [openAi.sizes.mels, frames], 6);
}

/** decode()'s defaults for the fixture's model: 1 s is 5/3 of its timestamps of 0.6 s, rounded to 2. */
export const openAiDefaults: WindowOptions = {
  special: openAi.special,
  language: "en",
  timestamps: true,
  suppress: openAi.nonSpeech,
  suppressAtBegin: [0, openAi.special.eot],
  maxInitialTimestamp: 2,
  search: { temperature: 0 },
  maxTokens: openAi.sizes.textPositions / 2,
};

/** The text that the fixture's tokenizer makes of tokens. */
export function openAiText(tokens: readonly number[]): string {
  const text = tokens.filter((token) => token < openAi.special.eot);
  return text.map((token) => (token === 0 ? " " : String.fromCharCode(96 + token))).join("");
}
