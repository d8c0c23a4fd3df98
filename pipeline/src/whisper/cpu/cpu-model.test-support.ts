import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { WeightSource } from "../../encoder/encoder-weights.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { type CpuOptions, cpuExecutor } from "./cpu-executor.ts";
import { loadOnnxRuntime } from "./onnx-runtime.ts";
import type { CpuExecutor } from "./window-executor.ts";

/** Why tests that run graphs are skipped. */
export const noOnnxRuntime: string | undefined = await loadOnnxRuntime().then(
  () => undefined,
  (error: Error) => error.message,
);

/** A folder that goes with the test. */
export async function testCacheFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "aiekit-graphs-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An executor over arrays, with a cache of its own. */
export async function testCpuExecutor(
  sizes: WhisperSizes,
  source: WeightSource,
  options: Partial<CpuOptions> = {},
): Promise<CpuExecutor> {
  const cacheFolder = options.cacheFolder ?? (await testCacheFolder());
  const model = { sizes, source, identity: async () => "of a test" };
  return cpuExecutor({ model, threads: 1, ...options, cacheFolder });
}
