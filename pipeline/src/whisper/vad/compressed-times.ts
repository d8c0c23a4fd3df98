import { UsageError } from "@aiekit/core";
import type { TimeRange } from "./speech-detector.ts";

/** Times of a recording from which all but some ranges was cut out. */
export interface CompressedTimes {
  /** Length of what is left. */
  readonly seconds: number;
  /** Where a time of the cut recording is in the whole one; where two ranges meet, in the second, or for `side: "end"` the first. */
  toOriginal(seconds: number, side?: "start" | "end"): number;
  /** Where a time of the whole recording is in the cut one; what was cut out is at the seam. */
  toCompressed(seconds: number): number;
}

/** @throws UsageError for ranges that overlap or are not in order. */
export function compressedTimes(ranges: readonly TimeRange[]): CompressedTimes {
  let seconds = 0;
  const pieces = ranges.map(({ startSeconds, endSeconds }, i) => {
    if (!(startSeconds >= (ranges[i - 1]?.endSeconds ?? 0) && endSeconds >= startSeconds)) {
      throw new UsageError(
        `speech: range ${startSeconds} to ${endSeconds} s: expected ranges in order that do not overlap`,
      );
    }
    const piece = { startSeconds, endSeconds, at: seconds };
    seconds += endSeconds - startSeconds;
    return piece;
  });
  return {
    seconds,
    toOriginal(time, side = "start") {
      const piece = pieces.findLast(({ at }) => (side === "start" ? at <= time : at < time)) ?? pieces[0];
      if (piece === undefined) return time;
      return Math.min(piece.endSeconds, piece.startSeconds + Math.max(0, time - piece.at));
    },
    toCompressed(time) {
      const piece = pieces.findLast(({ startSeconds }) => startSeconds <= time);
      return piece === undefined ? 0 : piece.at + Math.min(time, piece.endSeconds) - piece.startSeconds;
    },
  };
}
