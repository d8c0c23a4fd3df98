import { describeShape, ShapeError, type Tensor, UsageError } from "@aiekit/core";
import type { Device } from "@aiekit/host";
import type { WeightSource } from "../../encoder/encoder-weights.ts";
import type { EncoderState, WhisperExecutor } from "../executor.ts";
import { readWhisperWeights } from "../reference/reference-weights.ts";
import { checkWhisperSizes, type WhisperSizes } from "../whisper-sizes.ts";
import { AdoptedWindow } from "./adopted-window.ts";
import { decoderArrays } from "./decoder-arrays.ts";
import { DecoderMemory } from "./decoder-memory.ts";
import { checkFrames, type DeviceBuild, decoderBuilds, windowBuilds } from "./device-builds.ts";
import { DeviceDecoder } from "./device-decoder.ts";
import { hopSamples } from "./device-sizes.ts";
import { EncodedWindow } from "./encoded-window.ts";
import { encoderArrays } from "./encoder-arrays.ts";
import { KernelPool } from "./kernel-pool.ts";
import type { DeviceTracer } from "./launch-trace.ts";
import { closeArrays, type DeviceArrays, StepRunner } from "./step-runner.ts";
import { bf16Everywhere, type WeightTypes } from "./weight-types.ts";
import { WindowEncoder } from "./window-encoder.ts";

export interface DeviceExecutorOptions {
  /** The executor does not close it. */
  readonly device: Device;
  readonly sizes: WhisperSizes;
  /** Weights in float32 by the names of `WhisperForConditionalGeneration`. */
  readonly weights: WeightSource;
  /** Builds a kernel where it is stale, when it is first needed; the path of its manifest. */
  readonly build: (name: string, build: DeviceBuild) => Promise<string>;
  readonly weightTypes?: WeightTypes | undefined;
  readonly tracer?: DeviceTracer | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hardware contexts that it may have at once; all that the device has where left out. */
  readonly contexts?: number | undefined;
}

/** An executor that also makes features on its device. */
export interface DeviceExecutor extends WhisperExecutor {
  /** Encodes sound, i16[320 positions] at 16 kHz; features are made and stay on the device. @throws UsageError for other lengths. */
  encodeSpeech(pcm: Tensor<"i16">): Promise<EncoderState>;
  /** As `encode` takes them. */
  melFeatures(pcm: Tensor<"i16">): Promise<Tensor<"f32">>;
}

/** Windows of so many lengths keep their arrays on the device. */
const keptWindows = 4;

/**
 * Runs a model through kernels on a device. The host cuts sound into windows, looks up embeddings, reads logits and samples;
 * everything between is launches whose results stay on the device.
 * @throws UsageError for sizes that the kernels cannot chain; FormatError, ShapeError for weights as `readWhisperWeights`.
 */
export async function deviceExecutor(options: DeviceExecutorOptions): Promise<DeviceExecutor> {
  const { device, sizes, tracer, signal, contexts, build, weightTypes: types = bf16Everywhere } = options;
  checkWhisperSizes(sizes);
  const builds = new Map<string, DeviceBuild>(decoderBuilds(sizes, device.generation));
  const model = await readWhisperWeights(options.weights, sizes);
  const pool = new KernelPool({ device, build, tracer, contexts });
  const runner = new StepRunner({ pool, builds, tracer, signal });
  const memory = new DecoderMemory({ sizes, types, runner, contents: decoderArrays(model, sizes, types) });
  const embeddings = { tokens: model.decoder.tokens, positions: model.decoder.positions };
  const weights: DeviceArrays = new Map();
  const contents = encoderArrays(model, sizes, types);
  const windows = new Map<number, WindowEncoder>();

  const windowOf = (frames: number): WindowEncoder => {
    checkFrames(sizes, frames);
    const known = windows.get(frames);
    if (known === undefined) {
      for (const [name, made] of windowBuilds(sizes, frames, { generation: device.generation, weightTypes: types }))
        builds.set(name, made);
    }
    const window = known ?? new WindowEncoder({ sizes, types, frames, runner, contents, weights });
    windows.delete(frames);
    windows.set(frames, window);
    if (windows.size > keptWindows) {
      const [oldest] = windows.keys();
      windows.get(oldest!)!.close();
      windows.delete(oldest!);
    }
    return window;
  };
  const adopted = new AdoptedWindow((encoded) => windowOf(2 * encoded.shape[0]!).adopt(encoded));
  const windowOfSpeech = (pcm: Tensor<"i16">) => windowOf(pcm.data.length / hopSamples);

  return {
    name: "device",
    config: sizes,
    async encode(features) {
      const [mels, frames = 0] = features.shape;
      if (features.shape.length !== 2 || mels !== sizes.mels) {
        const got = describeShape(features.dtype, features.shape);
        throw new ShapeError(`encoder: features: expected f32[${sizes.mels}, frames], got ${got}`);
      }
      return windowOf(frames).encode(features);
    },
    encodeSpeech: (pcm) => windowOfSpeech(pcm).encodeSpeech(pcm),
    melFeatures: (pcm) => windowOfSpeech(pcm).features(pcm),
    async decode(state, decoding) {
      const window = state instanceof EncodedWindow ? state : await adopted.of(state);
      if (window.closed) throw new UsageError("decoder: expected an encoder state that is not closed");
      await window.prepare();
      await memory.prepare("token", window.positions);
      return DeviceDecoder.open({ ...decoding, sizes, types, runner, memory, embeddings, window });
    },
    async close() {
      await pool.close();
      await adopted.close();
      for (const window of windows.values()) window.close();
      windows.clear();
      memory.close();
      closeArrays(weights);
    },
  };
}
