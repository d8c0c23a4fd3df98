import { bf16ToFloat, floatToBf16 } from "@aiekit/core";
import { beforeAll, expect, test } from "vitest";
import { startTimeoutMs, type TestKernel } from "../kernel.test-support.ts";
import { argumentsBase, buildPair, seededRandom } from "./kernel-pair.test-support.ts";

const [strips, rowsOfStrip, keysOfBlock, cores] = [8, 8, 32, 4];

/** Where arguments lie: the second page and further. */
const at = layout({
  words: 32,
  plan: 32,
  q: 2 * 8 * 64,
  kv: 2 * 2 * 32 * 64,
  queries: 2 * strips * 8 * 64,
  p: 2 * strips * 8 * 32,
  sums: 4 * strips * 2 * 17 * 16,
  state: 4 * 2 * strips * 2 * 16,
  out: 2 * 8 * 64,
  constants: 32,
  row: 4 * 64,
  x: 4 * 512,
  power: 2 * 512,
});

function layout<T extends Record<string, number>>(bytes: T): Record<keyof T, number> {
  let next = argumentsBase;
  return Object.fromEntries(
    Object.entries(bytes).map(([name, size]) => {
      const start = next;
      next += Math.ceil(size / 64) * 64;
      return [name, start];
    }),
  ) as Record<keyof T, number>;
}

const widths = [64, 8, 40] as const;
const kernels = new Map<number, TestKernel>();

beforeAll(async () => {
  for (const width of widths) {
    const { kernel } = await buildPair({
      file: "kernels/attention/attention.cc",
      exports: ["plan_i32", ...["begin", "queries", "scores", "values", "finish"].map((n) => `${n}_bf16`)].map(
        (n) => `attention_${n}`,
      ),
      defines: [`ATTENTION_WIDTH=${width}`],
      reference: `#include "attention/attention_ref.h"
        #include "attention/exp_scores.h"
        static const attention_ref::constants c = {attention::kLeast, attention::kOrigin, attention::kScaleStart,
                                                   attention::kScaleFactor, attention::kScaleShift};
        extern "C" void powers(const float *x, bfloat16 *to) {
          aie::set_rounding(aie::rounding_mode::floor);
          const attention::exp_scores exp;
          for (int i = 0; i < 512; i += 32) {
            const aie::accum<accfloat, 32> lanes(aie::load_v<32>(x + i));
            aie::store_v(to + i, exp.powers(attention::exp_scores::fixed(lanes)));
          }
        }
        extern "C" void powers_ref(const float *x, uint16_t *to) {
          for (int i = 0; i < 512; ++i) to[i] = attention_ref::power(x[i], c);
        }
        extern "C" int is_above(float x) {
          const aie::accum<accfloat, 32> lanes(aie::broadcast<float, 32>(x));
          return attention::exp_scores::fixed(lanes)[5] > attention::kTopLimit;
        }
        extern "C" float most() { return attention::kMost; }
        extern "C" float least() { return attention::kLeast; }
        extern "C" void row_ref(const uint16_t *q, const uint16_t *k, const uint16_t *v, float *out, int32_t keys) {
          attention_ref::row(q, k, v, out, ${width}, keys, static_cast<float>(1 / attention::kScale), c);
        }`,
      referenceExports: ["powers", "powers_ref", "is_above", "most", "least", "row_ref"],
    });
    kernels.set(width, kernel);
  }
}, widths.length * startTimeoutMs);

const random = seededRandom(11);
const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

interface Problem {
  readonly width: number;
  /** Rows of bfloat16 values as numbers. */
  readonly q: number[][];
  readonly k: number[][];
  readonly v: number[][];
}

function problem(width: number, queries: number, keys: number, scale = 1): Problem {
  const rows = (count: number, size: number) =>
    Array.from({ length: count }, () => Array.from({ length: width }, () => rounded(size * normal())));
  return { width, q: rows(queries, scale), k: rows(keys, 1), v: rows(keys, 1) };
}

const rounded = (x: number): number => bf16ToFloat(floatToBf16(x));

/** Softmax attention in float64. */
function exact({ width, q, k, v }: Problem, seen: (query: number) => number): number[][] {
  return q.map((row, i) => {
    const scores = k.slice(0, seen(i)).map((key) => key.reduce((sum, x, c) => sum + x * row[c]!, 0) / Math.sqrt(width));
    const greatest = Math.max(...scores);
    const powers = scores.map((s) => Math.exp(s - greatest));
    const total = powers.reduce((a, b) => a + b, 0);
    return row.map((_, c) => powers.reduce((sum, p, key) => sum + p * v[key]![c]!, 0) / total);
  });
}

/** Rows as the core has them: slices of 8 columns. */
function slices(rows: readonly (readonly number[])[], count: number, width: number): Uint16Array {
  const out = new Uint16Array(count * width);
  rows.forEach((row, r) => {
    row.forEach((x, c) => {
      out[(Math.floor(c / 8) * count + r) * 8 + (c % 8)] = floatToBf16(x);
    });
  });
  return out;
}

/** One core (number 0 of its column) on one unit of work; row `i` of the result is query `i` of the core. */
function run(
  kernel: TestKernel,
  { width, q, k, v }: Problem,
  { keys = k.length, causal = false, behind = 0 }: { keys?: number; causal?: boolean; behind?: number } = {},
): number[][] {
  const used = Math.ceil(q.length / rowsOfStrip);
  const { memory } = kernel;
  const queries = causal ? used * rowsOfStrip * cores : 1;
  new Int32Array(memory.buffer, at.words, 7).set([1, 0, 1, used, queries, keys, causal ? 1 : 0]);
  kernel.call("attention_plan_i32", at.words, at.plan, 0, 0);
  const [planned, blocks] = new Int32Array(memory.buffer, at.plan, 2);
  expect([planned, blocks]).toEqual([used, Math.ceil(keys / keysOfBlock)]);
  kernel.call("attention_begin_bf16", at.state, at.sums);
  for (let strip = 0; strip < used; strip++) {
    const rows = q.slice(strip * rowsOfStrip, (strip + 1) * rowsOfStrip);
    new Uint16Array(memory.buffer, at.q, 8 * width).set(slices(rows, 8, width));
    kernel.call("attention_queries_bf16", at.q, at.queries, strip);
  }
  for (let block = 0; block < blocks!; block++) {
    const rows = (of: readonly (readonly number[])[]) =>
      Array.from({ length: keysOfBlock }, (_, i) => of[block * keysOfBlock + i] ?? Array(width).fill(behind));
    const kv = new Uint16Array(memory.buffer, at.kv, 2 * 32 * width);
    kv.set(slices(rows(k), 32, width));
    kv.set(slices(rows(v), 32, width), 32 * width);
    kernel.call("attention_scores_bf16", at.kv, at.queries, at.state, at.sums, at.p, at.plan, block);
    kernel.call("attention_values_bf16", at.kv, at.p, at.sums, at.plan, block);
  }
  return Array.from({ length: used }, (_, strip) => {
    kernel.call("attention_finish_bf16", at.sums, at.out, strip);
    const out = new Uint16Array(memory.buffer, at.out, 8 * width).slice();
    return Array.from({ length: 8 }, (_, r) =>
      Array.from({ length: width }, (_, c) => bf16ToFloat(out[(Math.floor(c / 8) * 8 + r) * 8 + (c % 8)]!)),
    );
  })
    .flat()
    .slice(0, q.length);
}

function relativeL2(found: readonly number[][], expected: readonly number[][]): number {
  let [error, norm] = [0, 0];
  expected.forEach((row, r) => {
    row.forEach((x, c) => {
      error += (found[r]![c]! - x) ** 2;
      norm += x * x;
    });
  });
  return Math.sqrt(error / norm);
}

test.each(widths)(
  "width %i: exponentials equal their scalar meaning bit for bit, and 2^(c x) within 2^-7.8",
  (width) => {
    const kernel = kernels.get(width)!;
    const [most, least] = [kernel.call("most"), kernel.call("least")];
    const x = new Float32Array(kernel.memory.buffer, at.x, 512);
    const c = Math.LOG2E / Math.sqrt(width);
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 512; i++) x[i] = least * 1.1 + (most - least * 1.1) * random();
      x.set([most, least, 0, -0, Number.NEGATIVE_INFINITY, -1e30, -1e-30, 1e-30]);
      kernel.call("powers", at.x, at.power);
      const found = new Uint16Array(kernel.memory.buffer, at.power, 512).slice();
      kernel.call("powers_ref", at.x, at.power);

      expect(found).toEqual(new Uint16Array(kernel.memory.buffer, at.power, 512));
      for (const [i, bits] of found.entries()) {
        const expected = 2 ** (c * Math.max(least, x[i]!));
        expect(Math.abs(bf16ToFloat(bits) / expected - 1), `x = ${x[i]}`).toBeLessThan(2 ** -7.8);
      }
    }
  },
);

test.each(widths)("width %i: scores above 2^8 of the maximum are seen, also infinity", (width) => {
  const kernel = kernels.get(width)!;
  const most = kernel.call("most");

  for (const x of [most * 1.01, 1e4, 1e6, 3e38, Number.POSITIVE_INFINITY]) expect(kernel.call("is_above", x)).toBe(1);
  for (const x of [most * 0.99, 0, -1, -1e6, Number.NEGATIVE_INFINITY]) expect(kernel.call("is_above", x)).toBe(0);
});

// A narrowing to 8 significant bits is at most 2^-8 of a value and, over mantissas as they come, 2^-8 sqrt(3 / 8 / ln 2 / 3) =
// 2^-9.2 as a root mean square. There are two, of p and of the result: 2^-8.7; the exponentials have 2^-10.9 at most besides.
const bound = 2 ** -8.5;

test.each(widths)("width %i: 24 queries and 200 keys agree with float64", (width) => {
  for (const scale of [1, 4, 0.01]) {
    const p = problem(width, 24, 200, scale);

    expect(
      relativeL2(
        run(kernels.get(width)!, p),
        exact(p, () => 200),
      ),
    ).toBeLessThan(bound);
  }
});

test.each(widths)("width %i: equals the scalar meaning of a row within the narrowing of the result", (width) => {
  const kernel = kernels.get(width)!;
  const p = problem(width, 8, 60);
  const found = run(kernel, p);
  const put = (rows: readonly number[][], place: number) => {
    new Uint16Array(kernel.memory.buffer, place, rows.length * width).set(rows.flat().map(floatToBf16));
  };
  const size = Math.max(...p.v.flat().map(Math.abs));
  put(p.k, at.sums);
  put(p.v, at.queries);

  p.q.forEach((q, i) => {
    put([q], at.q);
    kernel.call("row_ref", at.q, at.sums, at.queries, at.row, 60);
    const row = new Float32Array(kernel.memory.buffer, at.row, width);
    // The kernel's maximum may be another power: x is then rounded to other steps, 2 * 2^-11.4 of each p, so as much of the
    // mean of |v|; and 2^-8 of the result.
    row.forEach((x, c) => {
      expect(Math.abs(found[i]![c]! - x)).toBeLessThan(2 ** -8 * Math.abs(x) + 2 ** -10 * size);
    });
  });
});

test("a causal strip sees one key more a row; keys that are not seen do not count, whatever they are", () => {
  const p = problem(64, 8, 64);
  const first = 64 - 32;
  const seen = (i: number) => first + 1 + i;
  const loud = {
    ...p,
    k: p.k.map((row, i) => (i >= first + 8 ? row.map(() => 3e3) : row)),
  };

  const found = run(kernels.get(64)!, loud, { causal: true });

  expect(relativeL2(found, exact(p, seen))).toBeLessThan(bound);
});

test("what lies behind the last valid key does not count, NaN included", () => {
  const p = problem(64, 16, 41);

  const found = run(kernels.get(64)!, p, { behind: Number.NaN });

  expect(
    relativeL2(
      found,
      exact(p, () => 41),
    ),
  ).toBeLessThan(bound);
});

test("maxima that rise by 2^30 from block to block, and scores where e^x is infinite", () => {
  for (const step of [20, 300]) {
    const p = problem(64, 8, 128);
    p.k.forEach((row, i) => {
      row[0] = rounded(8 * step * (Math.floor(i / 32) + (i === 100 ? 0.01 : 0)));
    });
    p.q.forEach((row, i) => {
      row[0] = i % 2 === 0 ? 1 : -1;
    });

    expect(
      relativeL2(
        run(kernels.get(64)!, p),
        exact(p, () => 128),
      ),
    ).toBeLessThan(bound);
  }
});

test("all scores equal: the mean of the values; one hot: its values", () => {
  const p = problem(64, 8, 96);
  const equal = { ...p, k: p.k.map(() => p.k[0]!) };
  const hot = {
    ...p,
    q: p.q.map((row) => row.map(() => 8)),
    k: p.k.map((row, i) => row.map(() => (i === 70 ? 8 : 0))),
  };

  expect(
    relativeL2(
      run(kernels.get(64)!, equal),
      exact(equal, () => 96),
    ),
  ).toBeLessThan(bound);
  const found = run(kernels.get(64)!, hot);
  for (const row of found) expect(row).toEqual(p.v[70]);
});
