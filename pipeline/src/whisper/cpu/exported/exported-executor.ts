import { join } from "node:path";
import { FormatError, tensor } from "@aiekit/core";
import { readJsonFile } from "../../../model/read-json-file.ts";
import { readWhisperConfig } from "../../../model/whisper-config.ts";
import { type WhisperSizes, whisperSizes } from "../../whisper-sizes.ts";
import { type GraphSessions, graphSessions, type SessionOptions } from "../graph-sessions.ts";
import { loadOnnxRuntime } from "../onnx-runtime.ts";
import { type CpuExecutor, type WindowEngine, windowExecutor } from "../window-executor.ts";
import { checkExport } from "./check-export.ts";
import { ExportCache } from "./export-cache.ts";
import { type ExportFiles, exportFiles } from "./export-files.ts";
import { runExportedDecoder } from "./run-exported-decoder.ts";

export interface ExportedOptions extends SessionOptions {
  /** With config.json, and graphs beside it or in `onnx`. */
  readonly folder: string;
  /** As in `encoder_model_quantized.onnx`: "_quantized"; none where left out. */
  readonly suffix?: string;
}

/**
 * Runs a model that optimum or transformers.js exported. Such graphs take whole windows only.
 * @throws FormatError where a file is missing or graphs do not fit config.json, DeviceUnavailableError without onnxruntime.
 */
export async function exportedExecutor(options: ExportedOptions): Promise<CpuExecutor> {
  const sessions = graphSessions(await loadOnnxRuntime(), options);
  const files = await exportFiles(options.folder, options.suffix);
  const sizes = await readSizes(options.folder);
  const [encoder, first, next] = [files.encoder, files.first, files.next].map((path) => sessions.open(path));
  try {
    checkExport({ encoder: await encoder!, first: await first!, next: await next! }, sizes);
  } catch (error) {
    await sessions.close();
    throw error;
  }
  return windowExecutor(sizes, exportedEngine(files, sizes, sessions));
}

async function readSizes(folder: string): Promise<WhisperSizes> {
  const problems: string[] = [];
  const json = await readJsonFile(join(folder, "config.json"), 1_000_000, problems);
  const config = json && readWhisperConfig(json, problems);
  if (config === undefined) throw new FormatError(`onnx export ${folder}: ${problems.join("; ")}`);
  return whisperSizes(config);
}

function exportedEngine(files: ExportFiles, sizes: WhisperSizes, sessions: GraphSessions): WindowEngine {
  const { runtime } = sessions;
  return {
    leastFrames: 2 * sizes.audioPositions,
    async keepsCrossAttention() {
      return (await sessions.open(files.first)).outputNames.includes("cross_attentions.0");
    },
    async encode({ data, shape }) {
      const encoder = await sessions.open(files.encoder);
      const input_features = new runtime.Tensor("float32", data, [1, ...shape]);
      const { last_hidden_state: encoded } = await encoder.run({ input_features }, { last_hidden_state: null });
      return tensor("f32", encoded!.dims.slice(1), encoded!.data as Float32Array<ArrayBuffer>);
    },
    async prepare(encoded) {
      return () => {
        const cache = new ExportCache(runtime);
        const run = runExportedDecoder({ files, sizes, sessions, cache, encoded });
        return { cache, positions: encoded.shape[0]!, run };
      };
    },
    close: () => sessions.close(),
  };
}
