import type { ArraySubject, ArraySuiteOptions } from "./array-subject.ts";
import { type MatmulCase, matmulCases, shapeName } from "./matmul-cases.ts";
import { matmulInputs } from "./matmul-inputs.ts";
import { judgeMatmul, matmulCriteria } from "./matmul-judge.ts";
import { runCases, suiteRun } from "./run-cases.ts";
import type { SuiteRun } from "./suite-result.ts";

/** A case and the build that has its shape. */
interface Built {
  readonly name: string;
  readonly item: MatmulCase;
  readonly params: { readonly dtype: string; readonly array: string; readonly plan: string; readonly shapes: string };
}

/** Holds matmul against its float64 reference. @throws AbortedError when the caller's signal fires. */
export async function matmulSuite(subject: ArraySubject, options: ArraySuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, cases } = options;
  const builds = buildsOf(matmulCases({ seed }).slice(0, cases));
  const judge = async ({ item, params }: Built) => {
    const made = matmulInputs(item, seed);
    const { c } = await subject.run(params, { ...made.inputs }, shapeName(item));
    return judgeMatmul(item, made, c);
  };
  const judged = await runCases(builds, judge, options);
  return suiteRun({
    suite: "matmul",
    subject,
    seed,
    criteria: matmulCriteria,
    judged,
    notes: [
      "reference: sums in float64, requantised with BigInt; GELU by series and continued fraction of the normal distribution",
    ],
  });
}

/** Cases of one build behind each other. All shapes of a type are sequences of one build: compiling takes longest. */
function buildsOf(cases: readonly MatmulCase[]): Built[] {
  const builds = new Map<string, MatmulCase[]>();
  for (const item of cases) {
    const key = `${item.dtype} ${item.array} ${item.plan}`;
    builds.set(key, [...(builds.get(key) ?? []), item]);
  }
  return [...builds.values()].flatMap((together) => {
    const shapes = [...new Set(together.map(shapeName))].join(".");
    return together.map((item) => ({
      name: item.name,
      item,
      params: { dtype: item.dtype, array: item.array, plan: item.plan ?? "auto", shapes },
    }));
  });
}
