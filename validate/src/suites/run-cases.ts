import { AbortedError } from "@aiekit/core";
import {
  type CaseEvidence,
  type CaseResult,
  type SuiteControl,
  type SuiteResult,
  type SuiteRun,
  suiteResult,
} from "./suite-result.ts";

export interface JudgedCase {
  readonly result: CaseResult;
  readonly evidence: CaseEvidence;
}

/**
 * Runs cases one after the other, telling the caller of each.
 * @throws AbortedError when the caller's signal fires; what the device throws goes through.
 */
export async function runCases<T extends { readonly name: string }>(
  cases: readonly T[],
  judge: (item: T) => Promise<JudgedCase>,
  { onCase, signal }: SuiteControl,
): Promise<JudgedCase[]> {
  const judged: JudgedCase[] = [];
  for (const item of cases) {
    if (signal?.aborted) {
      throw new AbortedError(`validation: stopped before ${item.name}, ${judged.length} of ${cases.length} cases done`);
    }
    const one = await judge(item);
    judged.push(one);
    onCase?.(one.result, judged.length, cases.length);
  }
  return judged;
}

/** What a suite found, out of its judged cases. */
export function suiteRun({ judged, subject, ...about }: SuiteParts): SuiteRun {
  // A subject may carry more than its description: what runs it, for example.
  const { kernel, device, origin } = subject;
  const cases = judged.map((one) => one.result);
  const result = suiteResult({ ...about, subject: { kernel, device, origin }, cases });
  return { result, evidence: judged.map((one) => one.evidence) };
}

interface SuiteParts extends Omit<SuiteResult, "pass" | "cases"> {
  readonly judged: readonly JudgedCase[];
}
