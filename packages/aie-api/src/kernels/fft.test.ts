import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { argumentsBase, buildPair, edgeFrames, randomFrames } from "./kernel-pair.test-support.ts";

const points = 512;
const pcmAt = argumentsBase;
const outAt = argumentsBase + 4_096;
const refAt = argumentsBase + 12_288;
let kernel: TestKernel;
let dataBytes: number;

beforeAll(async () => {
  ({ kernel, dataBytes } = await buildPair({
    file: "kernels/fft/fft.cc",
    exports: ["fft512_i16"],
    reference: `#include "fft/fft_ref.h"
      extern "C" void fft512_i16_ref(const int16_t *in, int32_t *out) { fft512::fft512_i16_ref(in, out); }`,
    referenceExports: ["fft512_i16_ref"],
  }));
}, startTimeoutMs);

function spectrum(frame: Int16Array): Int32Array {
  new Int16Array(kernel.memory.buffer, pcmAt, points).set(frame);
  kernel.call("fft512_i16", pcmAt, outAt);
  return new Int32Array(kernel.memory.buffer, outAt, 2 * points).slice();
}

function reference(frame: Int16Array): Int32Array {
  new Int16Array(kernel.memory.buffer, pcmAt, points).set(frame);
  kernel.call("fft512_i16_ref", pcmAt, refAt);
  return new Int32Array(kernel.memory.buffer, refAt, 2 * points).slice();
}

/** 64 times the transform, by its definition in float64. */
function definition(frame: Int16Array): Float64Array {
  const out = new Float64Array(2 * points);
  for (let k = 0; k < points; k++) {
    for (let n = 0; n < points; n++) {
      const angle = (2 * Math.PI * ((k * n) % points)) / points;
      out[2 * k]! += 64 * frame[n]! * Math.cos(angle);
      out[2 * k + 1]! -= 64 * frame[n]! * Math.sin(angle);
    }
  }
  return out;
}

test.each([...edgeFrames(points)])("fft512_i16 equals its scalar meaning bit for bit: %s", (_name, frame) => {
  expect(spectrum(frame)).toEqual(reference(frame));
});

test("fft512_i16 equals its scalar meaning bit for bit on 200 random frames", () => {
  for (const frame of randomFrames(200, points, 1)) expect(spectrum(frame)).toEqual(reference(frame));
});

// Each stage rounds half of its outputs (variance 1/12) and the stages after it add them up: a value of the 256-point
// transform carries 255 / 24 of variance, the last pass adds four such values and rounds: 6.5 units rms; 40 is six times that.
const toleranceUnits = 40;

test.each([...edgeFrames(points), ...randomFrames(6, points, 2).map((f, i) => [`random ${i}`, f] as const)])(
  "fft512_i16 is within 40 units of 64 times the float64 transform: %s",
  (_name, frame) => {
    const [got, exact] = [spectrum(frame), definition(frame)];
    const worst = got.reduce((most, v, i) => Math.max(most, Math.abs(v - exact[i]!)), 0);
    expect(worst).toBeLessThanOrEqual(toleranceUnits);
  },
);

test("a constant of full scale gives 2^30 in bin 0, the largest value there is", () => {
  const out = spectrum(edgeFrames(points).get("least constant")!);
  expect(out[0]).toBe(-(2 ** 30));
  expect(out.slice(1).every((v) => Math.abs(v) <= toleranceUnits)).toBe(true);
});

test("bins 257..511 are the conjugates of 255..1", () => {
  const out = spectrum(randomFrames(1, points, 3)[0]!);
  for (let k = 1; k < 256; k++) {
    expect([out[2 * (512 - k)], out[2 * (512 - k) + 1]]).toEqual([out[2 * k], -out[2 * k + 1]! + 0]);
  }
});

test("fft512_i16 takes 13,568 bytes of the tile", () => {
  expect(dataBytes).toBe(13_568);
});
