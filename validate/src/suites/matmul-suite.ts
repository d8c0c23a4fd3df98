import type { ArraySubject, ArraySuiteOptions } from "./array-subject.ts";
import { type MatmulCase, matmulCases, shapeName } from "./matmul-cases.ts";
import { matmulInputs } from "./matmul-inputs.ts";
import { judgeMatmul, matmulCriteria } from "./matmul-judge.ts";
import { runCases, suiteRun } from "./run-cases.ts";
import type { SuiteRun } from "./suite-result.ts";

/** Holds matmul against its float64 reference. @throws AbortedError when the caller's signal fires. */
export async function matmulSuite(subject: ArraySubject, options: ArraySuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, cases } = options;
  const judge = async (item: MatmulCase) => {
    const made = matmulInputs(item, seed);
    const params = { dtype: item.dtype, array: item.array, shapes: shapeName(item) };
    const { c } = await subject.run(params, { ...made.inputs });
    return judgeMatmul(item, made, c);
  };
  const judged = await runCases(matmulCases({ seed }).slice(0, cases), judge, options);
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
