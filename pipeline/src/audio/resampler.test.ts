import fc from "fast-check";
import { expect, test } from "vitest";
import { resample } from "./resample.ts";
import { createResampler } from "./resampler.ts";

const toHz = 16_000;

test("a stream cut anywhere gives bit for bit the result of the whole", () => {
  const rates = fc.constantFrom(44_100, 48_000, 8000, 11_025, 96_000, 15_999, 16_000);
  fc.assert(
    fc.property(rates, fc.array(fc.nat(700), { maxLength: 12 }), fc.nat(1000), (fromHz, lengths, seed) => {
      const total = lengths.reduce((sum, n) => sum + n, 0);
      const samples = Float32Array.from({ length: total }, (_, i) => Math.sin((i + seed) * 0.37) * Math.cos(i * 1.9));
      const { push, end } = createResampler({ fromHz, toHz });
      const blocks: Float32Array[] = [];
      let at = 0;
      for (const length of lengths) {
        blocks.push(push(samples.subarray(at, at + length)));
        at += length;
      }
      blocks.push(end());

      const streamed = blocks.flatMap((block) => [...block]);
      expect(streamed).toEqual([...resample(samples, { fromHz, toHz })]);
      expect(streamed).toHaveLength(Math.ceil((total * toHz) / fromHz));
    }),
    { seed: 6, numRuns: 12 },
  );
});

test("a stream is put out as it comes: no more than one filter length is held back", () => {
  const { push } = createResampler({ fromHz: 48_000, toHz });

  // The filter reaches 48 samples of 16 kHz to each side, 144 of 48 kHz.
  const lengths = [480, 480, 4800].map((n) => push(new Float32Array(n)).length);

  expect(lengths).toEqual([112, 160, 1600]);
});

// A sine is a closed form at every rate. The gain is that of the sine and the cosine in the result, by projection on both.
test.each([8000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000])(
  "%i Hz to 16 kHz: the pass-band is flat within 0.001 dB up to 7/8 of the lower Nyquist frequency",
  (fromHz) => {
    const top = (7 / 8) * (Math.min(fromHz, toHz) / 2);
    const gains = Array.from({ length: 8 }, (_, i) => gainDb({ fromHz, hz: 20 + ((top - 20) * i) / 7 }));

    expect(Math.max(...gains.map(Math.abs))).toBeLessThan(0.001);
  },
);

test.each([22_050, 32_000, 44_100, 48_000, 96_000])(
  "%i Hz to 16 kHz: a tone from 8001 Hz up to the input's Nyquist frequency is 89 dB down or more",
  (fromHz) => {
    // At 8 kHz itself a sine is sampled in its zeros: 1 Hz above, all of its phases come by within a quarter of a second.
    const [low, high] = [8001, fromHz / 2 - 20];
    const peaks = Array.from({ length: 10 }, (_, i) => peakDb({ fromHz, hz: low + ((high - low) * i) / 9 }));

    expect(Math.max(...peaks)).toBeLessThan(-89);
  },
);

test.each([8000, 11_025])("%i Hz to 16 kHz: the image of a tone is 89 dB down or more", (fromHz) => {
  // All but the tone itself is image: what is left when sine and cosine of the tone are taken out.
  const top = (7 / 8) * (fromHz / 2);
  const images = Array.from({ length: 8 }, (_, i) => residueDb({ fromHz, hz: 100 + ((top - 100) * i) / 7 }));

  expect(Math.max(...images)).toBeLessThan(-89);
});

interface Probe {
  readonly fromHz: number;
  readonly hz: number;
}

/** A quarter of a second of a tone at 16 kHz, without the ends in which the filter reaches over the edge. */
function steady({ fromHz, hz }: Probe): Float32Array {
  const tone = Float32Array.from({ length: Math.ceil(fromHz / 4) }, (_, i) =>
    Math.sin((2 * Math.PI * hz * i) / fromHz),
  );
  return resample(tone, { fromHz, toHz }).slice(100, -100);
}

function gainDb(probe: Probe): number {
  const { sine, cosine } = projection(steady(probe), probe.hz);
  return 20 * Math.log10(Math.hypot(sine, cosine));
}

function residueDb(probe: Probe): number {
  const out = steady(probe);
  const { sine, cosine } = projection(out, probe.hz);
  const residue = out.map(
    (value, i) => value - sine * Math.sin(angle(probe.hz, i)) - cosine * Math.cos(angle(probe.hz, i)),
  );
  return 20 * Math.log10(Math.max(...residue.map(Math.abs)));
}

function peakDb(probe: Probe): number {
  return 20 * Math.log10(Math.max(1e-12, ...steady(probe).map(Math.abs)));
}

/** Least squares of a · sin + b · cos. */
function projection(out: Float32Array, hz: number): { readonly sine: number; readonly cosine: number } {
  let [ss, sc, cc, ys, yc] = [0, 0, 0, 0, 0];
  for (let i = 0; i < out.length; i++) {
    const [s, c, y] = [Math.sin(angle(hz, i)), Math.cos(angle(hz, i)), out[i]!];
    ss += s * s;
    sc += s * c;
    cc += c * c;
    ys += y * s;
    yc += y * c;
  }
  const determinant = ss * cc - sc * sc;
  return { sine: (ys * cc - yc * sc) / determinant, cosine: (yc * ss - ys * sc) / determinant };
}

function angle(hz: number, i: number): number {
  return (2 * Math.PI * hz * i) / toHz;
}
