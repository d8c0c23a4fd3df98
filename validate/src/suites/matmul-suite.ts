import type { ArraySubject, ArraySuiteOptions } from "./array-subject.ts";
import { type MatmulCase, matmulCases, matmulInputs, shapeName } from "./matmul-cases.ts";
import { judgeMatmul, matmulCriteria } from "./matmul-judge.ts";
import { runCases } from "./run-cases.ts";
import { type SuiteRun, suiteResult } from "./suite-result.ts";

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
  const result = suiteResult({
    suite: "matmul",
    subject: { kernel: subject.kernel, device: subject.device, origin: subject.origin },
    seed,
    criteria: matmulCriteria,
    cases: judged.map((j) => j.result),
    notes: [
      "reference: sums in float64, requantised with BigInt; GELU by series and continued fraction of the normal distribution",
    ],
  });
  return { result, evidence: judged.map((j) => j.evidence) };
}
