import { ShapeError } from "@aiekit/core";

/** Whether an output can be looked at at all. */
export interface OutputCheck {
  readonly ok: boolean;
  /** Why not; empty when `ok`. */
  readonly reason: string;
}

/** Length, finiteness, and that the values are not all one value: what an output must pass before any metric counts. */
export function checkOutput(actual: ArrayLike<number>, expectedLength: number): OutputCheck {
  const fail = (reason: string): OutputCheck => ({ ok: false, reason });
  if (actual.length !== expectedLength) return fail(`expected ${expectedLength} values, got ${actual.length}`);
  if (expectedLength === 0) return fail("no values to compare");
  for (let i = 0; i < actual.length; i++) {
    if (!Number.isFinite(actual[i]!)) return fail(`value at index ${i} is ${actual[i]}`);
  }
  for (let i = 1; i < actual.length; i++) {
    if (actual[i] !== actual[0]) return { ok: true, reason: "" };
  }
  return fail(`all ${actual.length} values are ${actual[0]}`);
}

/** Features in dB, row-major [frames, bins], and what counts as alive. */
export interface LivenessOptions {
  readonly frames: number;
  readonly bins: number;
  /** The value of a bin without energy. */
  readonly floorDb: number;
  /** Least difference between a live bin's largest and smallest value, and between its largest and the floor; default 1. */
  readonly spreadDb?: number;
}

export interface LiveBins {
  readonly live: number;
  /** Bins that never rise above the floor, never change, or hold a value that is not finite. */
  readonly dead: readonly number[];
}

/**
 * Bins that rise above the floor and vary over the frames.
 * @throws ShapeError when `db` is not [frames, bins].
 */
export function liveBins(db: ArrayLike<number>, options: LivenessOptions): LiveBins {
  const { frames, bins, floorDb, spreadDb = 1 } = options;
  if (db.length !== frames * bins) {
    throw new ShapeError(`liveBins: expected [${frames}, ${bins}] = ${frames * bins} values, got ${db.length}`);
  }
  const dead: number[] = [];
  for (let b = 0; b < bins; b++) {
    let [low, high, finite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true];
    for (let f = 0; f < frames; f++) {
      const value = db[f * bins + b]!;
      finite &&= Number.isFinite(value);
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (!finite || !(high - low >= spreadDb) || !(high - floorDb >= spreadDb)) dead.push(b);
  }
  return { live: bins - dead.length, dead };
}
