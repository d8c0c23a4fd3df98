import { UsageError } from "@aiekit/core";

interface Clips {
  readonly clipSeconds?: readonly number[];
  readonly frameSeconds: number;
}

/**
 * Clips of a recording in frames. The last end may be left out, and is cut to the recording's.
 * @throws UsageError for times that fall.   Source: openai/whisper, transcribe.py, `clip_timestamps`.
 */
export function clipFrames({ clipSeconds = [], frameSeconds }: Clips, frames: number): [start: number, end: number][] {
  const wrong = clipSeconds.findIndex((time, i) => !(time >= (clipSeconds[i - 1] ?? 0)));
  if (wrong >= 0) {
    throw new UsageError(`clips: ${clipSeconds[wrong]} s: expected times from 0 on that do not fall`, {
      hint: "begin, end, begin, end, in seconds; clips do not overlap",
    });
  }
  const points = clipSeconds.map((seconds) => Math.min(frames, Math.round(seconds / frameSeconds)));
  if (points.length === 0) points.push(0);
  if (points.length % 2 === 1) points.push(frames);
  return Array.from({ length: points.length / 2 }, (_, i) => [points[2 * i]!, points[2 * i + 1]!]);
}
