import { UsageError } from "@aiekit/core";

// Kaiser's formulas: attenuation A dB needs beta = 0.1102 (A - 8.7), and a span of (A - 8) / (2.285 · transition in rad)
// samples. 90 dB from 7 kHz to 8 kHz at 16 kHz gives 91.4; 96 leaves a margin.
const attenuationDb = 90;
const kaiserBeta = 0.1102 * (attenuationDb - 8.7);
const spanSamples = 96;
// Middle of the transition, as a share of the lower Nyquist frequency: 7.5 kHz of 8 kHz.
const cutoff = 0.9375;

export interface Rates {
  readonly fromHz: number;
  readonly toHz: number;
}

/** Changes the sample rate of a stream. What it puts out does not depend on where the stream was cut into blocks. */
export interface Resampler {
  /** Takes the next samples; returns what can be said of the result so far, which may be nothing. */
  readonly push: (block: Float32Array) => Float32Array;
  /** The rest of the result; silence follows the last sample. */
  readonly end: () => Float32Array;
}

/**
 * A polyphase FIR low-pass (windowed sinc, Kaiser). Flat within 0.001 dB up to 7/8 of the lower Nyquist frequency, 89 dB
 * or more down above that frequency. Sample i of the result is the sound at i / toHz; its length is ⌈n · toHz / fromHz⌉.
 * Outside of the input is silence. Keeps one filter length of input, and one set of taps for each phase that occurs.
 * Source: Oppenheim, Schafer, Discrete-Time Signal Processing (FIR design with the Kaiser window).
 * @throws UsageError for rates that are no whole numbers.
 */
export function createResampler({ fromHz, toHz }: Rates): Resampler {
  for (const rate of [fromHz, toHz]) {
    if (!Number.isInteger(rate) || rate < 1) throw new UsageError(`resample: expected a rate in whole Hz, got ${rate}`);
  }
  if (fromHz === toHz) return { push: (block) => block.slice(), end: () => new Float32Array() };
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const ratio = { up: toHz / divisor, down: fromHz / divisor };
  const half = halfWidth(ratio);
  const phases = new Map<number, Float64Array>();
  // `held` are the inputs from index `heldFrom`; `next` is the output that comes next.
  let held: Float32Array = new Float32Array();
  let heldFrom = 0;
  let next = 0;

  const produce = (until: number): Float32Array => {
    const out = new Float32Array(Math.max(0, until - next));
    for (let i = 0; i < out.length; i++, next++) {
      // Time of the output in steps of 1 / (fromHz · up): input `whole`, and `phase` of `up` steps further.
      const position = next * ratio.down;
      const phase = position % ratio.up;
      const whole = (position - phase) / ratio.up;
      let taps = phases.get(phase);
      if (taps === undefined) {
        taps = phaseTaps(ratio, phase);
        phases.set(phase, taps);
      }
      out[i] = weightedSum(taps, held, whole - half - heldFrom);
    }
    return out;
  };

  return {
    push: (block) => {
      held = joined(held, block);
      // Output i reaches up to input ⌊i · down / up⌋ + half, which has to be there.
      const known = heldFrom + held.length - half;
      const out = produce(known <= 0 ? 0 : Math.ceil((known * ratio.up) / ratio.down));
      const keepFrom = Math.floor((next * ratio.down) / ratio.up) - half;
      const drop = Math.min(held.length, Math.max(0, keepFrom - heldFrom));
      held = held.slice(drop);
      heldFrom += drop;
      return out;
    },
    end: () => produce(Math.ceil(((heldFrom + held.length) * ratio.up) / ratio.down)),
  };
}

/** Σ taps[k] · samples[start + k]; samples outside of the array are silence. */
function weightedSum(taps: Float64Array, samples: Float32Array, start: number): number {
  const from = Math.max(0, -start);
  const to = Math.min(taps.length, samples.length - start);
  let sum = 0;
  for (let k = from; k < to; k++) sum += taps[k]! * samples[start + k]!;
  return sum;
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

interface Ratio {
  readonly up: number;
  readonly down: number;
}

/** Input samples on each side of an output that its filter reaches. */
function halfWidth({ up, down }: Ratio): number {
  return Math.ceil(((spanSamples / 2) * Math.max(up, down)) / up);
}

/** Weights of the inputs whole - half … whole + half for outputs `phase` / `up` samples after input `whole`. */
function phaseTaps({ up, down }: Ratio, phase: number): Float64Array {
  const half = halfWidth({ up, down });
  // Time is counted in samples of the lower rate, in which the filter is always the same.
  const scale = Math.min(1, up / down);
  const taps = Float64Array.from({ length: 2 * half + 1 }, (_, k) => {
    const time = (k - half - phase / up) * scale;
    return cutoff * scale * sinc(cutoff * time) * kaiser(time / (spanSamples / 2));
  });
  // Every phase passes a constant unchanged, so that silence with an offset gets no ripple.
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The window at x from -1 to 1. */
function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : besselI0(kaiserBeta * Math.sqrt(1 - x * x)) / besselI0(kaiserBeta);
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x: number): number {
  let [term, sum] = [1, 1];
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
