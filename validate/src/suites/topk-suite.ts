import { type Tensor, tensor } from "@aiekit/core";
import fc from "fast-check";
import { topkReference } from "../references/topk-reference.ts";
import { bf16Array, drawn, numbersOf } from "../signals/bf16-arrays.ts";
import { createRandom } from "../signals/random.ts";
import type { ArraySubject, ArraySuiteOptions } from "./array-subject.ts";
import { type JudgedCase, runCases, suiteRun } from "./run-cases.ts";
import { type Check, type Criterion, caseResult, type SuiteRun } from "./suite-result.ts";

const topkCriteria: readonly Criterion[] = [
  {
    name: "indices",
    worse: "higher",
    rule: "every index is the reference's; of equal numbers the lower index comes first",
    derivation: "a comparison rounds nothing",
  },
  {
    name: "values",
    worse: "higher",
    rule: "every value is the input's at that index, NaN where it is NaN",
    derivation: "nothing is computed",
  },
];

interface TopkCase {
  readonly name: string;
  readonly group: string;
  readonly x: Tensor;
  readonly k: number;
}

/** Holds topk against a sorted row. @throws AbortedError when the caller's signal fires. */
export async function topkSuite(subject: ArraySubject, options: ArraySuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, cases } = options;
  const judged = await runCases(
    topkCases(seed, cases).slice(0, cases),
    async (item) => {
      const [rows, length] = item.x.shape as [number, number];
      const params = { rows: String(rows), length, k: item.k, dtype: item.x.dtype };
      return judgeCase(item, await subject.run(params, { x: item.x }));
    },
    options,
  );
  return suiteRun({
    suite: "topk",
    subject,
    seed,
    criteria: topkCriteria,
    judged,
    notes: ["reference: the row, sorted; NaN counts as larger than infinity, 0 and -0 as equal"],
  });
}

function judgeCase({ name, group, x, k }: TopkCase, outputs: Readonly<Record<string, Tensor>>): JudgedCase {
  const [rows, length] = x.shape as [number, number];
  const expected = topkReference(numbersOf(x), length, k);
  const values = Array.from(outputs.values!.data as Float32Array);
  const indices = Array.from(outputs.indices!.data as Int32Array);
  const checks = [equal("indices", k, expected.indices, indices), equal("values", k, expected.values, values)];
  const result = caseResult({ name, group, origin: "generator", rows, columns: k, checks, facts: [] });
  const reference = Float64Array.from(expected.values);
  const evidence = { name, rows, columns: k, unit: "", reference, actual: Float64Array.from(values) };
  return { result, evidence };
}

function equal(criterion: string, k: number, expected: readonly number[], got: readonly number[]): Check {
  const isWrong = (value: number, i: number) => !(value === got[i] || (Number.isNaN(value) && Number.isNaN(got[i])));
  const wrong = expected.filter(isWrong).length;
  const at = expected.findIndex(isWrong);
  const pass = wrong === 0 && got.length === expected.length;
  const detail = pass
    ? `${expected.length} equal`
    : `${wrong} of ${expected.length} (${got.length} found), first in row ${Math.floor(at / k)}, place ${at % k}: expected ${expected[at]}, got ${got[at]}`;
  return { criterion, pass, value: pass ? 0 : Math.max(1, wrong), detail };
}

const vocabulary = 51_865;
const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3.4e38, -3.4e38, 1e-45, -0, 0];

function topkCases(seed: number, count = 12): readonly TopkCase[] {
  const random = createRandom(seed);
  const floats = (rows: number, length: number, valueAt: (i: number) => number): Tensor =>
    tensor(
      "f32",
      [rows, length],
      Float32Array.from({ length: rows * length }, (_, i) => valueAt(i)),
    );
  const noise = () => 4 * random.normal();
  const sizes = (name: string, x: Tensor, k: number): TopkCase => ({ name, group: "sizes", x, k });
  const values = (name: string, x: Tensor, k = 5): TopkCase => ({ name, group: "values", x, k });
  const mixed = floats(3, 3_000, (i) => (i % 5 === 0 ? special[(i * 13) % 8]! : noise()));
  const fixed: readonly TopkCase[] = [
    sizes("logits of a vocabulary", floats(1, vocabulary, noise), 5),
    values("NaN, infinities, denormals, zeros of both signs", mixed, 32),
    sizes("5 beams of bfloat16 logits: many equals", bf16Array([5, vocabulary], noise), 5),
    sizes(
      "one element",
      floats(1, 1, () => -3),
      1,
    ),
    sizes("argmax of rows of 1,000", floats(7, 1_000, noise), 1),
    values(
      "all equal: the lowest indices",
      floats(2, 5_000, () => -1.5),
    ),
    values(
      "one hot, the last",
      floats(1, vocabulary, (i) => (i === vocabulary - 1 ? 1 : 0)),
    ),
    values(
      "rising: every number is the best so far",
      floats(1, 4_000, (i) => i / 7),
    ),
    values(
      "all below the zeros of the padding",
      floats(1, 3_001, (i) => -1 - Math.abs(Math.sin(i))),
    ),
  ];
  const shapes = fc.tuple(
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 3_000 }),
    fc.integer({ min: 1, max: 32 }),
  );
  const more = drawn(shapes, Math.max(0, count - fixed.length), seed).map(([rows, length, most]): TopkCase => {
    const k = Math.min(most, length);
    // Whole numbers: many equals.
    const x = floats(rows, length, () => Math.round(25 * noise()));
    return { name: `[${rows}, ${length}], k = ${k}`, group: "shapes", x, k };
  });
  return [...fixed, ...more];
}
