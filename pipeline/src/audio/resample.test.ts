import { UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { resample } from "./resample.ts";

const toHz = 16_000;
// The filter reaches 48 samples of the lower rate to each side, 96 of the result from 8 kHz: further in, the ends are not felt.
const edge = 100;

// A pure tone has a closed form at every rate: the result must be the same tone, in gain and in time.
test.each([
  [44100, [100, 1000, 4000, 7000]],
  [48000, [100, 1000, 4000, 7000]],
  [96000, [1000, 7000]],
  [22050, [1000, 7000]],
  [11025, [1000, 4800]],
  [8000, [300, 1000, 3500]],
  [15999, [1000, 6900]],
])("%i Hz to 16 kHz: tones of %j Hz keep gain within 0.001 dB and phase", (fromHz, tones) => {
  for (const hz of tones) {
    const out = resample(tone(hz, fromHz, 0.25), { fromHz, toHz });

    const expected = tone(hz, toHz, 0.25);
    const inner = [...out.keys()].slice(edge, -edge);
    const worst = Math.max(...inner.map((i) => Math.abs(out[i]! - expected[i]!)));
    // 0.001 dB is a factor of 1.000115.
    expect(worst, `${hz} Hz`).toBeLessThan(1.15e-4);
  }
});

test.each([
  [48000, [8000, 8100, 9000, 12000, 16000, 20000, 23500]],
  [44100, [8000, 9000, 15000, 22000]],
])("%i Hz to 16 kHz: tones of %j Hz are more than 80 dB down", (fromHz, tones) => {
  for (const hz of tones) {
    const out = resample(tone(hz, fromHz, 0.25), { fromHz, toHz }).slice(edge, -edge);

    const peak = Math.max(...out.map(Math.abs));
    expect(20 * Math.log10(peak), `${hz} Hz`).toBeLessThan(-80);
  }
});

test("the length is the duration at the new rate, rounded up", () => {
  const lengths = [0, 1, 2, 441, 44100, 44101].map(
    (n) => resample(new Float32Array(n), { fromHz: 44100, toHz }).length,
  );

  expect(lengths).toEqual([0, 1, 1, 160, 16000, 16001]);
});

test("a constant stays that constant away from the ends", () => {
  const out = resample(new Float32Array(4410).fill(0.5), { fromHz: 44100, toHz }).slice(edge, -edge);

  expect(Math.max(...out.map((value) => Math.abs(value - 0.5)))).toBeLessThan(1e-7);
});

test("the same rate is passed through as a copy", () => {
  const samples = Float32Array.of(0.1, -0.2);

  const out = resample(samples, { fromHz: toHz, toHz });

  expect(out).toEqual(samples);
  expect(out).not.toBe(samples);
});

test("a rate that is no whole number is refused", () => {
  expect(() => resample(new Float32Array(1), { fromHz: 22050.5, toHz })).toThrow(UsageError);
});

function tone(hz: number, sampleRateHz: number, seconds: number): Float32Array {
  return Float32Array.from({ length: Math.ceil(sampleRateHz * seconds) }, (_, i) =>
    Math.sin((2 * Math.PI * hz * i) / sampleRateHz),
  );
}
