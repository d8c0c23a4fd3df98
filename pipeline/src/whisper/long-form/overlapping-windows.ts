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
  /** Where the next window begins; undefined for the last. */
  readonly nextFrame: number | undefined;
}

/** The part of a recording that is cut. */
export interface Overlapped {
  readonly startFrame?: number;
  /** Where it ends; a stream may say Infinity until the window that holds its end is read. */
  readonly frames: number;
}

/** A window that is read before it is known how far it goes. */
export interface OverlapStep {
  readonly startFrame: number;
  /** The window, once its frames were read. */
  window(): OverlappingWindow;
}

/**
 * Cuts a recording into windows that overlap, of which each is asked for when the one before was read.
 * @throws UsageError for strides that leave nothing of a window.
 * Source: transformers, pipelines/automatic_speech_recognition.py, `chunk_iter`.
 */
export function* overlappingWindows(recording: Overlapped, options: OverlapOptions): Generator<OverlapStep> {
  const { windowFrames } = options;
  const [left, right] = overlapStrides(options);
  const first = recording.startFrame ?? 0;
  const step = windowFrames - left - right;
  for (let startFrame = first; startFrame < recording.frames; startFrame += step) {
    const start = startFrame;
    const held = () => recording.frames - start;
    yield {
      startFrame,
      window: () => ({
        startFrame: start,
        frames: Math.min(windowFrames, held()),
        strideLeft: start === first ? 0 : left,
        strideRight: held() <= windowFrames ? 0 : right,
        nextFrame: held() <= windowFrames ? undefined : start + step,
      }),
    };
    if (held() <= windowFrames) return;
  }
}

/** @throws UsageError for strides that leave nothing of a window. */
export function overlapStrides({ windowFrames, strideFrames }: OverlapOptions): readonly [left: number, right: number] {
  const sixth = Math.round(windowFrames / 6);
  const [left, right] = strideFrames ?? [sixth, sixth];
  if (windowFrames - left - right >= 1 && left >= 0 && right >= 0) return [left, right];
  throw new UsageError(
    `windows: strides of ${left} and ${right} frames: expected less than the window's ${windowFrames} together`,
  );
}
