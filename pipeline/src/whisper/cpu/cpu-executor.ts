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

interface Opened {
  readonly runtime: OnnxRuntime;
  readonly threads: number | undefined;
  readonly signal: AbortSignal | undefined;
}

function graphExecutor({ sizes }: CpuModel, folder: string, { runtime, threads, signal }: Opened): CpuExecutor {
  const windows = new WeakMap<EncoderState, () => Promise<WindowTensors>>();
  const sessions = new Map<GraphName, Promise<OrtSession>>();
  let closed = false;
  const open = async (name: GraphName): Promise<OrtSession> => {
    if (closed) throw new UsageError("cpu: the executor is closed");
    if (signal?.aborted) throw new AbortedError();
    const path = join(folder, `${name}.onnx`);
    const session = sessions.get(name) ?? runtime.InferenceSession.create(path, sessionOptions(threads));
    sessions.set(name, session);
    return session;
  };
  const adopt = ({ data, shape }: Tensor<"f32">): EncoderState => {
    const [positions = 0, width] = shape;
    if (shape.length !== 2 || width !== sizes.width || positions < 1 || positions > sizes.audioPositions) {
      const expected = `f32[1 to ${sizes.audioPositions}, ${sizes.width}]`;
      throw new ShapeError(`encoder: encoded: expected ${expected}, got ${describeShape("f32", shape)}`);
    }
    let window: Promise<WindowTensors> | undefined;
    const state: EncoderState = {
      positions,
      output: async () => {
        if (!windows.has(state)) throw new UsageError("decoder: expected an encoder state that is not closed");
        return tensor("f32", shape, Float32Array.from(data));
      },
      close: async () => void windows.delete(state),
    };
    windows.set(state, () => {
      window ??= open("cross").then((cross) => {
        const fetches = Object.fromEntries(cross.outputNames.map((name) => [name, null]));
        return cross.run({ encoded: new runtime.Tensor("float32", data, shape) }, fetches);
      });
      return window;
    });
    return state;
  };
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
    async decode(state, options) {
      const window = windows.get(state) ?? windows.get(adopt(await state.output()))!;
      const tensors = await window();
      const cache = new KeyValueCache({
        layers: sizes.decoderLayers,
        heads: sizes.decoderHeads,
        columns: cachedColumns(sizes),
        limit: sizes.textPositions,
      });
      const run: ConstructorParameters<typeof CpuDecoder>[1]["run"] = async (feed) =>
        runDecoderGraph(runtime, await open("decoder"), sizes, { ...feed, window: tensors });
      return new CpuDecoder(sizes, { run, cache, positions: state.positions }, options);
    },
    async close() {
      closed = true;
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
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
