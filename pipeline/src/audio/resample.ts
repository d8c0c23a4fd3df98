import { createResampler, type Rates } from "./resampler.ts";

/** A whole sound at another rate, as `createResampler` gives it. @throws UsageError for rates that are no whole numbers. */
export function resample(samples: Float32Array, rates: Rates): Float32Array {
  const { push, end } = createResampler(rates);
  const first = push(samples);
  const rest = end();
  if (rest.length === 0) return first;
  const out = new Float32Array(first.length + rest.length);
  out.set(first);
  out.set(rest, first.length);
  return out;
}
