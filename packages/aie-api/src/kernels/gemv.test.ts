import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { bf16Noise, issueCycles, putBf16 } from "./bf16-arrays.test-support.ts";
import { argumentsBase, buildPair, seededRandom } from "./kernel-pair.test-support.ts";

interface Variant {
  readonly weight: "int8" | "bfloat16";
  readonly out: "bfloat16" | "float";
  readonly arch: 20 | 21;
  readonly m: number;
  /** Results of a unit. */
  readonly o: number;
}

const kc = 96;
const chunks = 2;
/** Rows of a channel that words come for: three units. */
const units = 3;
const variants: readonly Variant[] = [
  { weight: "int8", out: "float", arch: 20, m: 1, o: 24 },
  { weight: "bfloat16", out: "bfloat16", arch: 21, m: 5, o: 16 },
];
const kernels = new Map<Variant, TestKernel>();

const chapterOf = ({ o }: Variant): number => units * 2 * o;
const pitchOf = ({ o }: Variant): number => Math.ceil(o / 16) * 16;
const cTypes = { int8: "int8_t", bfloat16: "uint16_t", float: "float" } as const;

/** Where the arguments lie; each on 64 bytes. */
function placesOf(variant: Variant) {
  const objectBytes = 8 * kc * (variant.weight === "int8" ? 1 : 2);
  const [m, chapter] = [variant.m, chapterOf(variant)];
  const channelsAt = m * chunks * kc * 2;
  const residualAt = channelsAt + 2 * 4 * chapter;
  const keptBytes = residualAt + 2 * m * chapter + 256;
  const sizes = { object: chunks * objectBytes, kept: keptBytes, lanes: 512 * m, sums: 4 * m * pitchOf(variant) };
  let at = argumentsBase;
  const place = (bytes: number): number => {
    const here = at;
    at += Math.ceil(bytes / 64) * 64;
    return here;
  };
  const [object, kept, lanes, sums] = Object.values(sizes).map(place) as [number, number, number, number];
  const [half, y] = [place(4 * m * pitchOf(variant)), place(8 * m * variant.o)];
  return { objectBytes, object, kept, keptBytes, lanes, sums, half, y, channelsAt, residualAt };
}

beforeAll(async () => {
  for (const variant of variants) {
    const { m, o, weight, out } = variant;
    const pitch = pitchOf(variant);
    const { channelsAt, residualAt } = placesOf(variant);
    const { kernel } = await buildPair({
      file: "kernels/gemv/gemv.cc",
      exports: ["gemv_keep", "gemv_step", "gemv_finish", "gemv_join"],
      arch: variant.arch,
      defines: [`GEMV_M=${m}`, `GEMV_KC=${kc}`, `GEMV_O=${o}`, `GEMV_WEIGHT=${weight}`, `GEMV_OUT=${out}`],
      reference: `#include "gemv/gemv_ref.h"
        extern "C" void step_ref(const ${cTypes[weight]} *w, const uint16_t *x, float *lanes, float *sums, int half, int block, int chunk, int chunks) {
          gemv_ref::step<${m}, ${kc}, ${pitch}>(w, x, lanes, sums, half, block, chunk, chunks);
        }
        extern "C" void finish_ref(const float *sums, const char *kept, ${cTypes[out]} *half, int unit, int chapter, int, int, int flags) {
          gemv_ref::finish<${m}, ${o}, ${pitch}, ${weight === "int8"}, false>(sums, reinterpret_cast<const float *>(kept + ${channelsAt}),
            reinterpret_cast<const uint16_t *>(kept + ${residualAt}), half, 1, unit, chapter, flags);
        }
        extern "C" void join_ref(const float *sums, const char *kept, const ${cTypes[out]} *half, ${cTypes[out]} *y, int unit, int chapter, int, int, int flags) {
          gemv_ref::join<${m}, ${o}, ${pitch}, ${weight === "int8"}>(sums, reinterpret_cast<const float *>(kept + ${channelsAt}),
            reinterpret_cast<const uint16_t *>(kept + ${residualAt}), half, y, unit, chapter, flags);
        }`,
      referenceExports: ["step_ref", "finish_ref", "join_ref"],
    });
    kernels.set(variant, kernel);
  }
}, 2 * startTimeoutMs);

const named = variants.map((v) => [v.weight, v.out, v.arch, v.m, v] as const);
const bytes = (kernel: TestKernel, at: number, length: number): Uint8Array =>
  new Uint8Array(kernel.memory.buffer, at, length);

function putArguments(kernel: TestKernel, variant: Variant): ReturnType<typeof placesOf> {
  const places = placesOf(variant);
  const random = seededRandom(7);
  const { m } = variant;
  putBf16(kernel, places.kept, bf16Noise(m * chunks * kc, 3));
  const channels = new Float32Array(kernel.memory.buffer, places.kept + places.channelsAt, 2 * chapterOf(variant));
  // The second row is the scale: above 0.
  for (let i = 0; i < channels.length; i++) channels[i] = i < channels.length / 2 ? random() - 0.5 : 0.001 + random();
  putBf16(kernel, places.kept + places.residualAt, bf16Noise(m * chapterOf(variant), 5));
  const count = chunks * 8 * kc;
  if (variant.weight === "bfloat16") putBf16(kernel, places.object, bf16Noise(count, 4));
  else bytes(kernel, places.object, count).set(Uint8Array.from({ length: count }, () => Math.floor(random() * 256)));
  return places;
}

/** Lanes and sums of both halves after the parts of K of two blocks, by one of the two implementations. */
function steps(kernel: TestKernel, variant: Variant, entry: "gemv_step" | "step_ref"): Uint8Array[] {
  const { objectBytes, object, kept, lanes, sums } = putArguments(kernel, variant);
  const [laneBytes, sumBytes] = [512 * variant.m, 4 * variant.m * pitchOf(variant)];
  return [0, 1].map((half) => {
    bytes(kernel, lanes, laneBytes).fill(0xff);
    bytes(kernel, sums, sumBytes).fill(0);
    for (const block of [0, 1]) {
      for (let chunk = 0; chunk < chunks; chunk++) {
        kernel.call(entry, object + chunk * objectBytes, kept, lanes, sums, half, block, chunk, chunks);
      }
    }
    return Uint8Array.from([...bytes(kernel, lanes, laneBytes), ...bytes(kernel, sums, sumBytes)]);
  });
}

test.each(named)("%s weights, %s out, AIE %i, %i rows: sums equal their scalar meaning bit for bit", (...args) => {
  const variant = args[4];
  const kernel = kernels.get(variant)!;

  const [got, expected] = [steps(kernel, variant, "gemv_step"), steps(kernel, variant, "step_ref")];

  expect(got).toEqual(expected);
  expect(got[0]).not.toEqual(got[1]);
});

test.each(named.flatMap((row) => [0, 1, 4, 5].map((flags) => [...row.slice(0, 4), flags, row[4]] as const)))(
  "%s weights, %s out, AIE %i, %i rows: results equal their scalar meaning bit for bit, flags %i",
  (...args) => {
    const [flags, variant] = [args[4] as number, args[5] as Variant];
    const kernel = kernels.get(variant)!;
    const { kept, sums, half, y, channelsAt, residualAt } = putArguments(kernel, variant);
    const random = seededRandom(9);
    const size = variant.out === "float" ? 4 : 2;
    const [halfSize, wholeSize] = [variant.m * pitchOf(variant) * size, 2 * variant.m * variant.o * size];
    /** Both halves of a unit, each from sums of its own: what the second sends and what the first makes of it. */
    const unitBy = (finish: string, join: string, unit: number): Uint8Array[] => {
      const by = [unit, chapterOf(variant), channelsAt / 4, residualAt / 4, flags] as const;
      const sumsOf = new Float32Array(kernel.memory.buffer, sums, variant.m * pitchOf(variant));
      bytes(kernel, half, halfSize).fill(0);
      for (let i = 0; i < sumsOf.length; i++) sumsOf[i] = drawnSums[i]!;
      kernel.call(finish, sums, kept, half, ...by);
      for (let i = 0; i < sumsOf.length; i++) sumsOf[i] = drawnSums[sumsOf.length + i]!;
      kernel.call(join, sums, kept, half, y, ...by);
      return [valid(bytes(kernel, half, halfSize).slice()), bytes(kernel, y, wholeSize).slice()];
    };
    /** Without what lies behind the results of a row. */
    const valid = (all: Uint8Array): Uint8Array =>
      all.filter((_, i) => i % (pitchOf(variant) * size) < variant.o * size);
    const drawnSums = Array.from({ length: 2 * variant.m * pitchOf(variant) }, () => {
      return (random() - 0.5) * 2 ** Math.floor(random() * 40 - 20);
    });

    for (let unit = 0; unit < units; unit++) {
      const got = unitBy("gemv_finish", "gemv_join", unit);
      expect(got).toEqual(unitBy("finish_ref", "join_ref", unit));
      expect(got[1]!.some((byte) => byte !== 0)).toBe(true);
    }
  },
);

test("objects that come before the weights are kept side by side, and nothing else is written", () => {
  const variant = variants[0]!;
  const kernel = kernels.get(variant)!;
  const { objectBytes, object, kept } = putArguments(kernel, variant);
  const around = bytes(kernel, kept, 3 * objectBytes);
  around.fill(0xee);

  kernel.call("gemv_keep", object, kept, 1);

  expect(around.slice(objectBytes, 2 * objectBytes)).toEqual(bytes(kernel, object, objectBytes));
  expect(new Set([...around.slice(0, objectBytes), ...around.slice(2 * objectBytes)])).toEqual(new Set([0xee]));
});

test("32 int8 weights of a row cost 2 multiplier issues and 3 others beside them", () => {
  const variant = variants[0]!;
  const kernel = kernels.get(variant)!;
  const { object, kept, lanes, sums } = putArguments(kernel, variant);
  issueCycles(kernel);

  kernel.call("gemv_step", object, kept, lanes, sums, 0, 0, 0, 2);

  const [vectors, clearedSums] = [(4 * kc) / 32, 4];
  expect(issueCycles(kernel)).toEqual({ mac: 2 * vectors, vector: 3 * vectors + clearedSums });
});

test("totals of four rows cost 23 vector issues; 16 results 10 multiplier and 16 other issues, with GELU 33 and 55", () => {
  const variant = variants[0]!;
  const kernel = kernels.get(variant)!;
  const { object, kept, lanes, sums, half, y, channelsAt } = putArguments(kernel, variant);
  const cost = (...call: Parameters<TestKernel["call"]>) => {
    issueCycles(kernel);
    kernel.call(...call);
    return issueCycles(kernel);
  };
  const finish = (flags: number) =>
    cost("gemv_join", sums, kept, half, y, 0, chapterOf(variant), channelsAt / 4, 0, flags);

  const [part, last] = [0, 1].map((chunk) => cost("gemv_step", object, kept, lanes, sums, 0, 0, chunk, 2));
  expect(last!.vector - (part!.vector - 4)).toBe(23);
  // 24 results are two vectors.
  expect(finish(1)).toEqual({ mac: 2 * 10, vector: 2 * 16 });
  const [plain, gelu] = [finish(1), finish(3)];
  expect([gelu.mac - plain.mac, gelu.vector - plain.vector]).toEqual([2 * 23, 2 * 39 + 3]);
});
