import { elementCount, type Tensor } from "@aiekit/core";
import fc from "fast-check";
import { bf16Array, bf16HalfPlace, bf16Noise, drawn, numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject, ArraySuiteOptions } from "./array-subject.ts";
import { floatsCriteria, judgeFloats } from "./judge-floats.ts";
import { runCases, suiteRun } from "./run-cases.ts";
import type { SuiteRun } from "./suite-result.ts";

const addCriteria = floatsCriteria({
  rule: "|error| <= half of the last place + 2^-24 |a + b|; NaN and infinities as in float64, rounded",
  derivation: "the sum is rounded to float, then once to bfloat16",
});

interface AddCase {
  readonly name: string;
  readonly group: string;
  readonly a: Tensor;
  readonly b: Tensor;
  readonly isNoise: boolean;
}

/** Largest number of bfloat16, and where rounding to nearest goes on to infinity. */
const overflow = 2 ** 128 * (1 - 2 ** -9);

/** Holds add against float64 sums. @throws AbortedError when the caller's signal fires. */
export async function addSuite(subject: ArraySubject, options: ArraySuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, cases } = options;
  const judged = await runCases(
    addCases(seed, cases).slice(0, cases),
    async ({ name, group, a, b, isNoise }) => {
      const before = a.shape.slice(0, a.shape.length - b.shape.length);
      const params = { shape: b.shape.join("x"), repeats: before.length === 0 ? "none" : before.join("x") };
      const outputs = await subject.run(params, { a, b });
      const [left, right] = [numbersOf(a), numbersOf(b)];
      const reference = left.map((v, i) => {
        const sum = v + right[i % right.length]!;
        return Math.abs(sum) >= overflow ? Math.sign(sum) * Number.POSITIVE_INFINITY : sum;
      });
      const tolerance = (i: number) => bf16HalfPlace(reference[i]!) + 2 ** -24 * Math.abs(reference[i]!);
      const columns = a.shape.at(-1)!;
      const judging = { name, group, rows: elementCount(a.shape) / columns, columns, reference, tolerance, isNoise };
      return judgeFloats(judging, numbersOf(outputs.y!));
    },
    options,
  );
  return suiteRun({
    suite: "add",
    subject,
    seed,
    criteria: addCriteria,
    judged,
    notes: ["reference: a + b in float64, b repeated along the axes that only a has"],
  });
}

function addCases(seed: number, count = 10): readonly AddCase[] {
  const noise = (name: string, shapeA: readonly number[], shapeB: readonly number[], group = "sizes"): AddCase => ({
    name,
    group,
    a: bf16Noise(shapeA, seed + shapeA.length, { mean: 0.5, deviation: 3 }),
    b: bf16Noise(shapeB, seed + 100 + shapeB[0]!, { deviation: 1 }),
    isNoise: true,
  });
  const values = (name: string, a: Tensor, b: Tensor): AddCase => ({ name, group: "values", a, b, isNoise: false });
  const bits = (valueAt: (i: number) => number) => {
    const array = bf16Array([256, 256], () => 0);
    (array.data as Uint16Array).forEach((_, i, data) => {
      data[i] = valueAt(i) & 0xffff;
    });
    return array;
  };
  const fixed: readonly AddCase[] = [
    noise("one shape, 60 x 384", [60, 384], [60, 384]),
    noise("positions of 30 x 384 for 4 clips", [4, 30, 384], [30, 384]),
    noise("a bias of 77 for 2 x 5 rows", [2, 5, 77], [77]),
    values(
      "one element",
      bf16Array([1], () => 1),
      bf16Array([1], () => 2 ** -9),
    ),
    values(
      "every bfloat16 with another: NaN, infinities, denormals, overflow",
      bits((i) => i),
      bits((i) => Math.imul(i, 40_503) >>> 3),
    ),
    values(
      "largest magnitudes",
      bf16Array([2, 64], () => 3.3895e38),
      bf16Array([2, 64], (i) => (i % 2 ? 3.3895e38 : -3.3895e38)),
    ),
    values(
      "all equal",
      bf16Array([64], () => 0.1),
      bf16Array([64], () => 0.2),
    ),
  ];
  const shape = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 });
  const pairs = drawn(fc.tuple(shape, fc.integer({ min: 0, max: 2 })), count - fixed.length, seed);
  const random = pairs.map(([a, cut], i) => {
    const b = a.slice(Math.min(cut, a.length - 1));
    const repeats = a.slice(0, a.length - b.length).reduce((n, size) => n * size, 1);
    // More than 64 repeats are refused.
    const whole = repeats > 64 ? [4, ...b] : a;
    return noise(`[${whole}] + [${b}], ${i}`, whole, b, "shapes");
  });
  return [...fixed, ...random];
}
