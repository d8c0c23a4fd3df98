import { copyFile, cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readEncoderWeights } from "../encoder/encoder-weights.ts";
import { encoderWeightSource } from "./encoder-weight-source.ts";
import { testFolder } from "./model-folder.test-support.ts";
import { openWhisperModel } from "./whisper-model.ts";

const fixtures = fileURLToPath(new URL("../../fixtures", import.meta.url));

/** Written with the model by transformers 4.56.2; make_fixture.py beside it. */
interface Expected {
  readonly sums: Readonly<Record<string, readonly [sum: number, sumOfMagnitudes: number]>>;
  readonly projections: Readonly<Record<"q_proj" | "k_proj" | "v_proj", readonly number[]>>;
}

async function transformersModel() {
  const folder = join(await testFolder(), "model");
  await cp(join(fixtures, "tiny-model"), folder, { recursive: true });
  await copyFile(join(fixtures, "tokenizer/tokenizer.json"), join(folder, "tokenizer.json"));
  const expected = JSON.parse(await readFile(join(folder, "expected.json"), "utf8")) as Expected;
  return { model: await openWhisperModel(folder), expected };
}

test("a folder that transformers saved, float16 in two shards, opens; every array has the sums that PyTorch finds", async () => {
  const { model, expected } = await transformersModel();

  expect(new Set([...model.tensors.places.values()].map(({ file }) => file)).size).toBe(2);
  expect([...model.tensors.places.keys()].sort()).toEqual(Object.keys(expected.sums).sort());
  for (const [name, sums] of Object.entries(expected.sums)) {
    const { data } = await model.tensors.read(name);
    const found = [0, 0];
    for (const value of data) {
      found[0]! += value;
      found[1]! += Math.abs(value);
    }
    // Halves are exact in float64, and so are sums of 2^15 of them; only the last bits of the text may differ.
    for (const [i, sum] of sums.entries()) expect(found[i], name).toBeCloseTo(sum, 9);
  }
  await model.close();
});

test("queries, keys and values by the encoder's source are those of the saved model's projections", async () => {
  const { model, expected } = await transformersModel();
  const { layers } = await readEncoderWeights(encoderWeightSource(model.tensors), model.config.encoder.heads);
  const { weights, bias } = layers[0]!.qkv;
  const { q_proj, k_proj, v_proj } = expected.projections;

  for (const [output, value] of [...q_proj, ...k_proj, ...v_proj].entries()) {
    let sum = bias.data[output]!;
    for (let input = 0; input < 8; input++) sum += (input / 8) * weights.data[input * 24 + output]!;
    expect(sum, `output ${output}`).toBeCloseTo(value, 9);
  }
  await model.close();
});

test("rules and features of transformers are read as it wrote them", async () => {
  const { model } = await transformersModel();

  expect(model.generation).toMatchObject({
    ...{ isMultilingual: true, suppressTokens: [1, 2], beginSuppressTokens: [220, 520], alignmentHeads: [[0, 1]] },
    ...{ noTimestampsToken: 537, maxInitialTimestamp: 50 },
  });
  expect(model.generation.languageTokens?.get("<|haw|>")).toBe(530);
  expect(model.features).toMatchObject({ mels: 4, windowSeconds: 1, windowFrames: 100 });
  await model.close();
});
