import { FormatError, UsageError } from "../errors.ts";

/** Finds the magnitude up to which activations are represented; larger ones saturate. */
export interface RangeObserver {
  /** @throws FormatError for a value that is not finite. */
  observe(values: ArrayLike<number>): void;
  /** @throws UsageError before anything but zeros was observed. */
  range(): number;
}

/** The largest magnitude: nothing that was observed saturates. */
export function absMaxObserver(): RangeObserver {
  let most = 0;
  return {
    observe: (values) => {
      for (let i = 0; i < values.length; i++) most = Math.max(most, magnitude(values, i));
    },
    range: () => observed(most),
  };
}

const bins = 4096;
/** Doubling must reach every magnitude: a width that underflowed to zero would stay there. */
const leastWidth = 2 ** -1000;

/**
 * The magnitude that `percentile` percent of the values do not exceed, from a histogram whose bins double in width when a
 * larger value comes: too large by one bin at most, 1/2048 of the largest magnitude.
 * @throws UsageError for a percentile outside of 0 to 100.
 */
export function percentileObserver(percentile: number): RangeObserver {
  if (!(percentile > 0 && percentile <= 100)) {
    throw new UsageError(`calibration: expected a percentile above 0, at most 100, got ${percentile}`, {
      hint: "99.99 leaves out one value in ten thousand",
    });
  }
  const counts = new Float64Array(bins);
  let [width, total, most] = [0, 0, 0];
  const widen = () => {
    for (let i = 0; i < bins / 2; i++) counts[i] = counts[2 * i]! + counts[2 * i + 1]!;
    counts.fill(0, bins / 2);
    width *= 2;
  };
  return {
    observe: (values) => {
      for (let i = 0; i < values.length; i++) {
        const value = magnitude(values, i);
        most = Math.max(most, value);
        // The first value that is not zero decides the width; until then all counts are in the first bin.
        if (width === 0 && value > 0) width = Math.max(value / (bins / 2), leastWidth);
        while (value >= bins * width && value > 0) widen();
        counts[width === 0 ? 0 : Math.floor(value / width)]! += 1;
        total += 1;
      }
    },
    range: () => {
      let [seen, bin] = [0, 0];
      for (; bin < bins && seen < (percentile / 100) * total; bin++) seen += counts[bin]!;
      return observed(Math.min(most, bin * width));
    },
  };
}

/** Ranges of several layers, from the activations of several clips. */
export class RangeTable {
  readonly #observers = new Map<string, RangeObserver>();
  readonly #create: () => RangeObserver;

  constructor(create: () => RangeObserver = absMaxObserver) {
    this.#create = create;
  }

  /** What one clip makes of a layer's input. */
  observe(layer: string, values: ArrayLike<number>): void {
    const observer = this.#observers.get(layer) ?? this.#create();
    this.#observers.set(layer, observer);
    try {
      observer.observe(values);
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw new FormatError(`${layer}: ${cause.message}`, { cause, ...(cause.hint && { hint: cause.hint }) });
    }
  }

  /** @throws UsageError for a layer that no clip had, or that was zero in all of them. */
  range(layer: string): number {
    const observer = this.#observers.get(layer);
    if (observer !== undefined) return observer.range();
    const known = [...this.#observers.keys()].join(", ");
    throw new UsageError(`calibration: nothing was observed for ${layer}`, { hint: `observed: ${known || "nothing"}` });
  }
}

function magnitude(values: ArrayLike<number>, i: number): number {
  const value = Math.abs(values[i]!);
  if (Number.isFinite(value)) return value;
  throw new FormatError(`calibration: activation ${i} is ${values[i]}, expected a number`, {
    hint: "look at the layers before it: one of them divides by zero or overflows",
  });
}

function observed(range: number): number {
  if (range > 0) return range;
  throw new UsageError("calibration: nothing but zeros was observed", { hint: "calibrate with clips that hold sound" });
}
