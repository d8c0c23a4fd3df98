import { FormatError, UsageError } from "../errors.ts";
import { absMaxObserver, percentileObserver, type RangeObserver } from "./activation-range.ts";
import { type ActivationBits, activationScale } from "./activations.ts";
import { clamp, roundHalfEven } from "./int8-weights.ts";

/** A range that activations may be quantised with, and what that costs over everything that was measured. */
export interface CalibratedScale {
  readonly from: "absMax" | "percentile";
  /** Magnitude that the largest integer stands for. */
  readonly range: number;
  /** An activation is an integer times this. */
  readonly scale: number;
  /** 10 log10 of the sum of squares over that of the errors; null where nothing errs. */
  readonly sqnrDb: number | null;
  /** Activations beyond the range. */
  readonly saturated: number;
}

/** The input of one product. */
export interface ProductCalibration {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  /** Magnitude that the percentile of the calibration does not exceed. */
  readonly percentile: number;
  /** The one of both ranges with the higher SQNR, for each width. */
  readonly int8: CalibratedScale;
  readonly int16: CalibratedScale;
}

/**
 * Ranges of the inputs of products, and the scale for each. Goes over the same activations twice: `observe` finds the
 * ranges, `measure` what each of them costs. The first `measure` ends the observing.
 */
export class Calibration {
  readonly #percentile: number;
  readonly #products = new Map<string, Product>();

  /** @throws UsageError for a percentile outside of 0 to 100. */
  constructor({ percentile }: { readonly percentile: number }) {
    percentileObserver(percentile);
    this.#percentile = percentile;
  }

  /** @throws FormatError for a value that is not finite; UsageError after `measure`. */
  observe(product: string, values: ArrayLike<number>): void {
    const known = this.#products.get(product) ?? emptyProduct(this.#percentile);
    this.#products.set(product, known);
    if (known.candidates !== undefined) throw new UsageError(`calibration: ${product}: observed after it was measured`);
    named(product, () => {
      known.absMax.observe(values);
      known.percentile.observe(values);
    });
    for (let i = 0; i < values.length; i++) {
      known.min = Math.min(known.min, values[i]!);
      known.max = Math.max(known.max, values[i]!);
    }
    known.count += values.length;
  }

  /** @throws UsageError for a product that was never observed, or was zero throughout. */
  measure(product: string, values: ArrayLike<number>): void {
    const known = this.#products.get(product);
    if (known === undefined) throw new UsageError(`calibration: ${product}: measured, but never observed`);
    known.candidates ??= named(product, () => candidatesOf(known));
    known.measured += values.length;
    for (const candidate of known.candidates) measureScale(candidate, values);
  }

  /** By product, in the order in which they were first observed. @throws UsageError where `measure` saw other activations. */
  result(): Readonly<Record<string, ProductCalibration>> {
    return Object.fromEntries([...this.#products].map(([name, product]) => [name, resultOf(name, product)]));
  }
}

interface Product {
  readonly absMax: RangeObserver;
  readonly percentile: RangeObserver;
  count: number;
  measured: number;
  min: number;
  max: number;
  candidates: readonly Candidate[] | undefined;
}

interface Candidate extends Pick<CalibratedScale, "from" | "range" | "scale"> {
  readonly bits: ActivationBits;
  signal: number;
  noise: number;
  saturated: number;
}

function emptyProduct(percentile: number): Product {
  return {
    absMax: absMaxObserver(),
    percentile: percentileObserver(percentile),
    count: 0,
    measured: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    candidates: undefined,
  };
}

function candidatesOf(product: Product): readonly Candidate[] {
  return ([8, 16] as const).flatMap((bits) =>
    (["absMax", "percentile"] as const).map((from): Candidate => {
      const range = product[from].range();
      return { bits, from, range, scale: activationScale(range, bits), signal: 0, noise: 0, saturated: 0 };
    }),
  );
}

function measureScale(candidate: Candidate, values: ArrayLike<number>): void {
  const { scale, bits } = candidate;
  const most = 2 ** (bits - 1) - 1;
  let [signal, noise, saturated] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const rounded = roundHalfEven(value / scale);
    if (Math.abs(rounded) > most) saturated += 1;
    signal += value * value;
    noise += (clamp(rounded, most) * scale - value) ** 2;
  }
  candidate.signal += signal;
  candidate.noise += noise;
  candidate.saturated += saturated;
}

function resultOf(name: string, product: Product): ProductCalibration {
  const { candidates, count, measured, min, max } = product;
  if (candidates === undefined || measured !== count) {
    throw new UsageError(`calibration: ${name}: ${count} activations were observed, ${measured} measured`, {
      hint: "measure the same clips that were observed",
    });
  }
  const best = (bits: ActivationBits): CalibratedScale => {
    // Of two that are equal the range in which nothing saturates.
    const [one, other] = candidates.filter((candidate) => candidate.bits === bits) as [Candidate, Candidate];
    const { from, range, scale, signal, noise, saturated } = other.noise < one.noise ? other : one;
    return { from, range, scale, sqnrDb: noise === 0 ? null : 10 * Math.log10(signal / noise), saturated };
  };
  return { count, min, max, percentile: product.percentile.range(), int8: best(8), int16: best(16) };
}

/** What an observer refuses, with the product's name. */
function named<T>(product: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof FormatError || cause instanceof UsageError)) throw cause;
    const options = { cause, ...(cause.hint && { hint: cause.hint }) };
    if (cause instanceof FormatError) throw new FormatError(`${product}: ${cause.message}`, options);
    throw new UsageError(`${product}: ${cause.message}`, options);
  }
}
