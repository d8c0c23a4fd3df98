import { toPcm } from "./pcm.ts";
import { createRandom } from "./random.ts";

/** Length of a signal. `amplitude` of the functions below is a fraction of full scale, 0…1. */
export interface Span {
  readonly samples: number;
  readonly sampleRateHz: number;
}

export function sine(span: Span, hz: number, amplitude: number): Int16Array {
  return build(span, (n) => amplitude * Math.sin((2 * Math.PI * hz * n) / span.sampleRateHz));
}

/** A sine of twice full scale: its peaks are cut at ±full scale. */
export function clippedSine(span: Span, hz: number): Int16Array {
  return sine(span, hz, 2);
}

/** One sample of `amplitude` every `periodSamples`, the first at `firstSample`. */
export function impulses(
  span: Span,
  { firstSample, periodSamples, amplitude }: Readonly<Record<"firstSample" | "periodSamples" | "amplitude", number>>,
): Int16Array {
  return build(span, (n) => (n >= firstSample && (n - firstSample) % periodSamples === 0 ? amplitude : 0));
}

export function silence(span: Span): Int16Array {
  return new Int16Array(span.samples);
}

/** White noise, uniform in ±amplitude. */
export function whiteNoise(span: Span, seed: number, amplitude: number): Int16Array {
  const random = createRandom(seed);
  return build(span, () => amplitude * random.between(-1, 1));
}

/** A sine whose frequency runs from `fromHz` to `toHz`, by the same ratio each second. */
export function chirp(
  span: Span,
  { fromHz, toHz, amplitude }: Readonly<Record<"fromHz" | "toHz" | "amplitude", number>>,
): Int16Array {
  const rate = Math.log(toHz / fromHz) / span.samples;
  return build(span, (n) => {
    const cycles = (fromHz / span.sampleRateHz) * (Math.expm1(rate * n) / rate);
    return amplitude * Math.sin(2 * Math.PI * cycles);
  });
}

function build(span: Span, sample: (n: number) => number): Int16Array {
  return toPcm(Float64Array.from({ length: span.samples }, (_, n) => sample(n)));
}
