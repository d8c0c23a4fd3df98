import { ShapeError, UsageError } from "@aiekit/core";

export interface BucketOptions {
  /** Shares of the full window. */
  readonly shares?: readonly number[];
  /** Positions of a bucket are a multiple of this, the full window's excepted. */
  readonly multiple?: number;
}

const sixths = [1 / 6, 1 / 3, 2 / 3] as const;

/** Positions of the windows that are compiled, smallest first; the last is the full window. */
export function windowBuckets(fullPositions: number, options: BucketOptions = {}): number[] {
  const { shares = sixths, multiple = 4 } = options;
  if (shares.some((share) => !(share > 0 && share <= 1)) || !(multiple >= 1)) {
    throw new UsageError(
      `buckets: shares ${shares.join(", ")} of ${multiple}: expected shares from 0 to 1, a multiple >= 1`,
    );
  }
  const sizes = shares.map((share) => Math.ceil((share * fullPositions) / multiple) * multiple);
  return [...new Set([...sizes.filter((size) => size < fullPositions), fullPositions])].sort((a, b) => a - b);
}

/** The smallest window that holds so many frames, two a position. @throws ShapeError for more than the largest holds. */
export function chooseBucket(buckets: readonly number[], frames: number): number {
  const bucket = buckets.find((positions) => frames <= 2 * positions);
  if (bucket !== undefined && frames >= 1) return bucket;
  throw new ShapeError(`buckets: expected 1 to ${2 * Math.max(...buckets)} frames, got ${frames}`);
}
