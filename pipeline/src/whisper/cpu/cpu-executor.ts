import { join } from "node:path";
import { AbortedError, describeShape, ShapeError, type Tensor, tensor, UsageError } from "@aiekit/core";
import type { WhisperModel } from "../../model/whisper-model.ts";
import type { EncoderState, WhisperExecutor } from "../executor.ts";
import { checkWhisperSizes } from "../whisper-sizes.ts";
import { CpuDecoder } from "./cpu-decoder.ts";
import { runDecoderGraph, type WindowTensors } from "./decoder-graph.ts";
import { cachedColumns } from "./emit-decoder.ts";
import type { CpuPrecision } from "./emit-layers.ts";
import { type CpuModel, cpuModel, type EmitOptions, emittedGraphs, type GraphName } from "./emitted-graphs.ts";
import { KeyValueCache } from "./key-value-cache.ts";
import { loadOnnxRuntime, type OnnxRuntime, type OrtSession } from "./onnx-runtime.ts";

export interface CpuOptions {
  readonly model: Pick<WhisperModel, "config" | "tensors"> | CpuModel;
  /** Graphs are kept in it by the content of the weights. */
  readonly cacheFolder: string;
  /** Threads of one product; as many as the machine has cores where left out. */
  readonly threads?: number;
  readonly precision?: CpuPrecision;
  /** Looked at between runs; one run is not stopped. */
  readonly signal?: AbortSignal;
  readonly progress?: EmitOptions["progress"];
}

export interface CpuExecutor extends WhisperExecutor {
  /** A state of this executor over what another encoded, f32[positions, width]. */
  adopt(encoded: Tensor<"f32">): EncoderState;
}

/**
 * Runs a model by onnxruntime, on graphs that are made of its weights once and kept.
 * @throws DeviceUnavailableError where onnxruntime is not installed.
 */
export async function cpuExecutor(options: CpuOptions): Promise<CpuExecutor> {
  const runtime = await loadOnnxRuntime();
  const model = "tensors" in options.model ? cpuModel(options.model) : options.model;
  checkWhisperSizes(model.sizes);
  const { cacheFolder, precision = "f32", signal, progress } = options;
  const folder = await emittedGraphs(model, { cacheFolder, precision, signal, progress });
  return graphExecutor(model, folder, { runtime, threads: options.threads, signal });
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
  return {
    name: "cpu",
    config: sizes,
    adopt,
    async encode(features) {
      const [mels, frames = 0] = features.shape;
      const most = 2 * sizes.audioPositions;
      if (features.shape.length !== 2 || mels !== sizes.mels || frames < 1 || frames > most) {
        const got = describeShape(features.dtype, features.shape);
        throw new ShapeError(`encoder: features: expected f32[${sizes.mels}, 1 to ${most}], got ${got}`);
      }
      const encoder = await open("encoder");
      const input = new runtime.Tensor("float32", features.data, [1, ...features.shape]);
      const { encoded } = await encoder.run({ features: input }, { encoded: null });
      return adopt(tensor("f32", [...encoded!.dims], encoded!.data as Float32Array<ArrayBuffer>));
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
    },
  };
}

function sessionOptions(threads: number | undefined): Readonly<Record<string, unknown>> {
  return {
    executionProviders: ["cpu"],
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    interOpNumThreads: 1,
    // Errors only: what is thrown says what is wrong.
    logSeverityLevel: 3,
    ...(threads !== undefined && { intraOpNumThreads: threads }),
  };
}
