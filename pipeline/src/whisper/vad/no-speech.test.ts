import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadSpeech } from "../../audio/load-speech.ts";
import { openWhisperModel } from "../../model/whisper-model.ts";
import { logMel } from "../../transcribe/mel/log-mel.ts";
import { decodeWindow } from "../decoding/decode-window.ts";
import { publishedThresholds } from "../decoding/temperature-fallback.ts";
import { modelDecoding } from "../model-decoding.ts";
import { referenceExecutor } from "../reference/reference-executor.ts";
import { whisperSizes } from "../whisper-sizes.ts";
import { createSpeechDetector } from "./speech-detector.ts";

const folder = fileURLToPath(new URL("../../../demo-model", import.meta.url));

async function featuresOf(name: string, mels: number) {
  const { pcm } = loadSpeech(await readFile(`${folder}/samples/${name}`), name);
  return logMel(mels)(Float32Array.from(pcm, (value) => value / 32768));
}

test("no speech: the demo model's samples of silence and noise have no speech, no text and a sure no-speech token", async () => {
  const model = await openWhisperModel(folder);
  const sizes = whisperSizes(model.config);
  const executor = await referenceExecutor(sizes, (name) => model.tensors.read(name));
  const decoding = modelDecoding(model);
  const [language = "en"] = Object.keys(decoding.special.languages);
  for (const name of ["silence.wav", "noise.wav"]) {
    const features = await featuresOf(name, sizes.mels);
    const detector = createSpeechDetector();
    const state = await executor.encode(features);

    const { tokens, noSpeechProb } = await decodeWindow(executor, state, {
      ...{ ...decoding, language, timestamps: true, search: { temperature: 0 } },
    });

    expect([...detector.push(features), ...detector.end()], name).toEqual([]);
    expect(model.tokenizer.decode(tokens).trim(), name).toBe("");
    expect(noSpeechProb, name).toBeGreaterThan(publishedThresholds.noSpeechProb!);
  }
  const detector = createSpeechDetector();
  const found = detector.push(await featuresOf("birthday.wav", sizes.mels));
  expect([...found, ...detector.end()]).toHaveLength(1);
  await model.close();
});
