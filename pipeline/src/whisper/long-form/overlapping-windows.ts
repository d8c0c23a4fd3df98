import { UsageError } from "@aiekit/core";

export interface OverlapOptions {
  /** Frames of a window. */
  readonly windowFrames: number;
  /** Frames at a window's begin and end that its neighbours hold as well; a sixth of the window each where left out. */
  readonly strideFrames?: readonly [left: number, right: number];
}

/** A window that knows nothing of the others: they may be decoded in any order, or together. */
export interface OverlappingWindow {
  readonly startFrame: number;
  readonly frames: number;
  /** Frames that the window before holds as well, of which it is trusted for the first; 0 for the first window. */
  readonly strideLeft: number;
  readonly strideRight: number;
}

/**
 * Cuts a recording into windows that overlap. @throws UsageError for strides that leave nothing of a window.
 * Source: transformers, pipelines/automatic_speech_recognition.py, `chunk_iter`.
 */
export function overlappingWindows(frames: number, options: OverlapOptions): OverlappingWindow[] {
  const { windowFrames } = options;
  const sixth = Math.round(windowFrames / 6);
  const [left, right] = options.strideFrames ?? [sixth, sixth];
  const step = windowFrames - left - right;
  if (!(step >= 1 && left >= 0 && right >= 0)) {
    throw new UsageError(
      `windows: strides of ${left} and ${right} frames: expected less than the window's ${windowFrames}`,
    );
  }
  const windows: OverlappingWindow[] = [];
  for (let start = 0; start < frames; start += step) {
    const end = start + windowFrames;
    const strideLeft = start === 0 ? 0 : left;
    const isLast = end >= frames;
    const held = Math.min(windowFrames, frames - start);
    if (held > strideLeft) {
      windows.push({ startFrame: start, frames: held, strideLeft, strideRight: isLast ? 0 : right });
    }
    if (isLast) break;
  }
  return windows;
}
