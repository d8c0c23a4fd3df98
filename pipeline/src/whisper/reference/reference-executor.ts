import { describeShape, ShapeError, type Tensor, tensor, UsageError } from "@aiekit/core";
import type { WeightSource } from "../../encoder/encoder-weights.ts";
import type { EncoderState, WhisperExecutor } from "../executor.ts";
import { checkWhisperSizes, type WhisperSizes } from "../whisper-sizes.ts";
import { ReferenceDecoder } from "./reference-decoder.ts";
import { referenceEncoder } from "./reference-encoder.ts";
import { readWhisperWeights } from "./reference-weights.ts";
import type { Rows } from "./rows.ts";

/** The executor that defines meaning: float32 weights, float64 between them, no approximation, on the CPU and slow. */
export async function referenceExecutor(config: WhisperSizes, source: WeightSource): Promise<WhisperExecutor> {
  checkWhisperSizes(config);
  const weights = await readWhisperWeights(source, config);
  const states = new WeakMap<EncoderState, Rows>();
  return {
    name: "reference",
    config,
    async encode(features) {
      const [mels, frames = 0] = features.shape;
      const most = 2 * config.audioPositions;
      if (features.shape.length !== 2 || mels !== config.mels || frames < 1 || frames > most) {
        const got = describeShape(features.dtype, features.shape);
        throw new ShapeError(`encoder: features: expected f32[${config.mels}, 1 to ${most}], got ${got}`);
      }
      const encoded = referenceEncoder(features, weights, config);
      const state: EncoderState = {
        positions: encoded.count,
        output: async () => {
          if (!states.has(state)) throw closed();
          return tensor("f32", [encoded.count, encoded.width], Float32Array.from(encoded.data));
        },
        close: async () => void states.delete(state),
      };
      states.set(state, encoded);
      return state;
    },
    async decode(state, options) {
      const encoded = states.get(state) ?? rowsOf(await state.output(), config);
      return new ReferenceDecoder(weights, config, encoded, options);
    },
    async close() {},
  };
}

/** An encoded window of another executor. */
function rowsOf({ dtype, shape, data }: Tensor<"f32">, { width, audioPositions }: WhisperSizes): Rows {
  const [count = 0, columns] = shape;
  if (shape.length === 2 && columns === width && count >= 1 && count <= audioPositions) {
    return { count, width, data: Float64Array.from(data) };
  }
  const got = describeShape(dtype, shape);
  throw new ShapeError(`decoder: encoded window: expected f32[1 to ${audioPositions}, ${width}], got ${got}`);
}

function closed(): UsageError {
  return new UsageError("decoder: expected an encoder state that is not closed");
}
