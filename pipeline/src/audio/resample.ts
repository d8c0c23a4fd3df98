import { UsageError } from "@aiekit/core";

// Kaiser's formulas: attenuation A dB needs beta = 0.1102 (A - 8.7), and a span of (A - 8) / (2.285 · transition in rad)
// samples. 90 dB from 7 kHz to 8 kHz at 16 kHz gives 91.4; 96 leaves a margin.
const attenuationDb = 90;
const kaiserBeta = 0.1102 * (attenuationDb - 8.7);
const spanSamples = 96;
// Middle of the transition, as a share of the lower Nyquist frequency: 7.5 kHz of 8 kHz.
const cutoff = 0.9375;

/**
 * Changes the sample rate: a polyphase FIR low-pass (windowed sinc, Kaiser). Flat within 0.1 dB up to 7/8 of the lower
 * Nyquist frequency, 80 dB or more down above it. Sample i of the result is the sound at i / toHz; its length is
 * ⌈n · toHz / fromHz⌉. Outside of the input is silence.
 * Source: Oppenheim, Schafer, Discrete-Time Signal Processing (FIR design with the Kaiser window).
 */
export function resample(samples: Float32Array, { fromHz, toHz }: { fromHz: number; toHz: number }): Float32Array {
  for (const rate of [fromHz, toHz]) {
    if (!Number.isInteger(rate) || rate < 1) throw new UsageError(`resample: expected a rate in whole Hz, got ${rate}`);
  }
  if (fromHz === toHz) return samples.slice();
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const ratio = { up: toHz / divisor, down: fromHz / divisor };
  const phases = new Map<number, Float64Array>();
  const out = new Float32Array(Math.ceil((samples.length * ratio.up) / ratio.down));
  const half = halfWidth(ratio);
  for (let i = 0; i < out.length; i++) {
    // Time of the output in steps of 1 / (fromHz · up): input `whole`, and `phase` of `up` steps further.
    const position = i * ratio.down;
    const phase = position % ratio.up;
    const whole = (position - phase) / ratio.up;
    let taps = phases.get(phase);
    if (taps === undefined) {
      taps = phaseTaps(ratio, phase);
      phases.set(phase, taps);
    }
    const start = whole - half;
    const from = Math.max(0, -start);
    const to = Math.min(taps.length, samples.length - start);
    let sum = 0;
    for (let k = from; k < to; k++) sum += taps[k]! * samples[start + k]!;
    out[i] = sum;
  }
  return out;
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
