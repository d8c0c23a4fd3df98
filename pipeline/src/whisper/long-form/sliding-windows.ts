import { type Tensor, UsageError } from "@aiekit/core";
import { type DecodedWindow, decodeWindow, type WindowOptions } from "../decoding/decode-window.ts";
import {
  decodeWithFallback,
  type FallbackResult,
  type FallbackThresholds,
  isSkipped,
} from "../decoding/temperature-fallback.ts";
import type { EncoderState, WhisperExecutor } from "../executor.ts";
import { windowSegments } from "./window-segments.ts";

/** Log-mel features of a recording. */
export interface MelSource {
  /** Frames of the recording; infinite until its end is known, which it is when the last window was read. */
  readonly frames: number;
  /** f32[mels, frames] from a frame on, padded behind the recording's end. */
  window(from: number, frames: number): Promise<Tensor<"f32">>;
  /** Whether frames are certain to hold no speech: they are not decoded. Never where left out. */
  isSilent?(from: number, frames: number): Promise<boolean>;
}

export interface SlidingOptions {
  /** How a window is decoded; at a temperature above 0 beam search gives way to sampling. */
  readonly window: Omit<WindowOptions, "timestamps" | "previous"> & { readonly timestamps?: boolean };
  readonly temperatures: readonly number[];
  readonly thresholds: FallbackThresholds;
  /** Sequences sampled at a temperature above 0. */
  readonly bestOf?: number;
  readonly seed?: number;
  /** Tokens of a text that the first window is told of. */
  readonly initialPrompt?: readonly number[];
  /** Whether a window is told the text before it. */
  readonly conditionOnPrevious: boolean;
  readonly text: (tokens: readonly number[]) => string;
  readonly frameSeconds: number;
  /** The frame that the first window begins at; 0 where left out. */
  readonly startSeek?: number;
  /** Told of every window when it is done; `decoded` is undefined for one that was silent and not decoded. */
  readonly onWindow?: ((window: WindowDone) => void) | undefined;
}

export interface WindowDone {
  readonly seek: number;
  /** Of the recording in this window, padding left out. */
  readonly frames: number;
  readonly decoded: FallbackResult | undefined;
  /** Taken for silence. */
  readonly skipped: boolean;
}

/** A piece of text in time. */
export interface Segment {
  /** The frame its window began at. */
  readonly seek: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Timestamps among them; none where the segment has no text or no duration. */
  readonly tokens: readonly number[];
  readonly text: string;
  readonly decoded: FallbackResult;
}

/** Above this temperature a text is too doubtful to tell the next window. Source: openai/whisper, transcribe.py. */
const mostTrustedTemperature = 0.5;

/** Goes over a recording window by window, each from where the last timestamp of the one before says. */
export async function* slidingWindows(
  executor: WhisperExecutor,
  mel: MelSource,
  options: SlidingOptions,
): AsyncGenerator<Segment> {
  if (options.temperatures.length === 0) throw new UsageError("decoding: expected at least one temperature");
  const windowFrames = 2 * executor.config.audioPositions;
  let previous: readonly number[] = options.initialPrompt ?? [];
  let seek = options.startSeek ?? 0;
  while (seek < mel.frames) {
    const silent = (await mel.isSilent?.(seek, windowFrames)) ?? false;
    const decoded = silent
      ? undefined
      : await decodedAt(executor, await mel.window(seek, windowFrames), previous, options);
    // A stream tells its length when the window was read.
    const frames = Math.min(windowFrames, mel.frames - seek);
    const skipped = decoded === undefined || isSkipped(decoded, options.thresholds);
    options.onWindow?.({ seek, frames, decoded, skipped });
    if (skipped) {
      seek += frames;
      continue;
    }
    const { segments, advanceFrames } = windowSegments(decoded.tokens, options.window.special.timestampBegin, frames);
    for (const { start, end, tokens } of segments) {
      const segment = segmentOf(decoded, { start, end, tokens }, seek, options);
      previous = [...previous, ...segment.tokens];
      yield segment;
    }
    if (!options.conditionOnPrevious || decoded.temperature > mostTrustedTemperature) previous = [];
    // A pair of <|0.00|> would leave the window where it is for ever.
    seek += advanceFrames > 0 ? advanceFrames : frames;
  }
}

async function decodedAt(
  executor: WhisperExecutor,
  features: Tensor<"f32">,
  previous: readonly number[],
  options: SlidingOptions,
): Promise<FallbackResult> {
  const state = await executor.encode(features);
  try {
    const decode = (temperature: number) => decodeAt(executor, state, temperature, previous, options);
    return await decodeWithFallback(decode, options.text, options);
  } finally {
    await state.close();
  }
}

function decodeAt(
  executor: WhisperExecutor,
  state: EncoderState,
  temperature: number,
  previous: readonly number[],
  { window, bestOf, seed }: SlidingOptions,
): Promise<DecodedWindow> {
  const sampled = { temperature, bestOf: bestOf ?? 1, seed: seed ?? 0 };
  const limits = "beams" in window.search ? {} : window.search;
  const search = temperature > 0 ? { ...limits, ...sampled } : window.search;
  return decodeWindow(executor, state, { timestamps: true, ...window, previous, search });
}

function segmentOf(
  decoded: FallbackResult,
  { start, end, tokens }: { readonly start: number; readonly end: number; readonly tokens: readonly number[] },
  seek: number,
  { text, frameSeconds }: SlidingOptions,
): Segment {
  const said = text(tokens);
  const isEmpty = start === end || said.trim() === "";
  return {
    seek,
    startSeconds: (seek + 2 * start) * frameSeconds,
    endSeconds: (seek + 2 * end) * frameSeconds,
    tokens: isEmpty ? [] : tokens,
    text: isEmpty ? "" : said,
    decoded,
  };
}
