import { gain, pearson } from "../metrics/correlation.ts";
import { checkOutput } from "../metrics/liveness.ts";
import { fftReference } from "../references/fft-reference.ts";
import { type FftSignal, fftSignals } from "../signals/fft-signals.ts";
import { type JudgedCase, runCases, suiteRun } from "./run-cases.ts";
import {
  type Check,
  type Criterion,
  caseResult,
  finiteOrNull,
  type Subject,
  type SuiteControl,
  type SuiteRun,
} from "./suite-result.ts";

/**
 * `frames`: i16[units, 512]. Gives i32[units, 1024], re, im interleaved, bins 0…511; other arrays are taken as numbers in
 * the same unit.
 */
export type FftRunner = (frames: Int16Array, options: { readonly signal?: AbortSignal }) => Promise<ArrayLike<number>>;

export interface FftSubject extends Subject {
  readonly run: FftRunner;
  /** Output of the kernel for 1 of the unnormalised transform of the int16 samples, as its documentation states. */
  readonly outputScale: number;
}

export interface FftSuiteOptions extends SuiteControl {
  readonly seed?: number;
  /** Signals instead of the built-in ones. */
  readonly signals?: readonly FftSignal[];
}

const points = 512;
const leastPearson = 0.9999;
const gainTolerance = 2 ** -10;
const relativeTolerance = 2 ** -10;
const absoluteToleranceLsb = 32;

export const fftCriteria: readonly Criterion[] = [
  {
    name: "output",
    rule: "finite, i32[units, 1024], not constant; all zeros for silence",
    derivation: "a transform is linear: zeros in give zeros out, and no other signal here has a constant spectrum",
  },
  {
    name: "pearson",
    worse: "lower",
    rule: `pearson > ${leastPearson}`,
    derivation: "required of the kernel; leaves 1.4 % of error, root mean square, relative to the spectrum",
  },
  {
    name: "gain",
    worse: "far from 1",
    rule: `|gain / documented scale − 1| ≤ ${gainTolerance}`,
    derivation:
      "correlation is blind to gain; Q15 twiddles cannot hold 1 and may lose 2⁻¹⁶ in each of 9 stages, 2⁻¹³ in all",
  },
  {
    name: "error",
    worse: "higher",
    unit: "LSB",
    rule: `|error| ≤ ${absoluteToleranceLsb} LSB + ${relativeTolerance} · largest |X| of the frame`,
    derivation:
      "Q15 twiddles: 9 stages · √2 · 2⁻¹⁶ = 2⁻¹² of the largest magnitude; rounding to integers: ½ LSB a stage, doubled " +
      "by each later one at worst, about √512 · ½ = 11 LSB when the roundings are independent",
  },
];

/**
 * Holds a 512-point transform of real int16 frames against fft.js.
 * @throws AbortedError when the caller's signal fires; what the device throws goes through.
 */
export async function fftSuite(subject: FftSubject, options: FftSuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1 } = options;
  const judged = await runCases(
    options.signals ?? fftSignals({ seed }),
    async (signal) => {
      const actual = await subject.run(signal.frames, options.signal ? { signal: options.signal } : {});
      return judge(signal, Float64Array.from(actual), subject.outputScale);
    },
    options,
  );
  return suiteRun({
    suite: "fft",
    subject,
    seed,
    criteria: fftCriteria,
    judged,
    notes: [`reference: fft.js in float64, times the documented output scale ${subject.outputScale}`],
  });
}

function judge(signal: FftSignal, actual: Float64Array, outputScale: number): JudgedCase {
  const units = signal.frames.length / points;
  const reference = fftReference(signal.frames, points).map((x) => x * outputScale);
  const output = signal.silent ? silentOutput(actual, reference.length) : liveOutput(actual, reference.length);
  // Metrics of an output of the wrong size mean nothing: the first check says what is wrong.
  const comparable = actual.length === reference.length && !signal.silent;
  const checks = comparable ? [output, ...comparisons(reference, actual)] : [output];
  const result = caseResult({
    name: signal.name,
    group: signal.silent ? "silence" : "signal",
    origin: "generator",
    rows: units,
    columns: 2 * points,
    checks,
    facts: [],
  });
  const evidence = {
    name: signal.name,
    rows: units,
    columns: 2 * points,
    unit: "LSB",
    reference,
    actual: Float64Array.from({ length: reference.length }, (_, i) => actual[i] ?? Number.NaN),
  };
  return { result, evidence };
}

function silentOutput(actual: Float64Array, length: number): Check {
  const wrong = actual.findIndex((x) => x !== 0);
  const pass = actual.length === length && wrong === -1;
  const found = wrong === -1 ? `${actual.length} zeros` : `${actual[wrong]} at index ${wrong}`;
  return { criterion: "output", pass, value: pass ? 0 : null, detail: `expected ${length} zeros, got ${found}` };
}

function liveOutput(actual: Float64Array, length: number): Check {
  const { ok, reason } = checkOutput(actual, length);
  return { criterion: "output", pass: ok, value: null, detail: ok ? `${length} values` : reason };
}

function comparisons(reference: Float64Array, actual: Float64Array): Check[] {
  const r = pearson(reference, actual);
  const g = gain(reference, actual);
  const worst = worstExcess(reference, actual);
  return [
    { criterion: "pearson", pass: r > leastPearson, value: finiteOrNull(r), detail: r.toFixed(9) },
    {
      criterion: "gain",
      pass: Math.abs(g - 1) <= gainTolerance,
      value: finiteOrNull(g),
      detail: `${g.toFixed(6)} of the documented scale`,
    },
    { criterion: "error", pass: worst.error <= worst.allowed, value: finiteOrNull(worst.error), detail: worst.detail },
  ];
}

// The element that is closest to its frame's limit, or furthest beyond it.
function worstExcess(
  reference: Float64Array,
  actual: Float64Array,
): { error: number; allowed: number; detail: string } {
  let worst = { error: 0, allowed: Number.POSITIVE_INFINITY, index: 0 };
  for (let start = 0; start < reference.length; start += 2 * points) {
    const allowed = absoluteToleranceLsb + relativeTolerance * largestMagnitude(reference, start);
    for (let i = start; i < start + 2 * points; i++) {
      const error = Math.abs(actual[i]! - reference[i]!);
      if (error / allowed > worst.error / worst.allowed) worst = { error, allowed, index: i };
    }
  }
  const { error, allowed, index } = worst;
  const where = `unit ${Math.floor(index / (2 * points))}, bin ${Math.floor((index % (2 * points)) / 2)}`;
  const part = index % 2 === 0 ? "re" : "im";
  return {
    ...worst,
    detail: `${error.toFixed(1)} LSB at ${where} (${part}), ${allowed.toFixed(1)} allowed; reference ${reference[index]?.toFixed(1)}, got ${actual[index]}`,
  };
}

function largestMagnitude(spectrum: Float64Array, start: number): number {
  let largest = 0;
  for (let i = start; i < start + 2 * points; i += 2) {
    largest = Math.max(largest, Math.hypot(spectrum[i]!, spectrum[i + 1]!));
  }
  return largest;
}
