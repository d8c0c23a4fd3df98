import type { Tensor } from "@aiekit/core";
import { softmaxReference } from "../references/row-references.ts";
import { bf16Array, bf16HalfPlace, bf16Noise, drawn, matrixShapes, numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject, ArraySuiteOptions } from "./array-subject.ts";
import { floatsCriteria, judgeFloats } from "./judge-floats.ts";
import { runCases, suiteRun } from "./run-cases.ts";
import type { SuiteRun } from "./suite-result.ts";

const softmaxCriteria = floatsCriteria({
  rule: "|error| <= half of the last place + 2^-12 |y| + 2^-100; a row of NaN is a row of NaN",
  derivation:
    "one rounding to nearest; before it 2^-15 of the exponential, again of the sum, 2^-16.9 of adding up, 2^-14.4 of the product: 2^-12.9. Parts of products below 2^-100 are lost",
});

interface SoftmaxCase {
  readonly name: string;
  readonly group: string;
  readonly x: Tensor;
  readonly isNoise: boolean;
}

/** Holds softmax against float64. @throws AbortedError when the caller's signal fires. */
export async function softmaxSuite(subject: ArraySubject, options: ArraySuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, cases } = options;
  const judged = await runCases(
    softmaxCases(seed, cases).slice(0, cases),
    async ({ name, group, x, isNoise }) => {
      const [rows, columns] = x.shape as [number, number];
      const outputs = await subject.run({ rows: String(rows), cols: columns }, { x });
      const reference = softmaxReference(numbersOf(x), columns);
      const tolerance = (i: number) =>
        bf16HalfPlace(reference[i]! * (1 + 2 ** -12)) + 2 ** -12 * reference[i]! + 2 ** -100;
      return judgeFloats({ name, group, rows, columns, reference, tolerance, isNoise }, numbersOf(outputs.y!));
    },
    options,
  );
  return suiteRun({
    suite: "softmax",
    subject,
    seed,
    criteria: softmaxCriteria,
    judged,
    notes: ["reference: e^(x - maximum) over its sum in float64"],
  });
}

function softmaxCases(seed: number, count = 9): readonly SoftmaxCase[] {
  const values = (name: string, x: Tensor): SoftmaxCase => ({ name, group: "values", x, isNoise: false });
  const special = [
    [0, Number.NEGATIVE_INFINITY, 1, -1e4],
    [1, Number.NaN, 2, 3],
    [1, Number.POSITIVE_INFINITY, 2, 3],
    Array(4).fill(Number.NEGATIVE_INFINITY),
    [3.3895e38, -3.3895e38, 3.3895e38, 0],
    [1e-40, -1e-40, 2 ** -133, 0],
    [-87, -88, 0, -200],
  ] as const;
  const fixed: readonly SoftmaxCase[] = [
    { name: "noise, 20 x 1500", group: "sizes", x: bf16Noise([20, 1500], seed, { deviation: 2 }), isNoise: true },
    values(
      "NaN, infinities, denormals, largest magnitudes",
      bf16Array([7, 4], (i) => special[i >> 2]![i & 3]!),
    ),
    values(
      "one element",
      bf16Array([1, 1], () => -5),
    ),
    values(
      "all equal, 3 x 127",
      bf16Array([3, 127], () => 4),
    ),
    values(
      "one hot",
      bf16Array([2, 500], (i) => (i % 500 === 333 ? 60 : -60)),
    ),
    values(
      "100 below the maximum and more, all but one",
      bf16Array([1, 64], (i) => (i === 40 ? 0 : -100 - i)),
    ),
  ];
  const shapes = drawn(matrixShapes(40, 300), count - fixed.length, seed);
  const random = shapes.map(
    (shape, i): SoftmaxCase => ({
      name: `[${shape}]`,
      group: "shapes",
      x: bf16Noise(shape, seed + i, { deviation: 4 }),
      isNoise: false,
    }),
  );
  return [...fixed, ...random];
}
