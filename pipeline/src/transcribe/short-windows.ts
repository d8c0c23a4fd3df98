import { UsageError } from "@aiekit/core";
import { windowBuckets } from "../whisper/buckets/window-buckets.ts";
import { overlapStrides } from "../whisper/long-form/overlapping-windows.ts";
import type { TranscribeOptions } from "./transcribe-options.ts";

interface FullWindow {
  readonly positions: number;
  readonly frameSeconds: number;
}

/** Positions of the windows that there are, smallest first; undefined for full ones alone. @throws UsageError for longer ones. */
export function shortWindowPositions(
  { shortWindows }: Pick<TranscribeOptions, "shortWindows">,
  { positions, frameSeconds }: FullWindow,
): readonly number[] | undefined {
  if (shortWindows === undefined) return undefined;
  if (shortWindows === "auto") return windowBuckets(positions);
  const fullSeconds = 2 * positions * frameSeconds;
  const wrong = shortWindows.find((seconds) => !(seconds > 0 && seconds <= fullSeconds));
  if (wrong === undefined) return windowBuckets(positions, { shares: shortWindows.map((s) => s / fullSeconds) });
  throw new UsageError(`short windows: ${wrong} s: expected more than 0 and at most the model's ${fullSeconds} s`);
}

/** Frames that overlapping windows leave to each neighbour; undefined where they do not overlap. @throws UsageError for what contradicts. */
export function overlapFramesOf(
  options: TranscribeOptions,
  { positions, frameSeconds }: FullWindow,
): number | undefined {
  const { overlapSeconds, words, clipSeconds } = options;
  if (overlapSeconds === undefined) return undefined;
  if (words === true || clipSeconds !== undefined) {
    throw new UsageError(
      `overlapping windows: ${words === true ? "words" : "clips"}: windows one behind another have them`,
    );
  }
  const windowFrames = 2 * positions;
  if (overlapSeconds === "sixth") return overlapStrides({ windowFrames })[0];
  // Timestamps are of two frames.
  const frames = 2 * Math.round(overlapSeconds / frameSeconds / 2);
  if (overlapSeconds > 0 && 2 * frames < windowFrames) return frames;
  throw new UsageError(
    `overlapping windows: ${overlapSeconds} s at each end: expected more than 0 and less than half of the window's ${windowFrames * frameSeconds} s`,
  );
}
