import { bf16ToFloat, floatToBf16, type Tensor, tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject, Arrays } from "./array-subject.ts";
import { attentionSuite } from "./attention-suite.ts";

/** Sizes, a causal one, large scores, a cache, one element, packed: enough for every mistake below. */
const cases = 6;

interface Mistakes {
  readonly narrow?: (x: number) => number;
  /** Elements from row to row of a matrix of so many columns. */
  readonly pitch?: (columns: number) => number;
  readonly swapsKeysAndValues?: boolean;
  readonly scale?: (width: number) => number;
  readonly seen?: (seen: number) => number;
  readonly usesMaximum?: boolean;
  /** What a sum is rounded to after each key. */
  readonly keep?: (sum: number) => number;
  readonly headOf?: (head: number, heads: number) => number;
  readonly change?: (out: Uint16Array) => Uint16Array;
}

const nearest = (x: number): number => bf16ToFloat(floatToBf16(x));
const floorBits = (x: number): number => {
  const bits = floatToBf16(x);
  if (!(bf16ToFloat(bits) > x)) return bits;
  return bits === 0 ? 0x8001 : bits + (x < 0 ? 1 : -1);
};

/** Key by key, with a running sum of exponentials in bfloat16, as a device would. */
function attention(inputs: Arrays, width: number, causal: boolean, mistakes: Mistakes): Tensor {
  const { qkv } = inputs;
  const [q, kv] = qkv ? [qkv, qkv] : [inputs.q!, inputs.kv!];
  const heads = (q.shape[1]! / width) * (qkv ? 1 / 3 : 1);
  const columns = heads * width;
  const [queries, keys] = [q.shape[0]!, kv.shape[0]!];
  const { pitch = (n: number) => n, scale = Math.sqrt, keep = Math.fround } = mistakes;
  const { seen = (n: number) => n, headOf = (h: number) => h } = mistakes;
  const [left, right] = [numbersOf(q), numbersOf(kv)];
  const [keyAt, valueAt] = qkv ? [columns, 2 * columns] : [0, columns];
  const element = (start: number, key: number, c: number) => right[start + key * pitch(kv.shape[1]!) + c] ?? 0;
  const [k, v] = mistakes.swapsKeysAndValues ? [valueAt, keyAt] : [keyAt, valueAt];
  const out = new Float64Array(queries * columns);
  for (let h = 0; h < heads; h++) {
    for (let i = 0; i < queries; i++) {
      const last = Math.min(keys, seen(causal ? keys - queries + i + 1 : keys));
      const scores = Array.from({ length: last }, (_, j) => {
        let sum = 0;
        for (let c = 0; c < width; c++) {
          sum += left[i * pitch(q.shape[1]!) + h * width + c]! * element(k, j, headOf(h, heads) * width + c);
        }
        return sum / scale(width);
      });
      const most = (mistakes.usesMaximum ?? true) ? Math.max(...scores) : 0;
      const weights = scores.map((s) => nearest(Math.exp(s - most)));
      const total = weights.reduce((a, b) => a + b, 0);
      for (let c = 0; c < width; c++) {
        let sum = 0;
        weights.forEach((w, j) => {
          sum = keep(sum + w * element(v, j, h * width + c));
        });
        out[i * columns + h * width + c] = sum / total;
      }
    }
  }
  const bits = Uint16Array.from(out, mistakes.narrow ?? floatToBf16);
  return tensor("bf16", [queries, columns], (mistakes.change?.(bits) ?? bits) as Uint16Array<ArrayBuffer>);
}

function subject(mistakes: Mistakes): ArraySubject {
  return {
    kernel: "attention",
    device: "plain loops",
    origin: "simulated",
    run: async ({ width, shapes }, inputs) => ({
      out: attention(inputs, Number(width), String(shapes).includes("causal"), mistakes),
    }),
  };
}

const failed = async (mistakes: Mistakes) => {
  const { result } = await attentionSuite(subject(mistakes), { cases });
  return result.cases.filter((c) => !c.pass).map((c) => c.name);
};

test("plain loops with exponentials and results in bfloat16 pass", async () => {
  expect(await failed({})).toEqual([]);
});

test.each<[string, Mistakes]>([
  ["results by floor", { narrow: floorBits }],
  ["rows one element too far apart", { pitch: (columns) => columns + 1 }],
  ["keys and values in each other's place", { swapsKeysAndValues: true }],
  ["no division by sqrt(width)", { scale: () => 1 }],
  ["a scale one per cent off", { scale: (width) => Math.sqrt(width) * 1.01 }],
  ["queries that see one key less", { seen: (n) => Math.max(1, n - 1) }],
  ["queries that see one key more", { seen: (n) => n + 1 }],
  ["e^x without the maximum", { usesMaximum: false }],
  ["sums kept in bfloat16", { keep: nearest }],
  ["the neighbour's keys", { headOf: (head, heads) => (head + 1) % heads }],
  ["one wrong element", { change: (out) => out.map((bits, i) => (i === out.length - 1 ? bits ^ 0x0100 : bits)) }],
  ["a row less", { change: (out) => out.map((_, i) => out[i + 64] ?? 0) }],
])("%s turns the suite red", async (_what, mistakes) => {
  expect(await failed(mistakes)).not.toEqual([]);
});
