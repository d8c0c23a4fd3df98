import { join } from "node:path";
import { AiekitError, UsageError } from "@aiekit/core";
import { cpuExecutor, cpuPrecisions, loadOnnxRuntime } from "@aiekit/pipeline";
import type { ExecutorSource } from "./whisper-executors.ts";

/** onnxruntime, on graphs that are made of the model's weights once and kept in the cache folder. */
export const cpuSource: ExecutorSource = {
  async availability() {
    try {
      await loadOnnxRuntime();
      return { available: true };
    } catch (error) {
      if (!(error instanceof AiekitError)) throw error;
      return { available: false, reason: error.message.replace(/^cpu: /, ""), hint: error.hint };
    }
  },
  async open({ context, model, threads, precision = "f32" }) {
    const known = cpuPrecisions.find((name) => name === precision);
    if (known === undefined) throw new UsageError(`--precision ${precision}: cpu has ${cpuPrecisions.join(" and ")}`);
    const task = context.progress.start("graphs for onnxruntime");
    try {
      return await cpuExecutor({
        model,
        cacheFolder: await graphsFolder(context.environment.variables),
        precision: known,
        signal: context.signal,
        progress: ({ bytes, graph }) => task.update(`${graph}: ${(bytes / 1e6).toFixed(0)} MB`),
        ...(threads === undefined ? {} : { threads }),
      });
    } finally {
      task.done();
    }
  },
};

async function graphsFolder(variables: Readonly<Record<string, string | undefined>>): Promise<string> {
  const { cacheFolder } = await import("@aiekit/tools");
  const cache = cacheFolder(variables);
  if (cache !== undefined) return join(cache, "aiekit", "graphs");
  throw new UsageError("cpu: no folder for graphs: HOME is not set", { hint: "--device reference needs none" });
}
