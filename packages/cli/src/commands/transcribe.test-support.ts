import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadOnnxRuntime } from "@aiekit/pipeline";
import { tinyModel, writeFiles } from "../models/tiny-model.test-support.ts";
import { runInProcess } from "../run-cli.test-support.ts";
import { syntheticWav } from "../synthetic-wav.ts";

/** A folder with a model and two recordings, and `aiekit transcribe` in it. */
interface TranscribeFolder {
  readonly folder: string;
  readonly transcribe: (argv: readonly string[], options?: object) => ReturnType<typeof runInProcess>;
  readonly remove: () => Promise<void>;
}

// One attempt a window: the text of random weights is doubtful at every temperature.
export const model = ["--model", "model", "--temperature", "0", "--language", "en", "--device", "reference"];

export async function transcribeFolder(): Promise<TranscribeFolder> {
  const folder = await mkdtemp(join(tmpdir(), "aiekit-transcribe-"));
  await writeFiles(join(folder, "model"), tinyModel());
  await writeFile(join(folder, "a.wav"), syntheticWav(1.5, 3));
  await writeFile(join(folder, "b.wav"), syntheticWav(0.8, 4));
  const variables = { AIEKIT_MODELS: folder, XDG_CACHE_HOME: join(folder, "cache") };
  const environment = { color: false, ci: true, clang: undefined, xrtAddon: "/nowhere/aiekit_xrt.node", variables };
  return {
    folder,
    transcribe: (argv, options = {}) => runInProcess(["transcribe", ...argv], { cwd: folder, environment, ...options }),
    remove: () => rm(folder, { recursive: true }),
  };
}

export const lines = (text: string) => text.trimEnd().split("\n");

/** Why tests of cpu are skipped; undefined where onnxruntime, which is optional, is installed. */
export const noOnnxRuntime: string | undefined = await loadOnnxRuntime().then(
  () => undefined,
  (error: Error) => error.message,
);
