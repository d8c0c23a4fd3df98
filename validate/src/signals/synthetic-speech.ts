import { normalised, toPcm } from "./pcm.ts";
import { createRandom, type Random } from "./random.ts";
import type { Span } from "./waveforms.ts";

/**
 * A signal with the traits of speech that matter to a front end: voiced stretches (glottal pulses with a gliding pitch
 * through formant resonators), fricatives (high-passed noise), pauses, changes of loudness, and room noise 55 to 95 dB
 * below the peak: where it is least, the bands above a vowel hold only what 16 bits leave, 100 dB below its loudest bin. The same seed gives the same samples.
 */
export function syntheticSpeech(span: Span, seed: number): Int16Array {
  const random = createRandom(seed);
  const samples = new Float64Array(span.samples);
  for (let at = Math.floor(random.between(0, 0.05) * span.sampleRateHz); at < span.samples; ) {
    const part = {
      samples: Math.floor(random.between(0.06, 0.26) * span.sampleRateHz),
      sampleRateHz: span.sampleRateHz,
    };
    const loudness = 10 ** (random.between(-24, 0) / 20);
    const sound = random.pick(sounds)(part, random);
    sound.forEach((x, n) => {
      if (at + n < samples.length) samples[at + n] = x * loudness * fade(n, part.samples);
    });
    at += part.samples;
  }
  const room = 10 ** (random.between(-95, -55) / 20);
  const peak = 10 ** (random.between(-20, -1) / 20);
  return toPcm(normalised(samples, 1).map((x) => peak * (x + room * random.normal())));
}

type Sound = (span: Span, random: Random) => Float64Array;

const sounds: readonly [Sound, ...Sound[]] = [vowel, vowel, vowel, fricative, pause];

// Centre frequencies of the first four formants in Hz of six vowels, rounded from averages of several voices.
const formantsHz: readonly [readonly number[], ...(readonly number[])[]] = [
  [730, 1090, 2440, 3500],
  [270, 2290, 3010, 3700],
  [300, 870, 2240, 3400],
  [530, 1840, 2480, 3600],
  [570, 840, 2410, 3400],
  [500, 1500, 2500, 3500],
];

function vowel(span: Span, random: Random): Float64Array {
  const startHz = random.between(85, 260);
  const endHz = startHz * random.between(0.8, 1.25);
  const from = random.pick(formantsHz);
  const to = random.pick(formantsHz);
  const resonators = from.map((hz, i) => createResonator({ hz, toHz: to[i] ?? hz, bandwidthHz: 60 + 40 * i, span }));
  let phase = random.uniform();
  let breath = 0;
  return Float64Array.from({ length: span.samples }, (_, n) => {
    const hz = startHz + ((endHz - startHz) * n) / span.samples;
    phase += (hz * (1 + 0.01 * random.normal())) / span.sampleRateHz;
    if (phase >= 1) phase -= 1;
    // Flow rises for 60 % of the cycle and falls for 20 %; the mouth radiates its slope.
    const slope = phase < 0.6 ? 0.2 * Math.sin((Math.PI * phase) / 0.6) : phase < 0.8 ? -1 : 0;
    breath = 0.7 * breath + 0.02 * random.normal();
    return resonators.reduce((x, resonate) => resonate(x, n), slope + breath);
  });
}

function fricative(span: Span, random: Random): Float64Array {
  const hz = random.between(2500, 6500);
  const resonate = createResonator({ hz, toHz: hz, bandwidthHz: random.between(800, 2500), span });
  let previous = 0;
  return Float64Array.from({ length: span.samples }, (_, n) => {
    const white = random.normal();
    const high = white - previous;
    previous = white;
    return 0.15 * resonate(high, n);
  });
}

function pause(span: Span): Float64Array {
  return new Float64Array(span.samples);
}

interface ResonatorOptions {
  readonly hz: number;
  readonly toHz: number;
  readonly bandwidthHz: number;
  readonly span: Span;
}

// Two poles at radius e^(−π·bandwidth/rate), unity gain at 0 Hz: Klatt's digital resonator. Its frequency glides to toHz.
function createResonator({ hz, toHz, bandwidthHz, span }: ResonatorOptions): (x: number, n: number) => number {
  const radius = Math.exp((-Math.PI * bandwidthHz) / span.sampleRateHz);
  let [last, beforeLast] = [0, 0];
  return (x, n) => {
    const now = hz + ((toHz - hz) * n) / span.samples;
    const c1 = 2 * radius * Math.cos((2 * Math.PI * now) / span.sampleRateHz);
    const c2 = -radius * radius;
    const y = (1 - c1 - c2) * x + c1 * last + c2 * beforeLast;
    [beforeLast, last] = [last, y];
    return y;
  };
}

// Ends of 8 ms without a step.
function fade(n: number, samples: number): number {
  return Math.min(1, n / 128, (samples - n) / 128);
}
