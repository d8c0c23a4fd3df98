import { elementCount, type Tensor } from "@aiekit/core";
import fc from "fast-check";
import { geluReference } from "../references/normal-distribution.ts";
import { bf16Array, bf16HalfPlace, bf16Noise, drawn, numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject, ArraySuiteOptions } from "./array-subject.ts";
import { floatsCriteria, judgeFloats } from "./judge-floats.ts";
import { runCases, suiteRun } from "./run-cases.ts";
import type { SuiteRun } from "./suite-result.ts";

const geluCriteria = floatsCriteria({
  rule: "|error| <= half of the last place + 2^-12 |y| for x >= -8, + 1e-14 below; NaN is NaN",
  derivation:
    "one rounding to nearest; before it math/gelu.h: the polynomial of log2 of the tail 2^-14.9, its argument 2^-17.9, 2^t 2^-16.4, products 2^-14.4: 2^-13.4",
});

interface GeluCase {
  readonly name: string;
  readonly group: string;
  readonly x: Tensor;
  readonly isNoise: boolean;
}

/** Holds gelu against x Phi(x) in float64. @throws AbortedError when the caller's signal fires. */
export async function geluSuite(subject: ArraySubject, options: ArraySuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, cases } = options;
  const judged = await runCases(
    geluCases(seed, cases).slice(0, cases),
    async ({ name, group, x, isNoise }) => {
      const outputs = await subject.run({ shape: x.shape.join("x") }, { x });
      const values = numbersOf(x);
      const reference = Float64Array.from(values, geluReference);
      const tolerance = (i: number) => {
        const magnitude = Math.abs(reference[i]!);
        // Below 2^-100 the parts of products fall below the smallest float.
        return values[i]! < -8 ? 1e-14 : bf16HalfPlace(magnitude * (1 + 2 ** -12)) + 2 ** -12 * magnitude + 2 ** -108;
      };
      const columns = x.shape.at(-1)!;
      const judging = { name, group, rows: elementCount(x.shape) / columns, columns, reference, tolerance, isNoise };
      return judgeFloats(judging, numbersOf(outputs.y!));
    },
    options,
  );
  return suiteRun({
    suite: "gelu",
    subject,
    seed,
    criteria: geluCriteria,
    judged,
    notes: ["reference: x Phi(x) in float64, erfc by its series and its continued fraction"],
  });
}

function geluCases(seed: number, count = 8): readonly GeluCase[] {
  const values = (name: string, x: Tensor): GeluCase => ({ name, group: "values", x, isNoise: false });
  const every = bf16Array([256, 256], () => 0);
  (every.data as Uint16Array).forEach((_, bits, data) => {
    data[bits] = bits;
  });
  const fixed: readonly GeluCase[] = [
    values("every bfloat16: NaN, infinities and denormals too", every),
    { name: "noise, 40 x 384", group: "sizes", x: bf16Noise([40, 384], seed, { deviation: 2 }), isNoise: true },
    values(
      "one element",
      bf16Array([1], () => -3),
    ),
    values(
      "-6 to -3, where 1 + tanh has no digits left",
      bf16Array([1536], (i) => -6 + (3 * i) / 1536),
    ),
    values(
      "all equal",
      bf16Array([3, 100], () => 0.75),
    ),
    values(
      "one hot",
      bf16Array([1, 1536], (i) => (i === 700 ? 1e38 : 0)),
    ),
  ];
  const shapes = drawn(
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 }),
    count - fixed.length,
    seed,
  );
  const random = shapes.map(
    (shape, i): GeluCase => ({
      name: `[${shape}]`,
      group: "shapes",
      x: bf16Noise(shape, seed + i, { deviation: 3 }),
      isNoise: true,
    }),
  );
  return [...fixed, ...random];
}
