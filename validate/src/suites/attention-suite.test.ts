import { bf16ToFloat, floatToBf16, type Tensor, tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { attentionReference } from "../references/attention-reference.ts";
import { numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject } from "./array-subject.ts";
import { attentionSuite } from "./attention-suite.ts";

/** Noise, causal noise and a single key: enough for each mistake to show. */
const cases = 3;

interface Mistake {
  readonly narrow?: (value: number) => number;
  readonly swapKeysAndValues?: boolean;
  readonly ignoreCausality?: boolean;
  readonly shiftColumns?: number;
  readonly lostKeys?: number;
}

/** The definition in float64, rounded to bfloat16 once, with one mistake. */
function subject(mistake: Mistake): ArraySubject {
  const {
    narrow = floatToBf16,
    swapKeysAndValues = false,
    ignoreCausality = false,
    shiftColumns = 0,
    lostKeys = 0,
  } = mistake;
  return {
    kernel: "attention",
    device: "float64",
    origin: "simulated",
    run: async ({ shapes, width }, { q, kv }) => {
      const [, heads, queries, keys] = /^(\d+)x(\d+)x(\d+)/.exec(String(shapes))!.map(Number) as [
        number,
        number,
        number,
        number,
      ];
      const columns = heads * Number(width);
      const half = (first: number) =>
        columnsFrom(kv!, first, columns).subarray(0, Math.max(1, keys - lostKeys) * columns);
      const [k, v] = swapKeysAndValues ? [half(columns), half(0)] : [half(0), half(columns)];
      const causal = String(shapes).includes("causal") && !ignoreCausality;
      const sizes = { heads, queries, keys: Math.max(1, keys - lostKeys), width: Number(width), causal };
      const { y } = attentionReference({ q: numbersOf(q!), k, v }, sizes);
      const bits = Uint16Array.from(y, (_, i) => narrow(y[(i + shiftColumns) % y.length]!));
      return { y: tensor("bf16", [queries, columns], bits) };
    },
  };
}

function columnsFrom(array: Tensor, first: number, count: number): Float64Array {
  const pitch = array.shape[1]!;
  const numbers = numbersOf(array);
  return numbers.length === 0
    ? numbers
    : Float64Array.from(
        { length: array.shape[0]! * count },
        (_, i) => numbers[Math.floor(i / count) * pitch + first + (i % count)]!,
      );
}

const passes = async (mistake: Mistake) => (await attentionSuite(subject(mistake), { cases })).result.pass;

test("the definition rounded to nearest once passes", async () => {
  expect(await passes({})).toBe(true);
});

test.each<[string, Mistake]>([
  ["keys and values in each other's place", { swapKeysAndValues: true }],
  ["queries that see what comes after them", { ignoreCausality: true }],
  ["a stride that is one column too long", { shiftColumns: 1 }],
  ["the last key left out", { lostKeys: 1 }],
  ["results rounded by truncation", { narrow: (value) => floatToBf16(bf16ToFloat(truncated(value))) }],
])("%s turns the suite red", async (_, mistake) => {
  expect(await passes(mistake)).toBe(false);
});

function truncated(value: number): number {
  const nearest = floatToBf16(value);
  return Math.abs(bf16ToFloat(nearest)) > Math.abs(value) ? nearest - 1 : nearest;
}
