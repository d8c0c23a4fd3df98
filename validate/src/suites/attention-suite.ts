import { type Tensor, tensor } from "@aiekit/core";
import fc from "fast-check";
import { type AttentionReference, type AttentionSizes, attentionReference } from "../references/attention-reference.ts";
import { bf16HalfPlace, bf16Noise, drawn, numbersOf } from "../signals/bf16-arrays.ts";
import type { ArraySubject, ArraySuiteOptions, Arrays } from "./array-subject.ts";
import { floatsCriteria, judgeFloats } from "./judge-floats.ts";
import { type JudgedCase, runCases } from "./run-cases.ts";
import { type Criterion, caseResult, finiteOrNull, type SuiteRun, suiteResult } from "./suite-result.ts";

const leastSquares: Criterion = {
  name: "relative L2",
  worse: "higher",
  rule: "|error|₂ <= 0.01 |reference|₂",
  derivation:
    "required of the kernel; two roundings to bfloat16 alone are 2^-9.2 each as root mean squares, 0.0024 together",
};

export const attentionCriteria: readonly Criterion[] = [
  ...floatsCriteria({
    rule: "|error| <= half of the last place + (2^-7 + 2^-9.9 + 2 e) A; A = Σ p |v| / Σ p, e = sqrt(width) 2^-24 largest Σ |q k|",
    derivation:
      "the quotient is rounded to nearest once; each p carries 2^-8 of its narrowing, 2^-10.9 of the exponential and the error e of its score, in the numerator and in the sum it is divided by",
  }),
  leastSquares,
];

interface AttentionCase extends AttentionSizes {
  readonly name: string;
  readonly group: string;
  readonly packed: boolean;
  readonly q: Tensor<"bf16">;
  readonly k: Tensor<"bf16">;
  readonly v: Tensor<"bf16">;
}

/** Holds attention against its definition in float64. @throws AbortedError when the caller's signal fires. */
export async function attentionSuite(subject: ArraySubject, options: ArraySuiteOptions = {}): Promise<SuiteRun> {
  const { seed = 1, cases } = options;
  const judged = await runCases(
    attentionCases(seed, cases).slice(0, cases),
    async (item) => {
      const shape = `${item.heads}x${item.queries}x${item.keys}${item.causal ? "_causal" : ""}${item.packed ? "_qkv" : ""}`;
      const outputs = await subject.run({ width: item.width, shapes: shape }, inputsOf(item));
      return judge(item, numbersOf(Object.values(outputs)[0]!));
    },
    options,
  );
  const result = suiteResult({
    suite: "attention",
    subject: { kernel: subject.kernel, device: subject.device, origin: subject.origin },
    seed,
    criteria: attentionCriteria,
    cases: judged.map((j) => j.result),
    notes: ["reference: softmax(q k^T / sqrt(width)) v in float64, by its definition"],
  });
  return { result, evidence: judged.map((j) => j.evidence) };
}

function judge(item: AttentionCase, actual: Float64Array): JudgedCase {
  const { name, group, queries, heads, width } = item;
  const columns = heads * width;
  const reference = attentionReference({ q: numbersOf(item.q), k: numbersOf(item.k), v: numbersOf(item.v) }, item);
  const tolerance = (i: number) => {
    const before = errorBefore(reference, { i, columns, width });
    return bf16HalfPlace(Math.abs(reference.y[i]!) + before) + before;
  };
  const judging = {
    name,
    group,
    rows: queries,
    columns,
    reference: reference.y,
    tolerance,
    isNoise: group !== "values",
  };
  const { result, evidence } = judgeFloats(judging, actual);
  return { result: caseResult({ ...result, checks: [...result.checks, relativeL2(reference.y, actual)] }), evidence };
}

/** What is wrong before the quotient is rounded, at most. */
function errorBefore(
  { magnitudes, scores }: AttentionReference,
  { i, columns, width }: { readonly i: number; readonly columns: number; readonly width: number },
): number {
  const head = Math.floor(i / columns) * (columns / width) + Math.floor((i % columns) / width);
  const ofScore = Math.sqrt(width) * 2 ** -24 * scores[head]!;
  return (2 ** -7 + 2 ** -9.9 + 2 * ofScore) * magnitudes[i]!;
}

function relativeL2(reference: Float64Array, actual: Float64Array) {
  let [error, norm] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    error += (actual[i]! - reference[i]!) ** 2;
    norm += reference[i]! ** 2;
  }
  const value = Math.sqrt(error / norm);
  return {
    criterion: leastSquares.name,
    pass: value <= 0.01,
    value: finiteOrNull(value),
    detail: value.toExponential(2),
  };
}

/** `kv`: keys of all heads, then their values, in each row; `qkv`: the queries before them. */
function inputsOf({ packed, q, k, v }: AttentionCase): Arrays {
  return packed ? { qkv: besideEachOther([q, k, v]) } : { q, kv: besideEachOther([k, v]) };
}

function besideEachOther(parts: readonly Tensor<"bf16">[]): Tensor<"bf16"> {
  const [rows, columns] = parts[0]!.shape as [number, number];
  const whole = tensor("bf16", [rows, columns * parts.length]);
  parts.forEach((part, p) => {
    for (let r = 0; r < rows; r++) {
      whole.data.set(part.data.subarray(r * columns, (r + 1) * columns), (r * parts.length + p) * columns);
    }
  });
  return whole;
}

function attentionCases(seed: number, count = 14): readonly AttentionCase[] {
  const at = (
    name: string,
    sizes: Pick<AttentionSizes, "heads" | "queries" | "keys"> & Partial<AttentionCase>,
    scale = 1,
  ): AttentionCase => {
    const width = sizes.width ?? 64;
    const columns = sizes.heads * width;
    return {
      name,
      group: "shapes",
      width,
      causal: false,
      packed: false,
      q: bf16Noise([sizes.queries, columns], seed, { deviation: scale }),
      k: bf16Noise([sizes.keys, columns], seed + 1, { deviation: scale }),
      v: bf16Noise([sizes.keys, columns], seed + 2),
      ...sizes,
    };
  };
  const fixed = [
    at("2 heads, 40 queries, 70 keys", { heads: 2, queries: 40, keys: 70 }),
    at("causal, 2 heads, 48 positions", { heads: 2, queries: 48, keys: 48, causal: true }),
    at("one query, one key", { heads: 1, queries: 1, keys: 1 }),
    at("equal scores", {
      heads: 2,
      queries: 9,
      keys: 33,
      group: "values",
      q: bf16Noise([9, 128], seed, { deviation: 0 }),
    }),
    at("scores up to some hundreds, where one key takes all", { heads: 2, queries: 16, keys: 100, group: "values" }, 6),
    at("one input qkv, 2 heads, 40 positions", { heads: 2, queries: 40, keys: 40, packed: true }),
    at("the last 5 of 77 positions, causal", { heads: 3, queries: 5, keys: 77, causal: true }),
    at("heads of 24 columns", { heads: 2, queries: 20, keys: 50, width: 24 }),
    at("decoder: one query over 1500 keys, 6 heads", { heads: 6, queries: 1, keys: 1500 }),
    at("encoder: 1500 positions, 6 heads", { heads: 6, queries: 1500, keys: 1500 }),
  ];
  const sizes = fc.tuple(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 90 }),
    fc.integer({ min: 1, max: 150 }),
  );
  const random = drawn(sizes, Math.max(0, count - fixed.length), seed).map(([heads, queries, keys]) =>
    at(`${heads} heads, ${queries} queries, ${keys} keys`, { heads, queries, keys }),
  );
  return [...fixed, ...random];
}
