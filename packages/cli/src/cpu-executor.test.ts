import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuExecutor, loadOnnxRuntime } from "@aiekit/pipeline";
import { afterAll } from "vitest";
import { executorSuite } from "./executor-suite.test-support.ts";
import { noiseSizes, noiseWeights } from "./noise-whisper.test-support.ts";

const cacheFolder = await mkdtemp(join(tmpdir(), "aiekit-graphs-"));
afterAll(() => rm(cacheFolder, { recursive: true }));

/**
 * binary32 on both sides, sums in another order: a result of 128 products differs by sqrt(128) 2^-24 = 7e-7 of its size where
 * roundings are as often up as down. About 40 lie one behind another, if none grew sqrt(40) 7e-7 = 4e-6; twice that is room
 * for what a layer makes larger.
 */
const error = 1e-5;

executorSuite({
  name: "cpu",
  open: () =>
    cpuExecutor({
      model: { sizes: noiseSizes, source: noiseWeights(noiseSizes), identity: async () => "noise" },
      ...{ threads: 1, cacheFolder },
    }),
  ...{ encoderError: error, decoderError: error, timeoutMs: 60_000 },
  skipReason: await loadOnnxRuntime().then(
    () => undefined,
    (failure: Error) => failure.message,
  ),
});
