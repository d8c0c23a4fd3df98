import { createHash } from "node:crypto";
import { AbortedError } from "@aiekit/core";
import type { WeightSource } from "../../encoder/encoder-weights.ts";
import type { WhisperModel } from "../../model/whisper-model.ts";
import { type WhisperSizes, whisperSizes } from "../whisper-sizes.ts";
import { emitCross } from "./emit-cross.ts";
import { emitDecoder } from "./emit-decoder.ts";
import { emitEncoder } from "./emit-encoder.ts";
import type { CpuPrecision } from "./emit-layers.ts";
import { cachedFolder } from "./graph-cache.ts";
import { OnnxGraph } from "./onnx/onnx-graph.ts";
import { type WrittenFile, writeOnnxModel } from "./onnx/write-model.ts";

/** What graphs are made of. */
export interface CpuModel {
  readonly sizes: WhisperSizes;
  /** By the names of `WhisperForConditionalGeneration`. */
  readonly source: WeightSource;
  /** Another for other weights: graphs are kept by it. */
  readonly identity: () => Promise<string>;
}

export const graphNames = ["encoder", "cross", "decoder"] as const;
export type GraphName = (typeof graphNames)[number];

export interface EmitOptions {
  readonly cacheFolder: string;
  readonly precision: CpuPrecision;
  readonly signal?: AbortSignal | undefined;
  /** Called while graphs are written, not where they were there. */
  readonly progress?: ((done: { readonly bytes: number; readonly graph: GraphName }) => void) | undefined;
}

/** A part of every key: another number for graphs that differ. */
const emitterVersion = 1;

/** The folder with the graphs of a model: those of the cache, or new ones. */
export async function emittedGraphs(model: CpuModel, options: EmitOptions): Promise<string> {
  const { precision, signal, progress, cacheFolder } = options;
  const parts = JSON.stringify([emitterVersion, precision, model.sizes, await model.identity()]);
  const key = createHash("sha256").update(parts).digest("hex").slice(0, 32);
  return cachedFolder(cacheFolder, key, async (folder) => {
    let files: Record<string, WrittenFile> = {};
    for (const name of graphNames) {
      const graph = new OnnxGraph();
      emitters[name]({ graph, source: model.source, precision }, model.sizes);
      const written = await writeOnnxModel(folder, name, graph, (bytes) => {
        if (signal?.aborted) throw new AbortedError();
        progress?.({ bytes, graph: name });
      });
      files = { ...files, ...written };
    }
    return files;
  });
}

const emitters = { encoder: emitEncoder, cross: emitCross, decoder: emitDecoder };

/** A model of a folder; its identity is the hash of its arrays as they are in the files. */
export function cpuModel({ config, tensors }: Pick<WhisperModel, "config" | "tensors">): CpuModel {
  return {
    sizes: whisperSizes(config),
    source: (name) => tensors.read(name),
    identity: async () => {
      const hash = createHash("sha256");
      for (const name of [...tensors.places.keys()].sort()) {
        const { dtype, shape } = tensors.places.get(name)!;
        hash.update(JSON.stringify([name, dtype, shape])).update(await tensors.readBytes(name));
      }
      return hash.digest("hex");
    },
  };
}
