import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AiekitError, UsageError } from "@aiekit/core";
import { cpuExecutor, cpuPrecisions, exportedExecutor, loadOnnxRuntime, type WhisperExecutor } from "@aiekit/pipeline";
import type { ExecutorRequest, ExecutorSource } from "./whisper-executors.ts";

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
  async open(request) {
    if (request.exported !== undefined) return openExport(request, request.exported);
    const { context, model, threads, precision = "f32" } = request;
    const known = cpuPrecisions.find((name) => name === precision);
    if (known === undefined) throw new UsageError(`--precision ${precision}: cpu has ${cpuPrecisions.join(" and ")}`);
    const { folder, isTemporary } = await graphsFolder(context.environment.variables);
    if (isTemporary) context.stderr.write(`cpu: HOME is not set: graphs are made for this run alone, in ${folder}\n`);
    const removeTemporary = async () => (isTemporary ? rm(folder, { recursive: true, force: true }) : undefined);
    const task = context.progress.start("graphs for onnxruntime");
    try {
      const executor = await cpuExecutor({
        model,
        cacheFolder: folder,
        precision: known,
        signal: context.signal,
        progress: ({ bytes, graph }) => task.update(`${graph}: ${(bytes / 1e6).toFixed(0)} MB`),
        ...(threads === undefined ? {} : { threads }),
      });
      const close = () => executor.close().finally(removeTemporary);
      return { ...executor, close };
    } catch (error) {
      await removeTemporary();
      throw error;
    } finally {
      task.done();
    }
  },
};

/** Graphs that others made of the model, which say themselves how exact they are. */
function openExport({ model, threads, precision, context }: ExecutorRequest, suffix: string): Promise<WhisperExecutor> {
  if (precision !== undefined) {
    throw new UsageError(`--precision ${precision}: an export has its own`, {
      hint: "--exported=_quantized takes files of that ending",
    });
  }
  const asked = { folder: model.folder, suffix, signal: context.signal };
  return exportedExecutor({ ...asked, ...(threads === undefined ? {} : { threads }) });
}

/** In the user's cache folder; without one, a folder that nobody else can have put graphs into. */
async function graphsFolder(variables: Readonly<Record<string, string | undefined>>) {
  const { cacheFolder } = await import("@aiekit/tools");
  const cache = cacheFolder(variables);
  if (cache !== undefined) return { folder: join(cache, "aiekit", "graphs"), isTemporary: false };
  return { folder: await mkdtemp(join(tmpdir(), "aiekit-graphs-")), isTemporary: true };
}
