// Writes the tables of kernels/logmel from their formulas.
//
//   node scripts/make-logmel-tables.mjs            writes the headers
//   import { logmelTables } from it                path -> text, for the test that the committed headers are these
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { heading, logPolynomial, table } from "./make-kernel-tables.mjs";

const windowSamples = 400;
const sampleRateHz = 16000;
const bins = windowSamples / 2 + 1;
const [tileBands, tileBins] = [4, 8];

/** Every generated header: path from the repository root -> text. */
export function logmelTables() {
  return new Map([
    ["kernels/logmel/logmel_tables.h", constants()],
    ["kernels/logmel/logmel_filters.h", filters()],
  ]);
}

function constants() {
  const cosine = Array.from({ length: windowSamples }, (_, i) => cosineOf(i));
  const { coefficients, error } = logPolynomial(5);
  return `${heading("logmel", "Cosine and logarithm of kernels/logmel.", generator)}
// cos(2 pi i / 400): window and basis are made of it when the kernel is compiled.
${table("kCosine", cosine, "double")}
// log2(1 + f) = f (c0 + f (c1 + ...)) for f in [0, 1), Q28; largest error ${error.toExponential(1)}.
${table("kLog2", coefficients, "int32_t")}
}
`;
}

/** Exact at the multiples of a quarter turn, where Math.cos leaves 1e-16. */
function cosineOf(i) {
  return i % 100 === 0 ? [1, 0, -1, 0][i / 100] : Math.cos((2 * Math.PI * i) / windowSamples);
}

function filters() {
  return `${heading("logmel", "Mel filters of kernels/logmel.", generator)}
// Slaney's mel scale (linear below 1 kHz), triangles from 0 to 8000 Hz with area 1, bin k at 40 k Hz. bfloat16, in tiles of
// 4 bands by 8 bins: group g of 4 bands has tiles first_tile[g] .. first_tile[g + 1] - 1, from block first_block[g] of 8
// bins on.
${bank(80)}

${bank(128)}
}
`;
}

function bank(bands) {
  const edgesHz = Array.from({ length: bands + 2 }, (_, i) => melToHz((hzToMel(sampleRateHz / 2) * i) / (bands + 1)));
  const weight = (band, bin) => {
    if (bin >= bins) return 0;
    const hz = (bin * sampleRateHz) / windowSamples;
    const [low, peak, high] = edgesHz.slice(band, band + 3);
    return (Math.max(0, Math.min((hz - low) / (peak - low), (high - hz) / (high - peak))) * 2) / (high - low);
  };
  const firstBlocks = [];
  const firstTiles = [0];
  const tiles = [];
  for (let group = 0; group < bands; group += tileBands) {
    const rows = Array.from({ length: tileBands }, (_, r) => group + r);
    const used = Array.from({ length: bins }, (_, bin) => bin).filter((bin) => rows.some((b) => weight(b, bin) > 0));
    const [first, last] = [used[0], used.at(-1)].map((bin) => Math.floor(bin / tileBins));
    for (let block = first; block <= last; block++) {
      const columns = Array.from({ length: tileBins }, (_, c) => block * tileBins + c);
      tiles.push(rows.flatMap((band) => columns.map((bin) => bf16Bits(weight(band, bin)))));
    }
    firstBlocks.push(first);
    firstTiles.push(tiles.length);
  }
  return `struct filters${bands} {
  static constexpr unsigned bands = ${bands};
  ${table("first_block", firstBlocks, "uint16_t")}
  ${table("first_tile", firstTiles, "uint16_t")}
  ${table("weights", tiles, "uint16_t")}
};`;
}

const hzToMel = (hz) => (hz < 1000 ? (3 * hz) / 200 : 15 + (27 * Math.log(hz / 1000)) / Math.log(6.4));
const melToHz = (mel) => (mel < 15 ? (200 * mel) / 3 : 1000 * Math.exp(((mel - 15) * Math.log(6.4)) / 27));

/** To nearest, ties to even. */
function bf16Bits(value) {
  const bits = new Uint32Array(new Float32Array([value]).buffer)[0];
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

const generator = "scripts/make-logmel-tables.mjs";

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of logmelTables()) writeFileSync(new URL(`../${path}`, import.meta.url), text);
}
