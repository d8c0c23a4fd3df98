import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { FormatError, ShapeError, tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { testFolder } from "../../../model/model-folder.test-support.ts";
import { decodeWindow } from "../../decoding/decode-window.ts";
import { openAi, openAiDefaults, openAiExecutor, openAiFeatures } from "../../decoding/openai-fixture.test-support.ts";
import { maxAbsErr } from "../../executor-contract.test-support.ts";
import { noOnnxRuntime } from "../cpu-model.test-support.ts";
import { exportedExecutor } from "./exported-executor.ts";

const { sizes } = openAi;
const fixture = fileURLToPath(new URL("../../../../fixtures/whisper/onnx-export", import.meta.url));
const merged = ["encoder_model", "decoder_model_merged"];
const pair = ["encoder_model", "decoder_model", "decoder_with_past_model"];

/** The export of make_onnx_export_fixture.py with some of its graphs. */
async function exportFolder(graphs: readonly string[], { inside = "onnx", suffix = "" } = {}): Promise<string> {
  const folder = join(await testFolder(), "export");
  await mkdir(join(folder, inside), { recursive: true });
  await copyFile(join(fixture, "config.json"), join(folder, "config.json"));
  for (const graph of graphs) {
    const bytes = gunzipSync(await readFile(join(fixture, "onnx", `${graph}.onnx.gz`)));
    await writeFile(join(folder, inside, `${graph}${suffix}.onnx`), bytes);
  }
  return folder;
}

for (const [layout, graphs, options] of [
  ["one decoder, in onnx/", merged, {}],
  ["two decoders, beside config.json, quantised", pair, { inside: ".", suffix: "_quantized" }],
] as const) {
  test(`onnx export: ${layout}: numbers are the reference's`, async ({ skip }) => {
    if (noOnnxRuntime !== undefined) skip(noOnnxRuntime);
    const folder = await exportFolder(graphs, options);
    const [executor, reference] = [await exportedExecutor({ folder, threads: 1, ...options }), await openAiExecutor()];
    const features = openAiFeatures("clip 0", 100);
    const [state, expected] = [await executor.encode(features), await reference.encode(features)];
    const [session, exact] = [await executor.decode(state), await reference.decode(expected)];
    const same = async (a: Promise<{ data: Float32Array }>, b: Promise<{ data: Float32Array }>) =>
      // PyTorch's operators in float32: 20 roundings of values up to 30.
      expect(maxAbsErr((await a).data, (await b).data)).toBeLessThan(4e-5);

    await same(state.output(), expected.output());
    await same(session.prefill([3, 5, 7], [0, 2]), exact.prefill([3, 5, 7], [0, 2]));
    for (const sources of [[0], [0, 0, 0], [2, 1, 1], [1, 0]]) {
      await session.reorder(sources);
      await exact.reorder(sources);
      const tokens = sources.map((_, row) => 10 + 3 * row);
      await same(session.step(tokens), exact.step(tokens));
    }
    expect([session.rows, session.length]).toEqual([2, 7]);
    await executor.close();
  });
}

test("onnx export: greedy and beam 5, 60 clips have the tokens of openai-whisper", async ({ skip }) => {
  if (noOnnxRuntime !== undefined) skip(noOnnxRuntime);
  const executor = await exportedExecutor({ folder: await exportFolder(merged), threads: 1 });
  for (const [mode, search] of [
    ["greedy", { temperature: 0 }],
    ["beam5", { beams: 5 }],
  ] as const) {
    for (const [clip, { tokens }] of openAi.decoded[mode]!.entries()) {
      const state = await executor.encode(openAiFeatures(`clip ${clip}`, 100));
      expect((await decodeWindow(executor, state, { ...openAiDefaults, search })).tokens, `${clip}`).toEqual(tokens);
    }
  }
  await executor.close();
});

test("onnx export: what is missing or does not fit is refused by name", async ({ skip }) => {
  if (noOnnxRuntime !== undefined) skip(noOnnxRuntime);
  const folder = await exportFolder(merged);
  const executor = await exportedExecutor({ folder, threads: 1 });

  await expect(executor.encode(tensor("f32", [sizes.mels, 60]))).rejects.toThrow(
    new ShapeError("encoder: features: expected f32[8, 100], got f32[8, 60]"),
  );
  const state = await executor.encode(openAiFeatures("clip 0", 100));
  await expect(executor.decode(state, { keepCrossAttention: true })).rejects.toThrow(
    /no outputs cross_attentions.LAYER/,
  );
  await expect(exportedExecutor({ folder, suffix: "_quantized" })).rejects.toThrow(/encoder_model_quantized.onnx/);
  await rm(join(folder, "onnx/decoder_model_merged.onnx"));
  await expect(exportedExecutor({ folder })).rejects.toThrow(/decoder_model_merged.onnx, or .*decoder_model.onnx with/);
  const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  const other = await exportFolder(merged);
  await writeFile(join(other, "config.json"), JSON.stringify({ ...config, vocab_size: 99 }));
  await expect(exportedExecutor({ folder: other })).rejects.toThrow(
    new FormatError(
      "onnx export: decoder output logits: expected [n, n, 99], got [batch_size, decoder_sequence_length, 122]",
    ),
  );
  await writeFile(join(other, "config.json"), JSON.stringify({ ...config, decoder_layers: 1 }));
  await expect(exportedExecutor({ folder: other })).rejects.toThrow(/past_key_values.1.decoder.key: expected 1 layers/);
});
