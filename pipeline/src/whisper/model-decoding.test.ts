import { expect, test } from "vitest";
import { floats, type ModelFiles, noise, tinyModelFiles, writeModel } from "../model/model-folder.test-support.ts";
import { openWhisperModel } from "../model/whisper-model.ts";
import { windowPrompt } from "./decoding/prompt.ts";
import { modelDecoding } from "./model-decoding.ts";

async function decodingOf(change: (files: ModelFiles) => void = () => {}) {
  const files = tinyModelFiles();
  change(files);
  const model = await openWhisperModel(await writeModel(files));
  await model.close();
  return modelDecoding(model);
}

test("model's decoding: tokens of the tokenizer, lists and heads of generation_config.json", async () => {
  expect(await decodingOf()).toEqual({
    special: {
      ...{ eot: 260, sot: 261, languages: { en: 262, de: 263 }, translate: 264, transcribe: 265 },
      ...{ sotLm: 266, sotPrev: 267, noSpeech: 268, noTimestamps: 269, timestampBegin: 270 },
    },
    suppress: [1, 2],
    suppressAtBegin: [32, 260],
    maxInitialTimestamp: 50,
    alignmentHeads: [[0, 1]],
    frameSeconds: 0.01,
  });
});

test("model's decoding: a model of English alone is prompted without language and task", async () => {
  const { special } = await decodingOf(({ json }) => {
    json["generation_config.json"]!.is_multilingual = false;
  });

  expect(special.languages).toEqual({});
  expect(windowPrompt(special, { timestamps: false }, 20).tokens).toEqual([261, 269]);
});

test("model's decoding: without alignment heads those of the upper half of the layers, without a first timestamp 1 s", async () => {
  const { alignmentHeads, maxInitialTimestamp } = await decodingOf(({ json }) => {
    delete json["generation_config.json"]!.alignment_heads;
    delete json["generation_config.json"]!.max_initial_timestamp_index;
  });

  expect(alignmentHeads).toEqual([
    [0, 0],
    [0, 1],
  ]);
  expect(maxInitialTimestamp).toBe(50);
});

test("model's decoding: a language more moves what follows it, as in large-v3", async () => {
  const { special } = await decodingOf(({ json, tensors }) => {
    const added = json["tokenizer.json"]!.added_tokens as { id: number; content: string; special: boolean }[];
    json["tokenizer.json"]!.added_tokens = [
      ...added.slice(0, 4),
      { id: 264, content: "<|yue|>", special: true },
      ...added.slice(4).map((token) => ({ ...token, id: token.id + 1 })),
    ];
    json["config.json"]!.vocab_size = 271 + 1501;
    tensors.set("model.decoder.embed_tokens.weight", floats("F32", [271 + 1501, 8], noise(1)));
    const generation = json["generation_config.json"]!;
    generation.lang_to_id = { "<|en|>": 262, "<|de|>": 263, "<|yue|>": 264 };
    generation.task_to_id = { translate: 265, transcribe: 266 };
    generation.no_timestamps_token_id = 270;
  });

  expect(special.languages).toEqual({ en: 262, de: 263, yue: 264 });
  expect(windowPrompt(special, { language: "yue", timestamps: false }, 20).tokens).toEqual([261, 264, 266, 270]);
  expect(special.timestampBegin).toBe(271);
});
