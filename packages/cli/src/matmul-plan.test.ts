import { test } from "vitest";
import { expectPlanHolds, type MatmulPlanCase } from "./matmul-plan.test-support.ts";

/** Two builds with a cold compiler on a busy machine; matmul-plan.slow.test.ts has more of them. */
const buildsMs = 120_000;

/** Bound by the multiplier, by short runs in host memory, by residuals, by GELU. */
const plans: readonly MatmulPlanCase[] = [
  {
    npu: "npu1",
    dtype: "bf16_bf16",
    array: "whole",
    shapes: "256x256x256.300x384x384_bias_residual.300x64x768_bias_gelu",
  },
  { npu: "npu2", dtype: "i8_i8", array: "whole", shapes: "300x300x300_residual.512x512x512.100x100x100.1x1x1" },
];

test.each(plans)(
  "$npu $dtype $shapes: estimated cycles are those that the simulator models, and bytes those of the instruction stream",
  expectPlanHolds,
  buildsMs,
);
