/** Samples from one frame to the next, and in a frame. */
export const hopSamples = 160;
const windowSamples = 400;
/** Frames that a core works on at a time. */
export const batchFrames = 8;
/** Samples under the frames of a batch. */
export const batchSamples = (batchFrames - 1) * hopSamples + windowSamples;
/** Frames are centred: the first begins so many samples before the sound. */
const leadSamples = windowSamples / 2;

/** How one launch cuts a sound of some length into frames, batches and columns. */
export interface LogmelWindow {
  readonly samples: number;
  readonly frames: number;
  /** Samples of the host buffer: the last frames reach past the sound. */
  readonly bufferSamples: number;
  readonly columns: readonly LogmelColumn[];
}

/** What one column does: `batches` of 8 frames, of which those in `runs` begin at equal distances. */
export interface LogmelColumn {
  readonly batches: number;
  /** True when the first batch begins before the sound. */
  readonly hasLead: boolean;
  /** Samples of the last batch up to the end of the sound; the whole of a batch where that does not reach the end. */
  readonly tailSamples: number;
  readonly runs: readonly LogmelRun[];
}

/** `count` batches: the first at frame `frame`, each next 8 frames later. */
export interface LogmelRun {
  readonly frame: number;
  readonly count: number;
}

/**
 * A sound of `samples` samples, 8 frames or more, over `columns` columns. The last batch ends with the last frame: where
 * the frames are no multiple of 8, some are computed twice and written twice with the same values.
 */
export function logmelWindow(samples: number, columns: number): LogmelWindow {
  const frames = Math.floor(samples / hopSamples);
  const batches = Math.ceil(frames / batchFrames);
  const perColumn = Math.ceil(batches / columns);
  const reach = Math.max(samples, frames * hopSamples + windowSamples - hopSamples - leadSamples, batchSamples);
  return {
    samples,
    frames,
    bufferSamples: reach + (reach % 2),
    columns: Array.from({ length: columns }, (_, c): LogmelColumn => {
      // A column for which nothing is left repeats the last batch: all columns take part in the maximum.
      const first = Math.min(c * perColumn, batches - 1);
      const count = Math.max(1, Math.min(perColumn, batches - c * perColumn));
      const isLast = first + count === batches;
      const regular = isLast ? count - 1 : count;
      const lastFrame = frames - batchFrames;
      return {
        batches: count,
        hasLead: first === 0,
        tailSamples: isLast ? Math.min(batchSamples, samples - firstSample(lastFrame)) : batchSamples,
        runs: [
          ...(regular > 0 ? [{ frame: first * batchFrames, count: regular }] : []),
          ...(isLast ? [{ frame: lastFrame, count: 1 }] : []),
        ],
      };
    }),
  };
}

/** Sample with which a frame begins; negative for the first two frames. */
export function firstSample(frame: number): number {
  return frame * hopSamples - leadSamples;
}
