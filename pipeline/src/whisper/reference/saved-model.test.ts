import { copyFile, cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { testFolder } from "../../model/model-folder.test-support.ts";
import { openWhisperModel } from "../../model/whisper-model.ts";
import { whisperSizes } from "../whisper-sizes.ts";
import { referenceExecutor } from "./reference-executor.ts";

const fixtures = fileURLToPath(new URL("../../../fixtures", import.meta.url));

/** Of expected.json, which fixtures/tiny-model/make_fixture.py writes: transformers' own results in float64. */
interface Expected {
  readonly run: {
    readonly tokens: readonly number[];
    /** Every seventh position, all columns. */
    readonly encoder: readonly number[];
    /** Every 97th logit behind the last token. */
    readonly logits: readonly number[];
  };
}

test("a folder that transformers saved runs: encoder and logits are PyTorch's, from the files to the last layer", async () => {
  const folder = join(await testFolder(), "model");
  await cp(join(fixtures, "tiny-model"), folder, { recursive: true });
  await copyFile(join(fixtures, "tokenizer/tokenizer.json"), join(folder, "tokenizer.json"));
  const { run } = JSON.parse(await readFile(join(folder, "expected.json"), "utf8")) as Expected;
  const { config, tensors, close } = await openWhisperModel(folder);
  const features = new Float32Array(4 * 100).map((_, i) => Math.sin(Math.floor(i / 100) + (i % 100) / 7));

  const executor = await referenceExecutor(whisperSizes(config), (name) => tensors.read(name));
  const state = await executor.encode(tensor("f32", [4, 100], features));
  const { data: encoded } = await state.output();
  const session = await executor.decode(state);
  const { data: logits } = await session.prefill(run.tokens);

  // Features and results are float32 here: 2^-24 of magnitudes of some tens at most.
  const rows = Array.from(encoded).filter((_, i) => Math.floor(i / config.width) % 7 === 0);
  expect(greatestDifference(rows, run.encoder)).toBeLessThan(1e-5);
  expect(
    greatestDifference(
      Array.from(logits).filter((_, i) => i % 97 === 0),
      run.logits,
    ),
  ).toBeLessThan(1e-5);
  await session.close();
  await close();
});

function greatestDifference(found: readonly number[], expected: readonly number[]): number {
  expect(found.length).toBe(expected.length);
  return Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)));
}
