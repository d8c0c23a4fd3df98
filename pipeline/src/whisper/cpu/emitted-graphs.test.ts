import { copyFile, cp, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AbortedError, tensor, UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { testFolder } from "../../model/model-folder.test-support.ts";
import { openWhisperModel } from "../../model/whisper-model.ts";
import { openAi } from "../decoding/openai-fixture.test-support.ts";
import { maxAbsErr } from "../executor-contract.test-support.ts";
import { seededArray, seededWeights } from "../seeded-model.test-support.ts";
import { cpuExecutor } from "./cpu-executor.ts";
import { noOnnxRuntime, testCacheFolder, testCpuExecutor } from "./cpu-model.test-support.ts";
import { type CpuModel, emittedGraphs, graphNames } from "./emitted-graphs.ts";
import { loadOnnxRuntime } from "./onnx-runtime.ts";

const { sizes } = openAi;
const model = (identity: string): CpuModel => ({ sizes, source: seededWeights(sizes), identity: async () => identity });

/** The folder of the graphs, and whether they were written. */
async function emitted(cacheFolder: string, identity = "one", precision: "f32" | "int8" = "f32") {
  let wrote = false;
  const progress = () => {
    wrote = true;
  };
  const folder = await emittedGraphs(model(identity), { cacheFolder, precision, progress });
  return { folder, wrote };
}

test("graphs are written once for weights and precision, and are the same bytes each time", async () => {
  const [cacheFolder, other] = [await testCacheFolder(), await testCacheFolder()];

  const first = await emitted(cacheFolder);
  const again = await emitted(cacheFolder);
  const others = [await emitted(cacheFolder, "two"), await emitted(cacheFolder, "one", "int8")];
  const elsewhere = await emitted(other);

  expect([first.wrote, again.wrote]).toEqual([true, false]);
  expect(again.folder).toBe(first.folder);
  expect(others.every(({ wrote }) => wrote)).toBe(true);
  expect((await readdir(cacheFolder)).length).toBe(3);
  expect((await readdir(first.folder)).sort()).toEqual(
    ["files.json", ...graphNames.flatMap((name) => [`${name}.bin`, `${name}.onnx`])].sort(),
  );
  expect(await readFile(join(elsewhere.folder, "files.json"))).toEqual(
    await readFile(join(first.folder, "files.json")),
  );
});

test("a graph that was damaged, cut or lost is seen and made anew", async () => {
  const cacheFolder = await testCacheFolder();
  const { folder } = await emitted(cacheFolder);
  const sound = await readFile(join(folder, "decoder.bin"));
  const damages = {
    "one bit": async () => {
      const bytes = Buffer.from(sound);
      bytes[1000]! ^= 1;
      await writeFile(join(folder, "decoder.bin"), bytes);
    },
    cut: () => truncate(join(folder, "encoder.onnx"), 100),
    "a list that is cut": () => truncate(join(folder, "files.json"), 30),
    "a list of something else": () => writeFile(join(folder, "files.json"), "[1]"),
    "an empty list": () => writeFile(join(folder, "files.json"), "{}"),
  };
  for (const [damage, make] of Object.entries(damages)) {
    await make();

    const again = await emitted(cacheFolder);

    expect(again, damage).toEqual({ folder, wrote: true });
    expect(await readFile(join(folder, "decoder.bin")), damage).toEqual(sound);
    expect((await readdir(cacheFolder)).length, damage).toBe(1);
  }
});

test("weights that are missing and a stop leave nothing in the cache", async () => {
  const cacheFolder = await testCacheFolder();
  const broken: CpuModel = { ...model("x"), source: async () => undefined };

  await expect(emittedGraphs(broken, { cacheFolder, precision: "f32" })).rejects.toThrow(
    "weights: model.encoder.conv1.weight is missing",
  );
  const signal = AbortSignal.abort();
  await expect(emittedGraphs(model("x"), { cacheFolder, precision: "f32", signal })).rejects.toThrow(AbortedError);

  expect(await readdir(cacheFolder)).toEqual([]);
});

test("cpu: a folder that transformers saved gives PyTorch's encoder states and logits", async ({ skip }) => {
  if (noOnnxRuntime !== undefined) skip(noOnnxRuntime);
  const fixtures = fileURLToPath(new URL("../../../fixtures", import.meta.url));
  const folder = join(await testFolder(), "model");
  await cp(join(fixtures, "tiny-model"), folder, { recursive: true });
  await copyFile(join(fixtures, "tokenizer/tokenizer.json"), join(folder, "tokenizer.json"));
  const { run } = JSON.parse(await readFile(join(folder, "expected.json"), "utf8"));
  const whisper = await openWhisperModel(folder);
  const features = new Float32Array(4 * 100).map((_, i) => Math.sin(Math.floor(i / 100) + (i % 100) / 7));

  const executor = await cpuExecutor({ model: whisper, cacheFolder: await testCacheFolder(), threads: 1 });
  await whisper.close();
  const state = await executor.encode(tensor("f32", [4, 100], features));
  const { data } = await state.output();
  const logits = await (await executor.decode(state)).prefill(run.tokens);

  // Every seventh position, and every 97th logit. Values of some tens at most in float32: 2^-24 of them, some 20 times.
  const rows = data.filter((_, i) => Math.floor(i / executor.config.width) % 7 === 0);
  expect(maxAbsErr(rows, run.encoder)).toBeLessThan(4e-5);
  expect(
    maxAbsErr(
      logits.data.filter((_, i) => i % 97 === 0),
      run.logits,
    ),
  ).toBeLessThan(4e-5);
  await executor.close();
});

test("cpu: a state over what another encoded decodes as its own does", async ({ skip }) => {
  if (noOnnxRuntime !== undefined) skip(noOnnxRuntime);
  const executor = await testCpuExecutor(sizes, seededWeights(sizes));
  const own = await executor.encode(seededArray("features", [sizes.mels, 60], 4));

  const adopted = executor.adopt(await own.output());
  const [a, b] = [await executor.decode(own), await executor.decode(adopted)];

  expect(adopted.positions).toBe(30);
  expect(maxAbsErr((await a.prefill([1, 2])).data, (await b.prefill([1, 2])).data)).toBe(0);
  expect(() => executor.adopt(tensor("f32", [51, 16]))).toThrow(
    "encoder: encoded: expected f32[1 to 50, 16], got f32[51, 16]",
  );
  await executor.close();
  await expect(a.step([1])).rejects.toThrow(new UsageError("cpu: the executor is closed"));
});

test("cpu: a stop is seen before the next run", async ({ skip }) => {
  if (noOnnxRuntime !== undefined) skip(noOnnxRuntime);
  const stop = new AbortController();
  const executor = await testCpuExecutor(sizes, seededWeights(sizes), { signal: stop.signal });
  const state = await executor.encode(seededArray("features", [sizes.mels, 60], 4));

  stop.abort();

  await expect(executor.encode(seededArray("features", [sizes.mels, 60], 4))).rejects.toThrow(AbortedError);
  await expect(executor.decode(state)).rejects.toThrow(AbortedError);
  await executor.close();
});

test("cpu: without onnxruntime the error has the command that installs it", async () => {
  await expect(loadOnnxRuntime("onnxruntime-that-is-not-there")).rejects.toMatchObject({
    code: "device-unavailable",
    message: expect.stringContaining("cpu: onnxruntime-node cannot be loaded: "),
    hint: expect.stringContaining("npm install --ignore-scripts onnxruntime-node@1.30.0"),
  });
});
