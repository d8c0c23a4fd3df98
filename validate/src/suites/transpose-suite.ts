import { type Tensor, tensor } from "@aiekit/core";
import { bf16HalfPlace, drawn, matrixShapes, numbersOf } from "../signals/bf16-arrays.ts";
import { createRandom } from "../signals/random.ts";
import type { ArraySubject, ArraySuiteOptions } from "./array-subject.ts";
import { floatsCriteria, judgeFloats } from "./judge-floats.ts";
import { runCases, suiteRun } from "./run-cases.ts";
import type { SuiteRun } from "./suite-result.ts";

const transposeCriteria = floatsCriteria({
  rule: "|error| <= half of the last place; NaN, infinities and what rounds to them as in float64",
  derivation: "one rounding to nearest; below 2^-126 the place of 2^-126",
});

interface TransposeCase {
  readonly name: string;
  readonly group: string;
  readonly x: Tensor<"f32">;
  readonly margin: 0 | 1;
  readonly isNoise: boolean;
}

/** Where rounding to nearest goes on to infinity. */
const overflow = 2 ** 128 * (1 - 2 ** -9);

/** Holds transpose against the elements of the other order. @throws AbortedError when the caller's signal fires. */
export async function transposeSuite(subject: ArraySubject, options: ArraySuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, cases } = options;
  const judged = await runCases(
    transposeCases(seed).slice(0, cases),
    async ({ name, group, x, margin, isNoise }) => {
      const [rows, cols] = x.shape as [number, number];
      const { y } = await subject.run({ rows, cols: String(cols), margin }, { x });
      const reference = Float64Array.from({ length: rows * cols }, (_, i) => {
        const value = x.data[(i % rows) * cols + Math.floor(i / rows)]!;
        return Math.abs(value) >= overflow ? Math.sign(value) * Number.POSITIVE_INFINITY : value;
      });
      const tolerance = (i: number) => bf16HalfPlace(reference[i]!);
      return judgeFloats({ name, group, rows: cols, columns: rows, reference, tolerance, isNoise }, numbersOf(y!));
    },
    options,
  );
  return suiteRun({ suite: "transpose", subject, seed, criteria: transposeCriteria, judged, notes: [] });
}

function transposeCases(seed: number): readonly TransposeCase[] {
  const random = createRandom(seed);
  const array = (shape: readonly [number, number], valueAt: (i: number) => number): Tensor<"f32"> =>
    tensor(
      "f32",
      shape,
      Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => valueAt(i)),
    );
  const noise = (rows: number, cols: number, margin: 0 | 1 = 0): TransposeCase => ({
    name: `${rows} x ${cols}${margin ? ", margin" : ""}`,
    group: "sizes",
    x: array([rows, cols], () => random.normal()),
    margin,
    isNoise: true,
  });
  const values = (name: string, valueAt: (i: number) => number): TransposeCase => ({
    name,
    group: "values",
    x: array([33, 50], valueAt),
    margin: 0,
    isNoise: false,
  });
  const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3.4e38, -3.4e38, 0, -0];
  return [
    noise(80, 299, 1),
    noise(128, 300),
    noise(1, 1, 1),
    noise(300, 40),
    values("halves of the last place: ties", (i) => (1 + ((i % 256) + 0.5) * 2 ** -7) * (i % 2 ? 1 : -1)),
    values("NaN, infinities, numbers that round to them, zeros", (i) => special[i % special.length]!),
    values("denormals", (i) => i * 2 ** -140),
    ...drawn(matrixShapes(150, 150), 4, seed).map(([rows, cols], i) => noise(rows, cols, i % 2 ? 1 : 0)),
  ];
}
