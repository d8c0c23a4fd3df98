import { type MeasurementUnit, measurementUnits, numberOf, type SiliconRow } from "./silicon-row.ts";

interface Measurement {
  readonly unit: MeasurementUnit;
  /** The middle of a range. */
  readonly value: number;
}

/** A prediction before it has the measurement's unit. */
export interface Work {
  /** Of `operations` and `bytes`. */
  readonly seconds: number;
  /** Additions and multiplications. */
  readonly operations?: number | undefined;
  readonly bytes?: number | undefined;
  /** A rate only: nothing has been said of how much there is to do. */
  readonly steady?: boolean;
}

/** Work of a row with what was assumed; or why there is none. */
export type RowWork = { readonly work: Work; readonly notes: readonly string[] } | string;

/** Measurements of a row by the order of units. */
export function measurementsOf(row: SiliconRow): Measurement[] {
  return measurementUnits.flatMap((unit) => {
    const value = numberOf(row, unit);
    if (value !== undefined) return { unit, value };
    const [least, most] = [numberOf(row, `${unit}_min`), numberOf(row, `${unit}_max`)];
    return least !== undefined && most !== undefined ? { unit, value: (least + most) / 2 } : [];
  });
}

const scales: Readonly<Record<MeasurementUnit, number>> = {
  ...{ gflops: 1e9, gops: 1e9, tflops: 1e12, tops: 1e12 },
  ...{ s: 1, ms: 1e-3, us: 1e-6, cycles: 1 },
  ...{ words_per_cycle: 4, bytes_per_cycle: 1, gb_per_s: 1e9, mb_per_s: 1e6 },
};

/** The work in a unit, or why it has none. */
export function inUnit(work: Work, unit: MeasurementUnit, clockHz: number): number | string {
  const { seconds, operations, bytes, steady = false } = work;
  const scale = scales[unit];
  switch (unit) {
    case "gflops":
    case "gops":
    case "tflops":
    case "tops":
      return operations === undefined
        ? `no operations are counted, as ${unit} would need`
        : operations / seconds / scale;
    case "s":
    case "ms":
    case "us":
      return steady ? `a rate is modelled, and no size is given for ${unit}` : seconds / scale;
    case "cycles":
      return steady ? "a rate is modelled, and no size is given for cycles" : seconds * clockHz;
    case "words_per_cycle":
    case "bytes_per_cycle":
      return bytes === undefined ? `no bytes are counted, as ${unit} would need` : bytes / (seconds * clockHz) / scale;
    case "gb_per_s":
    case "mb_per_s":
      return bytes === undefined ? `no bytes are counted, as ${unit} would need` : bytes / seconds / scale;
  }
}
