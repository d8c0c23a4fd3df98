import { expect, test } from "vitest";
import { startTimeoutMs } from "../kernel.test-support.ts";
import { argumentsBase } from "./kernel-pair.test-support.ts";
import { buildMatmulKernel } from "./matmul-kernel.test-support.ts";

const [m, k, n] = [32, 32, 32];
const bAt = argumentsBase + 4_096;
const sumsAt = bAt + 4_096;

// By the published operations of mmul_tile.h: em x en blocks of sums stay in registers while k is walked.
const kinds = [
  { type: "i8", out: "int8", bytes: 1, r: 4, s: 8, t: 8, em: 4, en: 2 },
  { type: "bf16", out: "bfloat16", bytes: 2, r: 4, s: 8, t: 4, em: 4, en: 4 },
] as const;

test.each(kinds)(
  "a step of $type counts loads, stores and issues of its blocks, however they are worked on",
  async ({ type, out, bytes, r, s, t, em, en }) => {
    const kernel = await buildMatmulKernel({
      type,
      out,
      arch: 20,
      tile: { m, k, n },
      takesResidual: false,
      reference: "",
      referenceExports: ["aiekit_ops"],
    });
    const counts = () => [0, 1, 2, 3].map((kind) => kernel.call("aiekit_ops", kind));
    counts();

    kernel.call(`matmul_step_${type}`, argumentsBase, bAt, sumsAt, 1);

    const groups = (m * n) / (r * em * t * en);
    const sumBytes = groups * em * en * r * t * 4;
    const operandBytes = groups * (k / s) * (em * r * s + en * s * t) * bytes;
    const products = groups * (k / s) * em * en;
    const widened = groups * em * en;
    const stored = type === "i8" ? widened : 0;
    expect(counts()).toEqual([sumBytes + operandBytes, sumBytes, products, widened + stored]);
  },
  2 * startTimeoutMs,
);
