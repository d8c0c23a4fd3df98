import { chooseBucket } from "../buckets/window-buckets.ts";
import { decodeWindow, type WindowOptions } from "../decoding/decode-window.ts";
import { decodeWithFallback, type FallbackResult, type FallbackThresholds } from "../decoding/temperature-fallback.ts";
import type { EncoderState, WhisperExecutor } from "../executor.ts";

/** What holds for every window of a recording, however it is cut. */
export interface WindowDecoding {
  /** How a window is decoded; at a temperature above 0 beam search gives way to sampling. */
  readonly window: Omit<WindowOptions, "timestamps" | "previous"> & { readonly timestamps?: boolean };
  readonly temperatures: readonly number[];
  readonly thresholds: FallbackThresholds;
  /** Sequences sampled at a temperature above 0. */
  readonly bestOf?: number;
  readonly seed?: number;
  readonly text: (tokens: readonly number[]) => string;
  /** Positions of the windows that there are: the smallest that holds what is left is taken. The model's alone where left out. */
  readonly buckets?: readonly number[];
}

/** Decodes an encoded window at one temperature after another until it is good enough. `previous`: tokens it is told of. */
export function decodeEncoded(
  executor: WhisperExecutor,
  state: EncoderState,
  previous: readonly number[],
  options: WindowDecoding,
): Promise<FallbackResult> {
  const { window, bestOf, seed, text } = options;
  const decode = (temperature: number) => {
    const sampled = { temperature, bestOf: bestOf ?? 1, seed: seed ?? 0 };
    const limits = "beams" in window.search ? {} : window.search;
    const search = temperature > 0 ? { ...limits, ...sampled } : window.search;
    return decodeWindow(executor, state, { timestamps: true, ...window, previous, search });
  };
  return decodeWithFallback(decode, text, options);
}

/** Frames of the window that is encoded where a recording has `held` frames left. */
export function windowLength(held: number, fullFrames: number, { buckets }: Pick<WindowDecoding, "buckets">): number {
  if (buckets === undefined || held >= fullFrames) return fullFrames;
  return 2 * chooseBucket(buckets, Math.max(1, held));
}
