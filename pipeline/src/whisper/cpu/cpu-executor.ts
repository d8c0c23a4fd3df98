import { join } from "node:path";
import { tensor } from "@aiekit/core";
import type { WhisperModel } from "../../model/whisper-model.ts";
import { checkWhisperSizes } from "../whisper-sizes.ts";
import { runDecoderGraph } from "./decoder-graph.ts";
import { cachedColumns } from "./emit-decoder.ts";
import type { CpuPrecision } from "./emit-layers.ts";
import { type CpuModel, cpuModel, type EmitOptions, emittedGraphs, type GraphName } from "./emitted-graphs.ts";
import { type GraphSessions, graphSessions, type SessionOptions } from "./graph-sessions.ts";
import { KeyValueCache } from "./key-value-cache.ts";
import { loadOnnxRuntime } from "./onnx-runtime.ts";
import { type CpuExecutor, type WindowEngine, windowExecutor } from "./window-executor.ts";

export interface CpuOptions extends SessionOptions {
  readonly model: Pick<WhisperModel, "config" | "tensors"> | CpuModel;
  /** Graphs are kept in it by the content of the weights. */
  readonly cacheFolder: string;
  /** Of weights and products; f32 where left out. */
  readonly precision?: CpuPrecision;
  readonly progress?: EmitOptions["progress"];
}

/**
 * Runs a model by onnxruntime, on graphs that are made of its weights once and kept.
 * @throws DeviceUnavailableError where onnxruntime is not installed.
 */
export async function cpuExecutor(options: CpuOptions): Promise<CpuExecutor> {
  const sessions = graphSessions(await loadOnnxRuntime(), options);
  const model = "tensors" in options.model ? cpuModel(options.model) : options.model;
  checkWhisperSizes(model.sizes);
  const { cacheFolder, precision = "f32", signal, progress } = options;
  const folder = await emittedGraphs(model, { cacheFolder, precision, signal, progress });
  return windowExecutor(model.sizes, emittedEngine(model, folder, sessions));
}

function emittedEngine({ sizes }: CpuModel, folder: string, sessions: GraphSessions): WindowEngine {
  const { runtime } = sessions;
  const open = (name: GraphName) => sessions.open(join(folder, `${name}.onnx`));
  return {
    leastFrames: 1,
    keepsCrossAttention: async () => true,
    async encode({ data, shape }) {
      const encoder = await open("encoder");
      const features = new runtime.Tensor("float32", data, [1, ...shape]);
      const { encoded } = await encoder.run({ features }, { encoded: null });
      return tensor("f32", [...encoded!.dims], encoded!.data as Float32Array<ArrayBuffer>);
    },
    async prepare({ data, shape }) {
      const cross = await open("cross");
      const fetches = Object.fromEntries(cross.outputNames.map((name) => [name, null]));
      const window = await cross.run({ encoded: new runtime.Tensor("float32", data, shape) }, fetches);
      return () => {
        const cache = new KeyValueCache({
          layers: sizes.decoderLayers,
          heads: sizes.decoderHeads,
          columns: cachedColumns(sizes),
          limit: sizes.textPositions,
        });
        return {
          cache,
          positions: shape[0]!,
          run: async (feed) => runDecoderGraph(runtime, await open("decoder"), sizes, { ...feed, window, cache }),
        };
      };
    },
    close: () => sessions.close(),
  };
}
