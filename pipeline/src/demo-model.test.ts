import { tensor } from "@aiekit/core";
import { afterAll, expect, test } from "vitest";
import { demoModelFolder, demoSamples, sampleFeatures } from "./demo-model.test-support.ts";
import { checkModelFolder, openWhisperModel } from "./model/whisper-model.ts";
import { decodeWindow } from "./whisper/decoding/decode-window.ts";
import { detectLanguage } from "./whisper/decoding/language.ts";
import { publishedThresholds } from "./whisper/decoding/temperature-fallback.ts";
import { type MelSource, type Segment, slidingWindows } from "./whisper/long-form/sliding-windows.ts";
import { modelDecoding } from "./whisper/model-decoding.ts";
import { referenceExecutor } from "./whisper/reference/reference-executor.ts";
import { whisperSizes } from "./whisper/whisper-sizes.ts";

const model = await openWhisperModel(demoModelFolder);
const samples = await demoSamples();
const executor = await referenceExecutor(whisperSizes(model.config), (name) => model.tensors.read(name));
const { special } = modelDecoding(model);
afterAll(() => model.close());

const inOneWindow = samples.filter(({ sentence, seconds }) => sentence !== "" && seconds < 8);

test("the demo model's folder is a whole Whisper model of 8 s windows", async () => {
  expect(await checkModelFolder(demoModelFolder)).toEqual([]);
  expect(model.config.audioPositions).toBe(400);
  expect(model.generation.alignmentHeads).toEqual([[1, 0]]);
  expect(inOneWindow.length).toBeGreaterThanOrEqual(6);
});

for (const { file, sentence, words } of inOneWindow) {
  test(`the demo model hears every word of ${file}, and when it begins and ends`, async () => {
    const encoded = await executor.encode(await sampleFeatures(file, 800));

    const plain = await decodeWindow(executor, encoded, { ...options(), timestamps: false });
    const timed = await decodeWindow(executor, encoded, { ...options(), timestamps: true });

    expect(textOf(plain.tokens)).toBe(sentence);
    expect(textOf(timed.tokens)).toBe(sentence);
    const times = timed.tokens.filter((id) => id >= special.timestampBegin);
    const seconds = times.map((id) => (id - special.timestampBegin) / 50);
    // The model's own error is some hundredths of a second; a fifth still tells a word from its neighbour.
    expect(Math.abs(seconds[0]! - words[0]![0])).toBeLessThan(0.2);
    expect(Math.abs(seconds.at(-1)! - words.at(-1)![1])).toBeLessThan(0.2);
  });
}

test("the demo model finds no words in noise and silence, and says so", async () => {
  const silent = samples.filter(({ sentence }) => sentence === "");
  expect(silent.length).toBe(2);
  for (const { file } of silent) {
    const encoded = await executor.encode(await sampleFeatures(file, 800));
    const { tokens, noSpeechProb } = await decodeWindow(executor, encoded, { ...options(), timestamps: true });
    expect(textOf(tokens), file).toBe("");
    expect(noSpeechProb, file).toBeGreaterThan(0.6);
  }
});

test("long.wav is heard sentence by sentence over several windows, each told of the text before", async () => {
  const { file, sentence, seconds } = samples.find(({ file }) => file === "long.wav")!;
  const frames = Math.floor(seconds * 100);
  const { data, shape } = await sampleFeatures(file, frames);
  const mel: MelSource = {
    frames,
    // What lies behind the recording's end is zeros of features, as OpenAI's transcribe has it.
    window: async (from, count) => {
      const window = tensor("f32", [shape[0]!, count], new Float32Array(shape[0]! * count));
      for (let band = 0; band < shape[0]!; band++)
        window.data.set(
          data.subarray(band * frames + from, band * frames + Math.min(frames, from + count)),
          band * count,
        );
      return window;
    },
  };
  const segments: Segment[] = [];
  for await (const segment of slidingWindows(executor, mel, {
    window: options(),
    temperatures: [0],
    thresholds: publishedThresholds,
    conditionOnPrevious: true,
    text: textOf,
    frameSeconds: 0.01,
  }))
    segments.push(segment);

  expect(segments.map(({ text }) => text).join(" ")).toBe(sentence);
  expect(segments.length).toBeGreaterThanOrEqual(6);
  expect(new Set(segments.map(({ seek }) => seek)).size).toBeGreaterThanOrEqual(3);
});

test("the demo model takes speech for English", async () => {
  const encoded = await executor.encode(await sampleFeatures(inOneWindow[0]!.file, 800));
  const { language, probabilities } = await detectLanguage(executor, encoded, special);
  expect(language).toBe("en");
  expect(probabilities.en).toBeGreaterThan(0.9);
});

function options() {
  const { suppressTokens: suppress, beginSuppressTokens: suppressAtBegin } = model.generation;
  return { special, suppress, suppressAtBegin, language: "en", maxInitialTimestamp: 50, search: { temperature: 0 } };
}

function textOf(ids: readonly number[]): string {
  return model.tokenizer.decode(ids.filter((id) => id < special.eot)).trim();
}
