import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { loadSpeech } from "../../audio/load-speech.ts";
import { demoModelPath } from "../../demo-model.ts";
import { openWhisperModel, type WhisperModel } from "../../model/whisper-model.ts";
import { logMel } from "../../transcribe/mel/log-mel.ts";
import { decodeWindow, type WindowOptions } from "../decoding/decode-window.ts";
import type { WhisperExecutor } from "../executor.ts";
import { modelDecoding } from "../model-decoding.ts";
import { encoderTolerance, maxAbsErr } from "./parity-checks.test-support.ts";
import { type ParityClip, type ParityMode, parityModes, signedSums, unpacked } from "./real-sizes.test-support.ts";

/** A part of a sample: samples `first` to `end`, shifted right by `shift` bits, added at sample `at`. */
type Part = readonly [file: string, first: number, end: number, at: number, shift: number];

/** What PyTorch gave for the demo model: pipeline/fixtures/whisper/make_demo_fixture.py. */
interface DemoFixture {
  /** SHA-256 of the weights. */
  readonly weights: string;
  readonly mostTokens: number;
  readonly clips: readonly (ParityClip & { readonly recipe: readonly Part[] })[];
}

const fixture: DemoFixture = JSON.parse(
  readFileSync(new URL("../../../fixtures/whisper/demo.json", import.meta.url), "utf8"),
);
export const demoClips = fixture.clips;

/** Why tests of the demo model are skipped; undefined where it is in the checkout. */
export const noDemoModel = existsSync(demoModelPath) ? undefined : "the checkout has no demo model";

/** The model that the fixture was made of. */
export async function openDemoModel(): Promise<WhisperModel> {
  const weights = createHash("sha256")
    .update(readFileSync(join(demoModelPath, "model.safetensors")))
    .digest("hex");
  expect(weights, "the demo model changed: run pipeline/fixtures/whisper/make_demo_fixture.py").toBe(fixture.weights);
  return openWhisperModel(demoModelPath);
}

/** Encodes and decodes clip `index` from its sound on, and holds all against PyTorch. */
export async function expectDemoClip(
  executor: WhisperExecutor,
  model: WhisperModel,
  index: number,
  modes: readonly ParityMode[] = Object.keys(parityModes) as ParityMode[],
) {
  const clip = fixture.clips[index]!;
  const state = await executor.encode(demoFeatures(model, clip.recipe));
  const error = maxAbsErr(signedSums(await state.output()), unpacked(clip.projections));
  expect(error, `clip ${index}`).toBeLessThan(encoderTolerance);
  for (const mode of modes) {
    const { tokens, avgLogProb } = await decodeWindow(executor, state, demoOptions(model, mode));
    expect(tokens, `clip ${index}, ${mode}`).toEqual(clip.tokens[mode]);
    expect(Math.abs(avgLogProb - clip.avgLogProb[mode]), `clip ${index}, ${mode}`).toBeLessThan(1e-3);
  }
  await state.close();
}

function demoFeatures({ config }: WhisperModel, recipe: readonly Part[]) {
  const sound = new Int32Array(320 * config.audioPositions);
  for (const [file, first, end, at, shift] of recipe) {
    const path = join(demoModelPath, "samples", file);
    const part = loadSpeech(readFileSync(path), file).pcm.subarray(first, end);
    for (let i = 0; i < part.length && at + i < sound.length; i++) sound[at + i]! += part[i]! >> shift;
  }
  const samples = Float32Array.from(sound, (value) => Math.min(Math.max(value, -32768), 32767) / 32768);
  return logMel(config.mels)(samples);
}

/** As the script has them: no timestamp beyond the window, which the model's tokens would have. */
function demoOptions(model: WhisperModel, mode: ParityMode): WindowOptions {
  const { special, suppress, suppressAtBegin, maxInitialTimestamp } = modelDecoding(model);
  const beyond = special.timestampBegin + model.config.audioPositions + 1;
  const never = Array.from({ length: model.config.vocabSize - beyond }, (_, i) => beyond + i);
  return {
    special,
    language: "en",
    suppress: [...suppress, ...never],
    suppressAtBegin: [...suppressAtBegin, special.eot],
    maxInitialTimestamp,
    maxTokens: fixture.mostTokens,
    ...parityModes[mode],
  };
}
