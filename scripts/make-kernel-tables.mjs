// Writes the tables of kernels/fft and kernels/mel from their formulas.
//
//   node scripts/make-kernel-tables.mjs            writes the headers
//   import { kernelTables } from it                path -> text, for the test that the committed headers are these
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const lanes = 16;
const points = 512;
const windowSamples = 400;
const sampleRateHz = 16000;
const melBands = 80;

/** Every generated header: path from the repository root -> text. */
export function kernelTables() {
  return new Map([
    ["kernels/fft/fft_tables.h", fftTables()],
    ["kernels/mel/mel_tables.h", melTables()],
  ]);
}

const fixed = (x, bits) => Math.max(-(2 ** bits), Math.min(2 ** bits - 1, Math.round(x * 2 ** bits)));
const q15 = (x) => fixed(x, 15);
const q31 = (x) => fixed(x, 31);

/** Twiddles e^(-2 pi i k / n) as (-cos, -sin): both lie in [-1, 1), so Q31 holds the factor 1 exactly. */
function fftTables() {
  const half = points / 2;
  const stages = [];
  for (let stride = 1; stride < half / 2; stride *= 2) {
    const angles = Array.from({ length: half / 2 }, (_, i) => (2 * Math.PI * Math.floor(i / stride) * stride) / half);
    stages.push({ cos: angles.map((a) => q31(-Math.cos(a))), sin: angles.map((a) => q31(-Math.sin(a))) });
  }
  const split = Array.from({ length: half }, (_, k) => (2 * Math.PI * k) / points);
  return `${heading("fft512", "Twiddles of the 512-point real transform, Q31. w = e^(-i angle) is held as (-cos, -sin).")}
// [stage][i]: angle = 2 pi (i / stride) stride / 256 with stride = 2^stage; the last stage multiplies by one.
${table(
  "kStageCos",
  stages.map((s) => s.cos),
  "int32_t",
)}
${table(
  "kStageSin",
  stages.map((s) => s.sin),
  "int32_t",
)}
// [k]: angle = 2 pi k / 512.
${table(
  "kSplitCos",
  split.map((a) => q31(-Math.cos(a))),
  "int32_t",
)}
${table(
  "kSplitSin",
  split.map((a) => q31(-Math.sin(a))),
  "int32_t",
)}
${footing}`;
}

function melTables() {
  const hann = Array.from({ length: windowSamples }, (_, n) =>
    q31(0.5 - 0.5 * Math.cos((2 * Math.PI * n) / windowSamples)),
  );
  const edgesHz = Array.from({ length: melBands + 2 }, (_, i) =>
    melToHz((hzToMel(sampleRateHz / 2) * i) / (melBands + 1)),
  );
  const weight = (band, bin) => {
    const hz = (bin * sampleRateHz) / points;
    const [low, peak, high] = edgesHz.slice(band, band + 3);
    return Math.max(0, Math.min((hz - low) / (peak - low), (high - hz) / (high - peak)));
  };
  const firstBins = [];
  const firstRows = [0];
  const rows = [];
  for (let group = 0; group < melBands / lanes; group++) {
    const bands = Array.from({ length: lanes }, (_, i) => group * lanes + i);
    const used = Array.from({ length: points / 2 + 1 }, (_, bin) => bin).filter((bin) =>
      bands.some((b) => weight(b, bin) > 0),
    );
    firstBins.push(used[0]);
    for (let bin = used[0]; bin <= used.at(-1); bin++) rows.push(bands.map((band) => q15(weight(band, bin))));
    firstRows.push(rows.length);
  }
  const polynomial = logPolynomial(5);
  return `${heading("mel", "Window, mel weights and logarithm of kernels/mel.")}
// Periodic Hann window, 0.5 - 0.5 cos(2 pi n / 400), Q31; 1 is held as 2^31 - 1.
${table("kHann", hann, "int32_t")}
// Mel triangles in groups of 16 bands: row r of group g holds the weights (Q15) of bin kFirstBin[g] + r - kFirstRow[g].
// HTK scale 2595 log10(1 + f / 700), ${melBands + 2} edges equally spaced from 0 to 8000 Hz, peak 1, bin k at 31.25 k Hz.
${table("kMelWeights", rows)}
${table("kFirstBin", firstBins, "int32_t")}
${table("kFirstRow", firstRows, "int32_t")}
// log2(1 + f) = f (c0 + f (c1 + ...)) for f in [0, 1), Q28; largest error ${polynomial.error.toExponential(1)}.
${table("kLog2", polynomial.coefficients, "int32_t")}
${footing}`;
}

const hzToMel = (hz) => 2595 * Math.log10(1 + hz / 700);
const melToHz = (mel) => 700 * (10 ** (mel / 2595) - 1);

/** Interpolates log2(1 + f) / f at the Chebyshev nodes of [0, 1]: within a factor of two of the best polynomial. */
export function logPolynomial(count) {
  const nodes = Array.from({ length: count }, (_, i) => 0.5 - 0.5 * Math.cos((Math.PI * (i + 0.5)) / count));
  const divided = nodes.map((f) => Math.log2(1 + f) / f);
  for (let order = 1; order < count; order++) {
    for (let i = count - 1; i >= order; i--) divided[i] = (divided[i] - divided[i - 1]) / (nodes[i] - nodes[i - order]);
  }
  let coefficients = [0];
  for (let i = count - 1; i >= 0; i--) {
    const shifted = [0, ...coefficients];
    coefficients = shifted.map((c, j) => c - nodes[i] * (coefficients[j] ?? 0));
    coefficients[0] += divided[i];
  }
  coefficients = coefficients.slice(0, count).map((c) => Math.round(c * 2 ** 28));
  let error = 0;
  for (let f = 0; f < 1; f += 1 / 32768) {
    const value = coefficients.reduceRight((sum, c) => sum * f + c / 2 ** 28, 0) * f;
    error = Math.max(error, Math.abs(value - Math.log2(1 + f)));
  }
  return { coefficients, error };
}

export const heading = (namespace, what, generator = "scripts/make-kernel-tables.mjs") => `// ${what}
// Generated by ${generator}; change the formulas there.
#pragma once

#include <stdint.h>

namespace ${namespace} {
`;
const footing = "}\n";

/** One or two dimensions, in lines of at most 120 characters. */
export function table(name, values, type = "int16_t") {
  const nested = Array.isArray(values[0]);
  const dimensions = nested ? `[${values.length}][${values[0].length}]` : `[${values.length}]`;
  const body = nested ? values.map((row) => `    {${wrap(row, "     ")}},`).join("\n") : `    ${wrap(values, "    ")}`;
  return `alignas(64) static constexpr ${type} ${name}${dimensions} = {\n${body}\n};`;
}

function wrap(values, indent) {
  const lines = [""];
  for (const [i, value] of values.entries()) {
    const word = `${value}${i + 1 < values.length ? "," : ""}`;
    const line = lines.at(-1);
    if (line.length + word.length + indent.length > 117) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join(`\n${indent}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of kernelTables()) writeFileSync(new URL(`../${path}`, import.meta.url), text);
}
