import type { Tensor } from "@aiekit/core";
import { layernormReference, rowStatistics } from "../references/row-references.ts";
import { bf16Array, bf16HalfPlace, bf16Noise, drawn, matrixShapes, numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject, ArraySuiteOptions } from "./array-subject.ts";
import { floatsCriteria, judgeFloats } from "./judge-floats.ts";
import { runCases, suiteRun } from "./run-cases.ts";
import type { SuiteRun } from "./suite-result.ts";

const layernormCriteria = floatsCriteria({
  rule: "|error| <= half of the last place + 2^-13 |n gamma| + (cols / 32 + 16) 2^-24 |gamma| M / s; n = (x - mean) / s, M the row's largest |x|",
  derivation:
    "one rounding to nearest; before it two products of bfloat16 pairs (2^-14.4 and 2^-16), half of the variance's 2^-15; the mean is the sum of cols / 32 floats a lane, 5 levels of a tree, and its product",
});

interface LayernormCase {
  readonly name: string;
  readonly group: string;
  readonly x: Tensor;
  readonly isNoise: boolean;
}

const epsilon = 1e-5;

/** Holds layernorm against float64. @throws AbortedError when the caller's signal fires. */
export async function layernormSuite(subject: ArraySubject, options: ArraySuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, cases } = options;
  const judged = await runCases(
    layernormCases(seed, cases).slice(0, cases),
    async ({ name, group, x, isNoise }) => {
      const [rows, columns] = x.shape as [number, number];
      const gamma = bf16Noise([columns], seed + 7, { mean: 1, deviation: 0.4 });
      const beta = bf16Noise([columns], seed + 8, { deviation: 0.3 });
      const outputs = await subject.run({ rows: String(rows), cols: columns }, { x, gamma, beta });
      const values = numbersOf(x);
      const factors = { gamma: numbersOf(gamma), beta: numbersOf(beta) };
      const statistics = rowStatistics(values, columns, epsilon);
      const reference = layernormReference(values, factors, statistics);
      const tolerance = (i: number) => {
        const { mean, deviation, mostMagnitude } = statistics[Math.floor(i / columns)]!;
        const factor = Math.abs(factors.gamma[i % columns]!);
        const sums = ((columns / 32 + 16) * 2 ** -24 * factor * mostMagnitude) / deviation;
        const before = (2 ** -13 * factor * Math.abs(values[i]! - mean)) / deviation + sums;
        return bf16HalfPlace(Math.abs(reference[i]!) + before) + before;
      };
      return judgeFloats({ name, group, rows, columns, reference, tolerance, isNoise }, numbersOf(outputs.y!));
    },
    options,
  );
  return suiteRun({
    suite: "layernorm",
    subject,
    seed,
    criteria: layernormCriteria,
    judged,
    notes: ["reference: float64, biased variance, epsilon 1e-5"],
  });
}

function layernormCases(seed: number, count = 10): readonly LayernormCase[] {
  const values = (name: string, x: Tensor): LayernormCase => ({ name, group: "values", x, isNoise: false });
  const fixed: readonly LayernormCase[] = [
    {
      name: "noise, 64 x 384",
      group: "sizes",
      x: bf16Noise([64, 384], seed, { mean: 0.3, deviation: 2 }),
      isNoise: true,
    },
    values(
      "NaN and infinities in rows 1 to 3",
      bf16Array(
        [5, 96],
        (i) => ({ 100: Number.NaN, 200: Number.POSITIVE_INFINITY, 300: Number.NEGATIVE_INFINITY })[i] ?? (i % 7) - 3,
      ),
    ),
    values(
      "one element",
      bf16Array([1, 1], () => 17),
    ),
    values(
      "all equal, 3 x 77: the mean must not count the padding",
      bf16Array([3, 77], () => 5),
    ),
    values(
      "one hot",
      bf16Array([2, 384], (i) => (i % 384 === 200 ? 1000 : 0)),
    ),
    values("a mean of 300 deviations", bf16Noise([4, 512], seed, { mean: 300, deviation: 1 })),
    values(
      "magnitudes of 2^50 and of denormals",
      bf16Array([2, 64], (i) => (i < 64 ? 2 ** 50 * Math.sin(i) : 1e-40 * i)),
    ),
  ];
  const shapes = drawn(matrixShapes(40, 400), count - fixed.length, seed);
  const random = shapes.map(
    (shape, i): LayernormCase => ({
      name: `[${shape}]`,
      group: "shapes",
      x: bf16Noise(shape, seed + i, { mean: i, deviation: 2 }),
      isNoise: shape[1] > 30,
    }),
  );
  return [...fixed, ...random];
}
