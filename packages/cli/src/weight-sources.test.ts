import { join } from "node:path";
import { expect, test } from "vitest";
import { testFolder, tinyModel, writeFiles } from "./models/tiny-model.test-support.ts";
import { openEncoderWeights } from "./weight-sources.ts";

test("a Whisper model's folder gives its encoder's weights and heads, and takes no parameters", async () => {
  const cwd = await testFolder();
  await writeFiles(join(cwd, "tiny"), tinyModel());

  const weights = await openEncoderWeights("tiny", {}, cwd);

  expect([weights.heads, weights.layers.length, weights.front.positions.shape]).toEqual([2, 1, [50, 8]]);
  expect(weights.layers[0]?.qkv.weights.shape).toEqual([8, 24]);
  await expect(openEncoderWeights("tiny", { heads: 4 }, cwd)).rejects.toThrow("there is no parameter heads");
});
