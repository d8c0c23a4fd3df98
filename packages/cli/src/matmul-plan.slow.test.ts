import { test } from "vitest";
import { expectPlanHolds, type MatmulPlanCase } from "./matmul-plan.test-support.ts";

/** One build with a cold compiler on a busy machine. */
const buildMs = 120_000;

/** Each type, both generations, whole arrays and parts; shapes bound by each of the things that bind a product. */
const plans: readonly MatmulPlanCase[] = [
  {
    npu: "npu1",
    dtype: "i8_i8",
    array: "whole",
    shapes: "1024x1024x1024.256x512x256.448x384x384_residual.300x64x1000.100x100x100.100x384x1536.1x1x1",
  },
  {
    npu: "npu1",
    dtype: "bf16_bf16",
    array: "whole",
    shapes: "1024x1024x1024.1500x384x384_bias_residual.1500x384x1536_bias_gelu.600x128x64.300x768x384",
  },
  { npu: "npu1", dtype: "i8_i32", array: "whole", shapes: "1x8x20000.17x33x1111.600x16x33" },
  { npu: "npu1", dtype: "bf16_f32", array: "column", shapes: "300x200x100.77x77x777_bias_gelu.1x384x1000" },
  { npu: "npu1", dtype: "i8_bf16", array: "whole", shapes: "1500x384x384.1500x384x1536_gelu.20x20x20" },
  { npu: "npu1", dtype: "i8_i8", array: "whole", plan: "weights", shapes: "1500x384x384.3000x64x64.70x90x500" },
  { npu: "npu1", dtype: "bf16_bf16", array: "whole", plan: "weights", shapes: "6000x128x256_bias_gelu.300x80x384" },
  { npu: "npu1", dtype: "i8_i16", array: "tile", shapes: "200x200x200.60x300x60" },
  { npu: "npu2", dtype: "i8_i8", array: "whole", shapes: "300x300x300_residual.1024x1024x1024.600x384x384" },
  {
    npu: "npu2",
    dtype: "bf16_bf16",
    array: "whole",
    shapes: "1024x1024x1024.300x384x384_bias_residual.300x384x768_bias_gelu.40x30x20.1x384x2000",
  },
  { npu: "npu2", dtype: "bf16_f32", array: "column", shapes: "300x300x300_gelu.1000x384x384_bias" },
];

test.each(plans)(
  "$npu $dtype $array $shapes: estimated cycles are those that the simulator models, and bytes those of the stream",
  expectPlanHolds,
  buildMs,
);
