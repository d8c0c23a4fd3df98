import { type Tensor, UsageError } from "@aiekit/core";
import type { WhisperExecutor } from "../../whisper/executor.ts";

export interface Placed {
  readonly encoder: WhisperExecutor;
  readonly decoder: WhisperExecutor;
}

/**
 * Encodes on one executor and decodes on another, which gets the encoded window as f32[positions, width]. `close` closes both.
 * @throws UsageError for executors of different models.
 */
export function placedExecutor({ encoder, decoder }: Placed): WhisperExecutor {
  if (encoder === decoder) return encoder;
  for (const [size, expected] of Object.entries(encoder.config)) {
    const got = decoder.config[size as keyof typeof decoder.config];
    if (got !== expected) {
      throw new UsageError(`placement: ${size}: expected ${expected} as the encoder's model has, got ${got}`);
    }
  }
  return {
    name: `${encoder.name} + ${decoder.name}`,
    config: encoder.config,
    ...(encoder.melFeatures === undefined ? {} : { melFeatures: (pcm: Tensor<"i16">) => encoder.melFeatures!(pcm) }),
    encode: (features) => encoder.encode(features),
    decode: (state, options) => decoder.decode(state, options),
    close: async () => {
      await encoder.close();
      await decoder.close();
    },
  };
}
