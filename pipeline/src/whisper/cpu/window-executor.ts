import { describeShape, ShapeError, type Tensor, tensor, UsageError } from "@aiekit/core";
import type { EncoderState, WhisperExecutor } from "../executor.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { CpuDecoder, type DecoderWindow } from "./cpu-decoder.ts";

export interface CpuExecutor extends WhisperExecutor {
  /** A state of this executor over what another encoded, f32[positions, width]. */
  adopt(encoded: Tensor<"f32">): EncoderState;
}

/** What runs the graphs of a model. */
export interface WindowEngine {
  /** The fewest frames that it encodes. */
  readonly leastFrames: number;
  /** f32[mels, frames] to f32[positions, width]. */
  encode(features: Tensor<"f32">): Promise<Tensor<"f32">>;
  /** What decoders need of a window; called once a window, and gives one decoder a call. */
  prepare(encoded: Tensor<"f32">): Promise<() => DecoderWindow>;
  /** Cross-attention weights can be kept. */
  keepsCrossAttention(): Promise<boolean>;
  close(): Promise<void>;
}

/** An executor over an engine: checks what comes in, and keeps windows. */
export function windowExecutor(sizes: WhisperSizes, engine: WindowEngine): CpuExecutor {
  const windows = new WeakMap<EncoderState, () => ReturnType<WindowEngine["prepare"]>>();
  const most = 2 * sizes.audioPositions;
  const adopt = (encoded: Tensor<"f32">): EncoderState => {
    const [positions = 0, width] = encoded.shape;
    if (encoded.shape.length !== 2 || width !== sizes.width || positions < 1 || positions > sizes.audioPositions) {
      const expected = `f32[1 to ${sizes.audioPositions}, ${sizes.width}]`;
      throw new ShapeError(`encoder: encoded: expected ${expected}, got ${describeShape("f32", encoded.shape)}`);
    }
    let prepared: ReturnType<WindowEngine["prepare"]> | undefined;
    const state: EncoderState = {
      positions,
      output: async () => {
        if (!windows.has(state)) throw new UsageError("decoder: expected an encoder state that is not closed");
        return tensor("f32", encoded.shape, Float32Array.from(encoded.data));
      },
      close: async () => void windows.delete(state),
    };
    windows.set(state, () => {
      prepared ??= engine.prepare(encoded);
      return prepared;
    });
    return state;
  };
  return {
    name: "cpu",
    config: sizes,
    adopt,
    async encode(features) {
      const [mels, frames = 0] = features.shape;
      const least = engine.leastFrames;
      if (features.shape.length !== 2 || mels !== sizes.mels || frames < least || frames > most) {
        const range = least === most ? most : `${least} to ${most}`;
        const got = describeShape(features.dtype, features.shape);
        throw new ShapeError(`encoder: features: expected f32[${sizes.mels}, ${range}], got ${got}`);
      }
      return adopt(await engine.encode(features));
    },
    async decode(state, options = {}) {
      const prepare = windows.get(state) ?? windows.get(adopt(await state.output()))!;
      if (options.keepCrossAttention && !(await engine.keepsCrossAttention())) {
        throw new UsageError(
          "cpu: the exported decoder has no outputs cross_attentions.LAYER: nothing to align words by",
          {
            hint: "export it with output_attentions, or use model.safetensors",
          },
        );
      }
      return new CpuDecoder(sizes, (await prepare())(), options);
    },
    close: () => engine.close(),
  };
}
