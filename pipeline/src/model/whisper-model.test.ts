import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readEncoderWeights } from "../encoder/encoder-weights.ts";
import { encoderWeightSource } from "./encoder-weight-source.ts";
import { floats, type ModelFiles, noise, tinyModelFiles, writeModel } from "./model-folder.test-support.ts";
import { checkModelFolder, ModelFolderError, openWhisperModel } from "./whisper-model.ts";

test("a model of one file opens with its sizes, rules, features and tokens", async () => {
  const model = await openWhisperModel(await writeModel(tinyModelFiles()));

  expect(model.config).toMatchObject({ width: 8, mels: 4, encoder: { layers: 1, heads: 2, ffn: 16 } });
  expect(model.generation).toMatchObject({ beginSuppressTokens: [32, 260], alignmentHeads: [[0, 1]] });
  expect(model.features).toEqual({
    ...{ mels: 4, rateHz: 16_000, fftSamples: 400, hopSamples: 160, windowSeconds: 1, windowFrames: 100 },
  });
  expect(model.tokenizer.tokens.languages).toEqual(
    new Map([
      ["en", 262],
      ["de", 263],
    ]),
  );
  await model.close();
  await expect(model.tensors.read("model.encoder.conv1.bias")).rejects.toThrow("the model is closed");
});

test("a model of three shards has the same arrays", async () => {
  const [one, three] = await Promise.all([
    openWhisperModel(await writeModel(tinyModelFiles())),
    openWhisperModel(await writeModel(tinyModelFiles(), { shards: 3 })),
  ]);

  expect([...three.tensors.places.keys()].sort()).toEqual([...one.tensors.places.keys()].sort());
  for (const name of one.tensors.places.keys())
    expect(await three.tensors.read(name)).toEqual(await one.tensors.read(name));
  await Promise.all([one.close(), three.close()]);
});

test("the encoder's source gives weights [inputs, outputs], queries, keys and values side by side, no bias of keys", async () => {
  const model = await openWhisperModel(await writeModel(tinyModelFiles()));
  const layer = "model.encoder.layers.0";
  const read = async (name: string) => (await model.tensors.read(`${layer}.${name}`)).data;

  const encoder = await readEncoderWeights(encoderWeightSource(model.tensors), model.config.encoder.heads);

  expect(encoder.layers.length).toBe(1);
  const { qkv, fc1, ln2 } = encoder.layers[0]!;
  for (const [block, part] of ["q_proj", "k_proj", "v_proj"].entries()) {
    const weights = await read(`self_attn.${part}.weight`);
    const at = (input: number, output: number) => qkv.weights.data[input * 24 + block * 8 + output];
    expect([at(0, 0), at(2, 5), at(7, 1)]).toEqual([weights[0], weights[5 * 8 + 2], weights[1 * 8 + 7]]);
  }
  expect([...qkv.bias.data.subarray(8, 16)]).toEqual(new Array(8).fill(0));
  expect(qkv.bias.data.subarray(16)).toEqual(await read("self_attn.v_proj.bias"));
  expect(fc1.weights.data[3 * 16 + 9]).toBe((await read("fc1.weight"))[9 * 8 + 3]);
  expect(ln2.gamma.data).toEqual(await read("final_layer_norm.weight"));
  expect(encoder.front.positions.shape).toEqual([50, 8]);
  await model.close();
});

const broken: readonly (readonly [string, (files: ModelFiles) => void, string | RegExp])[] = [
  [
    "an array missing",
    ({ tensors }) => tensors.delete("model.decoder.layers.0.encoder_attn.k_proj.weight"),
    "weights: model.decoder.layers.0.encoder_attn.k_proj.weight[8, 8]: missing",
  ],
  [
    "an array of another shape",
    ({ tensors }) => tensors.set("model.encoder.conv1.weight", floats("F32", [8, 5, 3], noise(1))),
    "model.safetensors: model.encoder.conv1.weight: expected [8, 4, 3], got [8, 5, 3]",
  ],
  [
    "weights of whole numbers",
    ({ tensors }) => tensors.set("model.encoder.conv1.bias", { dtype: "I32", shape: [8], bytes: new Uint8Array(32) }),
    "model.safetensors: model.encoder.conv1.bias: expected F32, F16 or BF16, got I32",
  ],
  [
    "another architecture",
    ({ json }) => Object.assign(json["config.json"]!, { model_type: "wav2vec2" }),
    /^config.json: model_type: expected "whisper", got "wav2vec2"/,
  ],
  [
    "an embedding of another vocabulary",
    ({ tensors }) => tensors.set("model.decoder.embed_tokens.weight", floats("F32", [1700, 8], noise(1))),
    /embed_tokens.weight: expected \[1771, 8\], got \[1700, 8\]/,
  ],
  [
    "rules for other tokens",
    ({ json }) => Object.assign(json["generation_config.json"]!, { no_timestamps_token_id: 50363 }),
    /no_timestamps_token_id: expected 269 as in tokenizer.json, got 50363/,
  ],
  [
    "a language of another id",
    ({ json }) => Object.assign(json["generation_config.json"]!, { lang_to_id: { "<|en|>": 263 } }),
    /lang_to_id: <\|en\|>: expected 262/,
  ],
  [
    "suppressed tokens beyond the vocabulary",
    ({ json }) => Object.assign(json["generation_config.json"]!, { suppress_tokens: [3, 9999] }),
    /suppress_tokens: expected ids below vocab_size 1771, got 9999/,
  ],
  [
    "alignment by a head that is not there",
    ({ json }) => Object.assign(json["generation_config.json"]!, { alignment_heads: [[1, 0]] }),
    /alignment_heads: .* got \[1, 0\]/,
  ],
  [
    "features of another size",
    ({ json }) => Object.assign(json["preprocessor_config.json"]!, { feature_size: 80 }),
    /feature_size: expected num_mel_bins 4 of config.json, got 80/,
  ],
  [
    "a window of another length",
    ({ json }) =>
      Object.assign(json["preprocessor_config.json"]!, { chunk_length: 30, n_samples: 480000, nb_max_frames: 3000 }),
    /expected 2 x max_source_positions 100 of config.json, got 3000/,
  ],
  [
    "heads that do not divide the width",
    ({ json }) => Object.assign(json["config.json"]!, { encoder_attention_heads: 3 }),
    /encoder_attention_heads: expected a divisor of d_model 8, got 3/,
  ],
  [
    "2^40 layers",
    ({ json }) => Object.assign(json["config.json"]!, { decoder_layers: 2 ** 40 }),
    /decoder_layers: expected a whole number/,
  ],
];

test.each(broken)("a model with %s is refused with one line", async (_, change, problem) => {
  const files = tinyModelFiles();
  change(files);

  const problems = await checkModelFolder(await writeModel(files));
  expect(problems).toEqual([typeof problem === "string" ? problem : expect.stringMatching(problem)]);
});

test("a vocabulary of another size in config.json is told for tokenizer and embedding", async () => {
  const files = tinyModelFiles();
  Object.assign(files.json["config.json"]!, { vocab_size: 1800 });

  expect(await checkModelFolder(await writeModel(files))).toEqual([
    "vocabulary: tokenizer.json has 1771 tokens, timestamps included, config.json: vocab_size 1800",
    "model.safetensors: model.decoder.embed_tokens.weight: expected [1800, 8], got [1771, 8]",
  ]);
});

test("every file of a folder that is missing or damaged is told at once", async () => {
  const folder = await writeModel(tinyModelFiles());
  await rm(join(folder, "config.json"));
  await writeFile(join(folder, "generation_config.json"), "{");
  await writeFile(join(folder, "preprocessor_config.json"), "[]");
  await rm(join(folder, "tokenizer.json"));
  await truncate(join(folder, "model.safetensors"), (await readFile(join(folder, "model.safetensors"))).length - 5);

  const error = await openWhisperModel(folder).catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(ModelFolderError);
  expect((error as ModelFolderError).problems).toEqual([
    "config.json: missing",
    expect.stringMatching(/^generation_config.json: no JSON/),
    "preprocessor_config.json: expected a JSON object, got []",
    "tokenizer.json: missing",
    expect.stringMatching(/^model.safetensors: expected \d+ B after its header/),
  ]);
  expect((error as ModelFolderError).message).toContain("5 problem(s)\n  config.json: missing\n");
});

test("an index is held to files beside it, and its arrays to the file that it names", async () => {
  const folder = await writeModel(tinyModelFiles(), { shards: 2 });
  const path = join(folder, "model.safetensors.index.json");
  const index = JSON.parse(await readFile(path, "utf8")) as { weight_map: Record<string, string> };
  const [first] = Object.keys(index.weight_map);
  const wrong = { weight_map: { ...index.weight_map, [first!]: "model-00002-of-00002.safetensors" } };
  await writeFile(path, JSON.stringify(wrong));

  expect(await checkModelFolder(folder)).toEqual([
    "weights: model.encoder.conv1.weight: expected in model-00002-of-00002.safetensors, as the index says, got model-00001-of-00002.safetensors",
  ]);
  await writeFile(path, JSON.stringify({ weight_map: { a: "../../etc/a.safetensors" } }));
  expect(await checkModelFolder(folder)).toEqual([
    'model.safetensors.index.json: weight_map: expected the name of a .safetensors file, got "../../etc/a.safetensors"',
  ]);
});

test("JSON that is nested 200000 deep is told as wrong", async () => {
  const folder = await writeModel(tinyModelFiles());
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  await writeFile(join(folder, "config.json"), `{"model_type":${deep}}`);

  expect(await checkModelFolder(folder)).toEqual([
    'config.json: model_type: expected "whisper", got a value too deep to print: a model of another architecture',
  ]);
});

test("a folder that is not there is told as that", async () => {
  await expect(openWhisperModel("/nowhere/tiny")).rejects.toThrow(
    "model /nowhere/tiny: expected a folder, got nothing",
  );
});
