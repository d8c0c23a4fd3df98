import { UsageError } from "@aiekit/core";
import { type FallbackResult, isSkipped } from "../decoding/temperature-fallback.ts";
import type { WhisperExecutor } from "../executor.ts";
import { type OverlappingWindow, type OverlapStep, overlappingWindows } from "./overlapping-windows.ts";
import type { MelSource, Segment, WindowDone } from "./sliding-windows.ts";
import { SegmentStitcher, type TimedText } from "./stitch-segments.ts";
import { decodeEncoded, type WindowDecoding, windowLength } from "./window-decoding.ts";

export interface ChunkedOptions extends WindowDecoding {
  /** Frames at each end of a window that its neighbour holds as well; a sixth of the window where left out. */
  readonly overlapFrames?: number;
  /** Tokens of a text that the first window is told of. */
  readonly initialPrompt?: readonly number[];
  /** Every window is told of it. */
  readonly carryInitialPrompt?: boolean;
  readonly frameSeconds: number;
  /** The frame that is decoded from; 0 where left out. */
  readonly startSeek?: number;
  /** Told of every window when it is done. */
  readonly onWindow?: ((window: WindowDone) => void) | undefined;
}

/**
 * Goes over a recording in windows that overlap and know nothing of each other, and lays their texts over each other.
 * What is uncertain in one window leads no other astray; a segment is told when the window behind it was decoded. Segments
 * have tokens of text alone, and the measures of the window that they begin in.
 */
export async function* chunkedWindows(
  executor: WhisperExecutor,
  mel: MelSource,
  options: ChunkedOptions,
): AsyncGenerator<Segment> {
  if (options.temperatures.length === 0) throw new UsageError("decoding: expected at least one temperature");
  const { window, frameSeconds, overlapFrames, startSeek = 0 } = options;
  const { eot, timestampBegin } = window.special;
  const stitcher = new SegmentStitcher({ eot, timestampBegin, frameSeconds });
  const results = new Map<number, FallbackResult>();
  const windowFrames = 2 * executor.config.audioPositions;
  const recording = {
    startFrame: startSeek,
    get frames() {
      return mel.frames;
    },
  };
  const strideFrames = overlapFrames === undefined ? undefined : ([overlapFrames, overlapFrames] as const);
  const segments = (texts: readonly TimedText[]): Segment[] => texts.map((text) => segmentOf(text, results, options));
  const overlap = { windowFrames, ...(strideFrames === undefined ? {} : { strideFrames }) };
  for (const step of overlappingWindows(recording, overlap)) {
    const { decoded, place, skipped } = await heard(executor, mel, step, options);
    const { startFrame, frames } = place;
    options.onWindow?.({ seek: startFrame, frames, decoded, skipped });
    if (decoded === undefined || skipped) {
      yield* segments(stitcher.end());
      continue;
    }
    results.set(startFrame, decoded);
    yield* segments(stitcher.push({ ...place, tokens: decoded.tokens }));
  }
  yield* segments(stitcher.end());
}

interface HeardWindow extends Pick<WindowDone, "decoded" | "skipped"> {
  readonly place: OverlappingWindow;
}

async function heard(
  executor: WhisperExecutor,
  mel: MelSource,
  step: OverlapStep,
  options: ChunkedOptions,
): Promise<HeardWindow> {
  const fullFrames = 2 * executor.config.audioPositions;
  const { startFrame } = step;
  const isSilent = mel.firstSound !== undefined && (await mel.firstSound(startFrame, fullFrames)) === undefined;
  if (isSilent) return { decoded: undefined, skipped: true, place: step.window() };
  const length = windowLength(step.window().frames, fullFrames, options);
  const state = await executor.encode(await mel.window(startFrame, length));
  try {
    const { initialPrompt = [], carryInitialPrompt = false, startSeek = 0 } = options;
    const previous = carryInitialPrompt || startFrame === startSeek ? initialPrompt : [];
    const decoded = await decodeEncoded(executor, state, previous, options);
    return { decoded, skipped: isSkipped(decoded, options.thresholds), place: step.window() };
  } finally {
    await state.close();
  }
}

function segmentOf(
  { windowFrame, ...times }: TimedText,
  results: Map<number, FallbackResult>,
  { text }: ChunkedOptions,
): Segment {
  const decoded = results.get(windowFrame)!;
  // Texts come in order: no window before this one is asked for again.
  for (const frame of results.keys()) if (frame < windowFrame) results.delete(frame);
  const said = text(times.tokens);
  return { seek: windowFrame, ...times, text: said.trim() === "" ? "" : said, decoded };
}
