import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { roundingModes, saturationModes } from "@aiekit/core";
import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import {
  argumentsBase,
  buildPair,
  edgeFrames,
  type KernelPair,
  randomFrames,
  repositoryRoot,
} from "./kernel-pair.test-support.ts";

const samples = 1_520;
const [rows, frames] = [104, 8];
const partFloats = rows * frames;
const pcmAt = argumentsBase;
const spanAt = argumentsBase + 6_144;
const outAt = argumentsBase + 6_400;
const [oddAt, cosAt, sinAt, featuresAt, otherAt] = [0, 8_192, 12_288, 16_384, 24_576].map((at) => outAt + at) as [
  number,
  number,
  number,
  number,
  number,
];

const parts = { odd: 2 * partFloats, cos: partFloats, sin: partFloats } as const;
type Part = keyof typeof parts;
const pairs = new Map<Part | "bands", KernelPair>();

beforeAll(async () => {
  for (const name of Object.keys(parts) as Part[]) {
    const wrapper = (type: string, suffix: string) =>
      `extern "C" void logmel_${name}_${suffix}_ref(${type} *pcm, float *out, const int32_t *span, int32_t batch) {
        logmel::${name}_ref(pcm, out, span, batch); }`;
    const pair = await buildPair({
      file: `kernels/logmel/logmel_${name}.cc`,
      exports: [`logmel_${name}_i16`, `logmel_${name}_f32`],
      reference: `#include <aie_api/aie.hpp>
        #include "logmel/logmel_ref.h"
        ${wrapper("int16_t", "i16")}
        ${wrapper("float", "f32")}
        ${setModes}`,
      referenceExports: [`logmel_${name}_i16_ref`, `logmel_${name}_f32_ref`, "set_modes"],
      stackBytes: 12_288,
    });
    pairs.set(name, pair);
  }
  const bandsRef = (mels: number) =>
    `extern "C" void logmel_bands${mels}_f32_ref(const float *odd, const float *cosine, const float *sine, float *out) {
      logmel::bands_ref<logmel::filters${mels}>(odd, cosine, sine, out); }`;
  const bands = await buildPair({
    file: "kernels/logmel/logmel_bands.cc",
    exports: ["logmel_bands80_f32", "logmel_bands128_f32", "logmel_loudest_f32", "logmel_join_f32", "logmel_clamp_f32"],
    reference: `#include <aie_api/aie.hpp>
      #include "logmel/logmel_ref.h"
      ${bandsRef(80)}
      ${bandsRef(128)}
      ${setModes}`,
    referenceExports: ["logmel_bands80_f32_ref", "logmel_bands128_f32_ref", "set_modes"],
  });
  pairs.set("bands", bands);
}, 4 * startTimeoutMs);

const setModes = `extern "C" void set_modes(int rounding, int saturation) {
  aie::set_rounding(static_cast<aie::rounding_mode>(rounding));
  aie::set_saturation(static_cast<aie::saturation_mode>(saturation)); }`;

const kernelOf = (name: Part | "bands"): TestKernel => pairs.get(name)!.kernel;
const floats = (kernel: TestKernel, at: number, length: number): Float32Array =>
  new Float32Array(kernel.memory.buffer, at, length);

interface Span {
  readonly batches: number;
  readonly lead: 0 | 1;
  readonly tail: number;
}
const inside: Span = { batches: 3, lead: 0, tail: samples };

/** A part of the spectrum of one batch, by the kernel or, with suffix "_ref", its scalar meaning. */
function part(
  name: Part,
  pcm: Int16Array | Float32Array,
  options: { readonly suffix?: "_ref"; readonly span?: Span; readonly batch?: number } = {},
): Float32Array {
  const { suffix = "", span = inside, batch = 1 } = options;
  const kernel = kernelOf(name);
  const type = pcm instanceof Int16Array ? "i16" : "f32";
  if (pcm instanceof Int16Array) new Int16Array(kernel.memory.buffer, pcmAt, samples).set(pcm);
  else floats(kernel, pcmAt, samples).set(pcm);
  new Int32Array(kernel.memory.buffer, spanAt, 3).set([span.batches, span.lead, span.tail]);
  floats(kernel, outAt, parts[name]).fill(Number.NaN);
  kernel.call(`logmel_${name}_${type}${suffix}`, pcmAt, outAt, spanAt, batch);
  return floats(kernel, outAt, parts[name]).slice();
}

const batches = (): readonly Int16Array[] => [...edgeFrames(samples).values(), ...randomFrames(6, samples, 7)];
const asFloats = (pcm: Int16Array): Float32Array => Float32Array.from(pcm, (x, i) => x / 32_768 + Math.sin(i) * 1e-6);

// bfloat16 rounds by 2^-8 of the value at most. Samples and basis each lose 2^-16 in two terms, as much again goes with the
// product of the two lower terms, and 312 sums in binary32 lose at most 312 * 2^-24: all relative to the sum of |x|, for
// |window * basis| <= 1.
const partBound = 3 * 2 ** -16 + 312 * 2 ** -24;

function expectWithinBound(name: Part, pcm: Int16Array | Float32Array, options: { span?: Span; batch?: number }): void {
  const got = part(name, pcm, options);
  const want = part(name, pcm, { ...options, suffix: "_ref" });
  const scale = pcm instanceof Int16Array ? 32_768 : 1;
  for (const [i, value] of want.entries()) {
    const start = 160 * (i % frames);
    let magnitude = 1e-30;
    for (let n = Math.max(0, start - 200); n < Math.min(samples, start + 400); n++)
      magnitude += Math.abs(pcm[n]!) / scale;
    expect(Math.abs(got[i]! - value) / magnitude, `${name} ${i}`).toBeLessThanOrEqual(partBound);
  }
}

test.each(["odd", "cos", "sin"] as const)("part %s of 14 batches, int16 and float32, is within its bound", (name) => {
  for (const pcm of batches()) {
    expectWithinBound(name, pcm, {});
    expectWithinBound(name, asFloats(pcm), {});
  }
});

test.each(["odd", "cos", "sin"] as const)("part %s mirrors what lies before and after the sound", (name) => {
  const pcm = randomFrames(1, samples, 8)[0]!;
  for (const span of [
    { batches: 1, lead: 1, tail: 1_480 },
    { batches: 1, lead: 1, tail: samples },
    { batches: 1, lead: 0, tail: 1_493 },
  ] as const) {
    expectWithinBound(name, pcm, { span, batch: 0 });
    expectWithinBound(name, asFloats(pcm), { span, batch: 0 });
  }
});

test("the first batch is moved and mirrored, the last one mirrored, those between are left alone", () => {
  const pcm = randomFrames(1, samples, 9)[0]!;
  const span = { batches: 3, lead: 1, tail: 1_485 } as const;
  const plain = part("cos", pcm);

  expect(part("cos", pcm, { span, batch: 1 })).toEqual(plain);
  expect(part("cos", pcm, { span, batch: 0 })).not.toEqual(plain);
  expect(part("cos", pcm, { span, batch: 2 })).not.toEqual(plain);
});

/** Features of one batch from parts that the scalar meaning made. */
function features(mels: 80 | 128, pcm: Int16Array, suffix: "" | "_ref" = "", batch = 0): Float32Array {
  const kernel = kernelOf("bands");
  floats(kernel, oddAt, parts.odd).set(part("odd", pcm, { suffix: "_ref" }));
  floats(kernel, cosAt, parts.cos).set(part("cos", pcm, { suffix: "_ref" }));
  floats(kernel, sinAt, parts.sin).set(part("sin", pcm, { suffix: "_ref" }));
  const args = [oddAt, cosAt, sinAt, featuresAt, ...(suffix === "" ? [batch] : [])];
  kernel.call(`logmel_bands${mels}_f32${suffix}`, ...args);
  return floats(kernel, featuresAt, mels * frames).slice();
}

// A power in bfloat16 is off by 2^-8, and by 2^-15 for what was left out and rounded before it; log10 of that over 4; and
// 1e-5 for the logarithm: a fraction of 15 bits and the polynomial.
const featureBound = Math.log10(1 + 2 ** -8 + 2 ** -15) / 4 + 1e-5;

test.each([80, 128] as const)("features of %i bands are within 4.4e-4 of their meaning on 14 batches", (mels) => {
  for (const pcm of batches()) {
    const [got, want] = [features(mels, pcm), features(mels, pcm, "_ref")];
    for (const [i, value] of want.entries()) expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(featureBound);
  }
});

test("silence is (-10 + 4) / 4 in every band, within 1e-6", () => {
  for (const value of features(80, new Int16Array(samples))) expect(Math.abs(value + 1.5)).toBeLessThan(1e-6);
});

test("the loudest feature is that of all batches since batch 0; the clamp ends 2 below the loudest of all columns", () => {
  const kernel = kernelOf("bands");
  const [loud, soft] = [randomFrames(2, samples, 11)[0]!, new Int16Array(samples)];
  const most = Math.max(...features(80, loud, "", 0));
  features(80, soft, "", 1);
  kernel.call("logmel_loudest_f32", otherAt, 640);
  expect(new Set(floats(kernel, otherAt, 640))).toEqual(new Set([most]));

  floats(kernel, otherAt, 1)[0] = 1.25;
  kernel.call("logmel_join_f32", otherAt, 0);
  floats(kernel, otherAt, 1)[0] = 0.5;
  kernel.call("logmel_join_f32", otherAt, 1);
  floats(kernel, featuresAt, 640).set(Float32Array.from({ length: 640 }, (_, i) => i / 160 - 2));
  kernel.call("logmel_clamp_f32", featuresAt, otherAt, 640);
  expect(floats(kernel, otherAt, 640)).toEqual(
    Float32Array.from({ length: 640 }, (_, i) => Math.max(i / 160 - 2, -0.75)),
  );

  features(80, soft, "", 0);
  kernel.call("logmel_loudest_f32", otherAt, 640);
  expect(floats(kernel, otherAt, 1)[0]).toBeCloseTo(-1.5, 5);
});

test("the modes that an earlier kernel left behind do not change the result", () => {
  const pcm = randomFrames(1, samples, 12)[0]!;
  const expected = [part("odd", pcm), features(80, pcm)];
  for (const name of ["odd", "bands"] as const) {
    kernelOf(name).call("set_modes", roundingModes.ceil, saturationModes.symmetric);
  }
  expect([part("odd", pcm), features(80, pcm)]).toEqual(expected);
});

test("each part takes 46,848 bytes of its tile, the bands 10,240", () => {
  expect(Object.fromEntries([...pairs].map(([name, { dataBytes }]) => [name, dataBytes]))).toEqual({
    odd: 46_848,
    cos: 46_848,
    sin: 46_848,
    bands: 10_240,
  });
});

test("the committed headers are what scripts/make-logmel-tables.mjs writes", async () => {
  const script = await import(pathToFileURL(join(repositoryRoot, "scripts/make-logmel-tables.mjs")).href);
  const tables: ReadonlyMap<string, string> = script.logmelTables();

  expect([...tables.keys()].sort()).toEqual(["kernels/logmel/logmel_filters.h", "kernels/logmel/logmel_tables.h"]);
  for (const [path, text] of tables) expect(readFileSync(join(repositoryRoot, path), "utf8"), path).toBe(text);
});
