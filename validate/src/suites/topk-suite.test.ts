import { tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { type TopK, topkReference } from "../references/topk-reference.ts";
import { numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject } from "./array-subject.ts";
import { topkSuite } from "./topk-suite.ts";

type Compute = (x: Float64Array, length: number, k: number) => TopK;

function subject(compute: Compute): ArraySubject {
  return {
    kernel: "topk",
    device: "float64",
    origin: "simulated",
    run: async ({ length, k }, { x }) => {
      const { values, indices } = compute(numbersOf(x!), Number(length), Number(k));
      const shape = [x!.shape[0]!, Number(k)];
      return {
        values: tensor("f32", shape, Float32Array.from(values)),
        indices: tensor("i32", shape, Int32Array.from(indices)),
      };
    },
  };
}

const run = async (compute: Compute) => (await topkSuite(subject(compute), { cases: 9 })).result;

/** The results of each row, changed. */
const changed =
  (change: (best: TopK) => TopK): Compute =>
  (x, length, k) =>
    change(topkReference(x, length, k));

test("the reference orders NaN, infinities, equals and zeros as it says", () => {
  const row = Float64Array.of(1, Number.NaN, 0, Number.POSITIVE_INFINITY, -0, 1, Number.NEGATIVE_INFINITY, Number.NaN);

  expect(topkReference(row, 8, 8).indices).toEqual([1, 7, 3, 0, 5, 2, 4, 6]);
});

test("a sorted row passes every case", async () => {
  expect(await run(topkReference)).toMatchObject({ pass: true });
});

test.each<[string, Compute]>([
  [
    "a stride of one element more",
    (x, length, k) =>
      topkReference(
        x.map((_, i) => x[(i + Math.floor(i / length)) % x.length]!),
        length,
        k,
      ),
  ],
  [
    "the smallest instead of the largest",
    (x, length, k) =>
      topkReference(
        x.map((v) => -v),
        length,
        k,
      ),
  ],
  [
    "zeros of the padding in place of numbers below",
    changed(({ values, indices }) => ({ values: values.map((v) => Math.max(v, 0)), indices })),
  ],
  ["values cut off to bfloat16", changed(({ values, indices }) => ({ values: values.map(cutToBf16), indices }))],
  [
    "values and indices in each other's place",
    changed(({ values, indices }) => ({ values: indices, indices: values })),
  ],
  ["two equal numbers in the other order", changed(swapFirstEquals)],
])("%s turns the suite red", async (_name, compute) => {
  expect(await run(compute)).toMatchObject({ pass: false });
});

function cutToBf16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]! & 0xffff0000;
  return new Float32Array(Uint32Array.of(bits).buffer)[0]!;
}

function swapFirstEquals({ values, indices }: TopK): TopK {
  const at = values.findIndex((value, i) => value === values[i + 1]);
  if (at < 0) return { values, indices };
  const swapped = [...indices];
  [swapped[at], swapped[at + 1]] = [indices[at + 1]!, indices[at]!];
  return { values, indices: swapped };
}
