import { test } from "vitest";
import { compileLimitMs } from "./compile-limit.test-support.ts";
import { expectPlanHolds, type MatmulPlanCase } from "./matmul-plan.test-support.ts";

/** Two builds, that of the plan and that without; matmul-plan.slow.test.ts has more of them. */
const buildsMs = 2 * compileLimitMs;

/** Bound by the multiplier, by short runs in host memory, by residuals, by GELU; then each kind of operands on one core. */
const plans: readonly MatmulPlanCase[] = [
  {
    npu: "npu1",
    dtype: "bf16_bf16",
    array: "whole",
    shapes: "256x256x256.300x384x384_bias_residual.300x64x768_bias_gelu",
  },
  { npu: "npu2", dtype: "i8_i8", array: "whole", shapes: "300x300x300_residual.512x512x512.100x100x100.1x1x1" },
  { npu: "npu1", dtype: "i16_i32", array: "tile", shapes: "60x64x32_bias.64x64x32" },
  { npu: "npu2", dtype: "i16_i64", array: "tile", shapes: "60x64x32_bias.64x64x32" },
  { npu: "npu1", dtype: "i16xi8_bf16", array: "tile", shapes: "60x64x32.64x64x32_gelu" },
  { npu: "npu1", dtype: "bf16xi8_bf16", array: "tile", shapes: "60x64x32.64x64x32_gelu" },
  { npu: "npu1", dtype: "i8g128_bf16", array: "tile", shapes: "60x256x32.32x8192x32_gelu" },
  { npu: "npu2", dtype: "i16xi8g128_bf16", array: "tile", shapes: "60x256x32.64x256x32_gelu" },
];

test.each(plans)(
  "$npu $dtype $shapes: estimated cycles are those that the simulator models, and bytes those of the instruction stream",
  expectPlanHolds,
  buildsMs,
);
