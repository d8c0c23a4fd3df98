import { roundingModes, saturationModes } from "@aiekit/core";
import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import {
  argumentsBase,
  buildPair,
  clampInt16,
  edgeFrames,
  optionalSpeech,
  randomFrames,
  seededRandom,
} from "./kernel-pair.test-support.ts";
import { logMelReference } from "./mel-reference.test-support.ts";

const samples = 400;
const bands = 80;
const pcmAt = argumentsBase;
const powerAt = argumentsBase + 1_024;
const bandsAt = argumentsBase + 4_096;
const outAt = argumentsBase + 6_144;
const exports = ["mel_frame_i16", "mel_power_i16", "mel_bands_i32", "mel_log_i16"];
let kernel: TestKernel;
let dataBytes: number;

beforeAll(async () => {
  ({ kernel, dataBytes } = await buildPair({
    file: "kernels/mel/mel.cc",
    exports,
    reference: `#include <aie_api/aie.hpp>
      #include "mel/mel_ref.h"
      extern "C" void mel_frame_i16_ref(const int16_t *pcm, int16_t *out) { mel::mel_frame_i16_ref(pcm, out); }
      extern "C" void mel_power_i16_ref(const int16_t *pcm, int32_t *power) { mel::mel_power_i16_ref(pcm, power); }
      extern "C" void mel_bands_i32_ref(const int32_t *power, int32_t *bands) { mel::mel_bands_i32_ref(power, bands); }
      extern "C" void mel_log_i16_ref(const int32_t *bands, int16_t *out) { mel::mel_log_i16_ref(bands, out); }
      extern "C" void set_modes(int rounding, int saturation) {
        aie::set_rounding(static_cast<aie::rounding_mode>(rounding));
        aie::set_saturation(static_cast<aie::saturation_mode>(saturation)); }`,
    referenceExports: [...exports.map((name) => `${name}_ref`), "set_modes"],
  }));
}, startTimeoutMs);

const bytes = (at: number, length: number): Uint8Array => new Uint8Array(kernel.memory.buffer, at, length).slice();
const put = (frame: Int16Array): void => new Int16Array(kernel.memory.buffer, pcmAt, samples).set(frame);

/** Q8.8 dB of one frame, by the fused kernel or, with suffix "_ref", its scalar meaning. */
function melFrame(frame: Int16Array, suffix: "" | "_ref" = ""): Int16Array {
  put(frame);
  kernel.call(`mel_frame_i16${suffix}`, pcmAt, outAt);
  return new Int16Array(kernel.memory.buffer, outAt, bands).slice();
}

/** What the three stages leave behind: power, bands, result. */
function melStages(frame: Int16Array, suffix: "" | "_ref" = ""): Uint8Array[] {
  new Uint8Array(kernel.memory.buffer, powerAt, outAt + 2 * bands - powerAt).fill(0x5a);
  put(frame);
  kernel.call(`mel_power_i16${suffix}`, pcmAt, powerAt);
  kernel.call(`mel_bands_i32${suffix}`, powerAt, bandsAt);
  kernel.call(`mel_log_i16${suffix}`, bandsAt, outAt);
  return [bytes(powerAt, 4 * 264), bytes(bandsAt, 4 * 88), bytes(outAt, 2 * bands)];
}

const frames = (): readonly Int16Array[] => [...edgeFrames(samples).values(), ...randomFrames(200, samples, 4)];

test("every stage of mel equals its scalar meaning bit for bit: 8 edge frames, 200 random ones", () => {
  for (const frame of frames()) expect(melStages(frame)).toEqual(melStages(frame, "_ref"));
});

test("the three stages in a row equal the fused kernel bit for bit, and so does its scalar meaning", () => {
  for (const frame of frames()) {
    const fused = melFrame(frame);
    expect(melFrame(frame, "_ref")).toEqual(fused);
    expect(new Int16Array(melStages(frame)[2]!.buffer)).toEqual(fused);
  }
});

test("the modes that an earlier kernel left behind do not change the result", () => {
  const frame = randomFrames(1, samples, 5)[0]!;
  const expected = melFrame(frame);
  kernel.call("set_modes", roundingModes.ceil, saturationModes.symmetric);
  expect(melFrame(frame)).toEqual(expected);
});

test("silence is -100 dB in every band", () => {
  expect(melFrame(new Int16Array(samples))).toEqual(new Int16Array(bands).fill(-25_600));
});

test("a 500 Hz tone peaks in band 16, whose centre of 488 Hz is nearest; half the amplitude is 6.02 dB less", () => {
  const tone = (amplitude: number): Int16Array =>
    Int16Array.from({ length: samples }, (_, n) => clampInt16(amplitude * Math.sin((2 * Math.PI * 500 * n) / 16_000)));
  const [loud, soft] = [melFrame(tone(32_000)), melFrame(tone(16_000))];

  expect(loud.indexOf(Math.max(...loud))).toBe(16);
  expect((loud[16]! - soft[16]!) / 256).toBeCloseTo(20 * Math.log10(2), 2);
});

const rateHz = 16_000;
const synthetic = (f: (n: number) => number): Int16Array =>
  Int16Array.from({ length: 3_200 }, (_, n) => clampInt16(f(n)));
const sine = (hz: number, n: number): number => Math.sin((2 * Math.PI * hz * n) / rateHz);
const random = seededRandom(6);
const noise = (): number => 2 * random() - 1;
const speech = optionalSpeech();
if (!speech) console.warn("skipped: mel on recorded speech: the optional data folder has no jfk.wav");

const clips: readonly (readonly [name: string, pcm: Int16Array | undefined])[] = [
  ["noise", synthetic(() => 20_000 * noise())],
  ["faint noise", synthetic(() => 40 * noise())],
  ["tone of 1 kHz", synthetic((n) => 32_000 * sine(1_000, n))],
  ["tone between bins", synthetic((n) => 30_000 * sine(437.7, n))],
  ["clipped tone", synthetic((n) => 90_000 * sine(300, n))],
  ["loud low and faint high tone", synthetic((n) => 30_000 * sine(200, n) + 30 * sine(5_000, n) + 20 * noise())],
  ["tone on an offset", synthetic((n) => 20_000 + 3_000 * sine(764, n))],
  ["sweep", synthetic((n) => 30_000 * Math.sin(2 * Math.PI * (50 * (n / rateHz) + 19_000 * (n / rateHz) ** 2)))],
  ["impulses", synthetic((n) => (n % 640 === 200 ? 32_767 : 0))],
  ["recorded speech", speech],
];

// Rounding to Q8.8 is 0.002 dB, Q31 tables and 31-bit data as much again, the Q15 weights of the filters up to 0.006 dB
// where a band lives from the foot of its triangle alone; three times their sum.
const toleranceDb = 0.03;

test.each(clips.filter(([, pcm]) => pcm))(
  "mel of %s: pearson > 0.9995, within 0.03 dB down to 60 dB below the maximum",
  (_name, pcm) => {
    const count = 1 + Math.floor((pcm!.length - samples) / 160);
    const got: number[] = [];
    const want: number[] = [];
    for (let frame = 0; frame < count; frame += count > 100 ? 7 : 1) {
      const at = pcm!.subarray(frame * 160, frame * 160 + samples);
      got.push(...Array.from(melFrame(at), (v) => v / 256));
      want.push(...logMelReference(at));
    }
    const audible = Math.max(...want) - 60;
    const worst = want.reduce((most, w, i) => (w >= audible ? Math.max(most, Math.abs(w - got[i]!)) : most), 0);

    expect(worst).toBeLessThanOrEqual(toleranceDb);
    expect(pearson(got, want)).toBeGreaterThan(0.9995);
  },
);

test("every band is alive: white noise keeps each of the 80 within 40 dB of the loudest", () => {
  const out = melFrame(Int16Array.from({ length: samples }, () => clampInt16(10_000 * noise())));
  expect(Math.min(...out)).toBeGreaterThan(Math.max(...out) - 40 * 256);
});

test("mel takes 27,840 bytes of the tile", () => {
  expect(dataBytes).toBe(27_840);
});

function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (v: readonly number[]): number => v.reduce((sum, x) => sum + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  const dot = (p: readonly number[], mp: number, q: readonly number[], mq: number): number =>
    p.reduce((sum, x, i) => sum + (x - mp) * (q[i]! - mq), 0);
  return dot(a, ma, b, mb) / Math.sqrt(dot(a, ma, a, ma) * dot(b, mb, b, mb));
}
