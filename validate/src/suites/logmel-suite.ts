import type { Tensor } from "@aiekit/core";
import { cosine, pearson } from "../metrics/correlation.ts";
import { maxAbsErr } from "../metrics/error.ts";
import { checkOutput } from "../metrics/liveness.ts";
import { type WhisperFeatures, whisperFeatures } from "../references/whisper-reference.ts";
import type { LogmelCase } from "../signals/logmel-cases.ts";
import type { ArraySubject } from "./array-subject.ts";
import { type JudgedCase, runCases, suiteRun } from "./run-cases.ts";
import {
  type Check,
  type Criterion,
  caseResult,
  finiteOrNull,
  type SuiteControl,
  type SuiteRun,
} from "./suite-result.ts";

/** Limits of the logmel suite, in units of the features: a quarter of a decade of energy. */
export const logmelLimits = { error: 0.01, pearson: 0.9999, bias: 1e-4, silence: 1e-5 } as const;

const { error, pearson: leastPearson, bias, silence } = logmelLimits;

export const logmelCriteria: readonly Criterion[] = [
  {
    name: "output",
    rule: "f32[mels, frames] with frames = ⌊samples/160⌋, finite, not constant",
    derivation: "no metric means anything for output of another size, or without a signal in it",
  },
  {
    name: "error",
    worse: "higher",
    rule: `|error| ≤ ${error} in every element`,
    derivation:
      "required of the kernel: 0.4 dB down to the clamp at 80 dB below the loudest. A bfloat16 power is off by 2⁻⁸, or " +
      "log10(1 + 2⁻⁸)/4 = 4.2e-4, its filter weight by as much; two-term products by 1.8e-3 beside an offset of half scale",
  },
  {
    name: "pearson",
    worse: "lower",
    rule: `pearson > ${leastPearson} over all elements`,
    derivation: "required of the kernel; a shift by one band or one frame falls below it",
  },
  {
    name: "bias",
    worse: "far from 0",
    rule: `|mean error| ≤ ${bias} over the elements above the clamp, on speech`,
    derivation:
      "rounding to nearest averages to 0 over thousands of elements, weights to 2e-5; a truncated bfloat16 power is 2⁻⁸·⁵ " +
      "too small in the mean, or 3e-4 of a feature",
  },
  {
    name: "silence",
    worse: "higher",
    rule: `(−10 + 4)/4 = −1.5 everywhere within ${silence}, for silence`,
    derivation:
      "log10 of 1e-10 by the kernel's own logarithm, whose error is 1e-5; noise of a kernel's own would show here",
  },
];

export interface LogmelSuiteOptions extends SuiteControl {
  readonly seed: number;
  readonly cases: readonly LogmelCase[];
  readonly notes?: readonly string[];
}

/**
 * Holds a Whisper front end (`pcm` to `features`, f32[mels, frames]) against the float64 definition, sound by sound.
 * @throws AbortedError when the caller's signal fires; what the device throws goes through.
 */
export async function logmelSuite(subject: ArraySubject, options: LogmelSuiteOptions): Promise<SuiteRun> {
  const judged = await runCases(
    options.cases,
    async (item) => {
      const { mels, pcm, params } = item;
      const { features } = await subject.run({ mels, pcm: pcm.dtype, ...params }, { pcm });
      return judge(item, features);
    },
    options,
  );
  return suiteRun({
    suite: "logmel",
    subject,
    seed: options.seed,
    criteria: logmelCriteria,
    judged,
    notes: options.notes ?? [],
  });
}

function judge({ name, group, pcm, mels, origin }: LogmelCase, features: Tensor | undefined): JudgedCase {
  const scale = pcm.dtype === "i16" ? 32_768 : 1;
  const reference = whisperFeatures(
    Float64Array.from(pcm.data as Int16Array, (x) => x / scale),
    mels,
  );
  const { frames } = reference;
  const actual = Float64Array.from((features?.data ?? []) as Float32Array);
  const isSilent = group === "silence";
  const output = outputCheck(features, reference, isSilent);
  const result = caseResult({
    name,
    group,
    origin,
    rows: frames,
    columns: mels,
    checks: [output, ...(output.pass ? valueChecks(reference, actual, group) : [])],
    facts: output.pass && !isSilent ? facts(reference.values, actual) : [],
  });
  const turned = (values: Float64Array) =>
    Float64Array.from(
      { length: frames * mels },
      (_, i) => values[(i % mels) * frames + Math.floor(i / mels)] ?? Number.NaN,
    );
  const evidence = {
    name,
    rows: frames,
    columns: mels,
    unit: "",
    reference: turned(reference.values),
    actual: turned(actual),
  };
  return { result, evidence };
}

function outputCheck(features: Tensor | undefined, { mels, frames }: WhisperFeatures, isSilent: boolean): Check {
  const got = features === undefined ? "nothing" : `${features.dtype}[${features.shape.join(", ")}]`;
  const expected = `f32[${mels}, ${frames}]`;
  if (features === undefined || got !== expected) {
    return { criterion: "output", pass: false, value: null, detail: `expected ${expected}, got ${got}` };
  }
  const { ok, reason } = checkOutput(features.data as Float32Array, mels * frames);
  const pass = ok || isSilent;
  return { criterion: "output", pass, value: frames, detail: pass ? expected : reason };
}

function valueChecks({ values, frames }: WhisperFeatures, actual: Float64Array, group: LogmelCase["group"]): Check[] {
  const place = (index: number) => `band ${Math.floor(index / frames)}, frame ${index % frames}`;
  const worst = maxAbsErr(values, actual);
  const found = `${worst.value.toExponential(2)} at ${place(worst.index)} (reference ${worst.reference.toFixed(4)}, got ${worst.actual.toFixed(4)})`;
  if (group === "silence") return [check("silence", worst.value <= silence, worst.value, found)];
  const checks = [check("error", worst.value <= error, worst.value, found)];
  const r = pearson(values, actual);
  checks.push(check("pearson", r > leastPearson, r, r.toFixed(8)));
  if (group !== "signal") {
    const mean = meanErrorAboveClamp(values, actual);
    checks.push(check("bias", Math.abs(mean) <= bias, mean, `mean ${mean.toExponential(2)}`));
  }
  return checks;
}

/** Where the clamp is reached both sides have nearly the same value, whatever the rounding. */
function meanErrorAboveClamp(reference: Float64Array, actual: Float64Array): number {
  const clamp = reference.reduce((a, b) => Math.max(a, b)) - 2;
  let [sum, count] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    if (reference[i]! <= clamp) continue;
    sum += actual[i]! - reference[i]!;
    count++;
  }
  return sum / count;
}

function facts(reference: Float64Array, actual: Float64Array) {
  return [{ name: "cosine", value: finiteOrNull(cosine(reference, actual)), unit: "" }];
}

function check(criterion: string, pass: boolean, value: number, detail: string): Check {
  return { criterion, pass, value: finiteOrNull(value), detail };
}
