import type { Recording } from "./wav.ts";

const zeroCrossings = 24;

/**
 * PCM at another rate, by a sinc of 24 zero crossings under a Hann window: enough to make test signals from voices that
 * speak at 22050 Hz, where what matters is that both sides of a comparison get the same samples.
 */
export function resample({ pcm, sampleRateHz }: Recording, toHz: number): Int16Array {
  if (sampleRateHz === toHz) return pcm;
  const divisor = greatestCommonDivisor(sampleRateHz, toHz);
  const [up, down] = [toHz / divisor, sampleRateHz / divisor];
  // The lower of the two Nyquist frequencies, as a fraction of the input's.
  const cutoff = Math.min(1, up / down);
  const reach = Math.ceil(zeroCrossings / cutoff);
  const phases = Array.from({ length: up }, (_, p) => phaseWeights(p / up, cutoff, reach));
  return Int16Array.from({ length: Math.floor((pcm.length * up) / down) }, (_, i) => {
    const whole = Math.floor((i * down) / up);
    const weights = phases[(i * down) % up]!;
    let sum = 0;
    const first = whole - reach;
    const last = Math.min(pcm.length - 1, whole + reach);
    for (let n = Math.max(0, first); n <= last; n++) sum += pcm[n]! * weights[n - first]!;
    return Math.max(-32768, Math.min(32767, Math.round(sum)));
  });
}

// Weights of the 2·reach + 1 input samples around an output that lies `fraction` after the middle one.
function phaseWeights(fraction: number, cutoff: number, reach: number): Float64Array {
  return Float64Array.from({ length: 2 * reach + 1 }, (_, i) => {
    const t = i - reach - fraction;
    const window = Math.abs(t) < reach ? 0.5 + 0.5 * Math.cos((Math.PI * t) / reach) : 0;
    return cutoff * sinc(cutoff * t) * window;
  });
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
