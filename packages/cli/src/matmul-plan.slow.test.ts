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
  { npu: "npu1", dtype: "i16_i32", array: "whole", shapes: "512x512x512_bias.77x300x200" },
  { npu: "npu1", dtype: "i16_i64", array: "whole", shapes: "512x512x512.300x100x1000" },
  { npu: "npu1", dtype: "i16_i16", array: "whole", shapes: "512x512x512_residual.600x384x384" },
  { npu: "npu1", dtype: "i16_i32", array: "whole", plan: "weights", shapes: "1000x64x256_bias" },
  { npu: "npu1", dtype: "i16_bf16", array: "tile", shapes: "64x64x32_gelu.60x300x60" },
  { npu: "npu1", dtype: "i16xi8_bf16", array: "whole", shapes: "1500x384x384.300x384x768_gelu.40x40x40" },
  { npu: "npu1", dtype: "i16xi8_i32", array: "column", shapes: "300x300x300.100x80x384_bias" },
  { npu: "npu1", dtype: "i8g128_bf16", array: "whole", shapes: "1500x384x384.300x384x768_gelu.77x5000x100" },
  { npu: "npu1", dtype: "i8g128_i8", array: "whole", shapes: "512x512x512" },
  { npu: "npu1", dtype: "i8g128_bf16", array: "whole", plan: "weights", shapes: "3000x128x384.100x100x100_gelu" },
  { npu: "npu1", dtype: "i16xi8g128_bf16", array: "whole", shapes: "1500x384x384.300x384x768_gelu" },
  { npu: "npu2", dtype: "i16_i64", array: "whole", shapes: "300x300x300_bias.512x512x512" },
  { npu: "npu2", dtype: "i16xi8_i16", array: "whole", shapes: "512x512x512" },
  { npu: "npu2", dtype: "i16xi8_bf16", array: "whole", shapes: "600x384x384.300x384x768_gelu" },
  { npu: "npu2", dtype: "i8g128_bf16", array: "whole", shapes: "600x384x384.77x5000x100" },
  { npu: "npu2", dtype: "i16xi8g128_i16", array: "whole", shapes: "600x384x384" },
  {
    npu: "npu1",
    dtype: "bf16_bf16",
    array: "whole",
    shapes: "300x384x384_bias_gelu_residual.300x80x384_bias_gelu_residual.300x384x384_residual",
  },
  {
    kernel: "conv1d",
    npu: "npu1",
    array: "whole",
    shapes: "3000x80x384_bias_gelu_margin.3000x384x384_s2_bias_gelu_residual.300x384x384_s2",
  },
  { kernel: "conv1d", npu: "npu1", array: "whole", shapes: "3000x16x384_bias_gelu" },
  { kernel: "conv1d", npu: "npu2", array: "whole", shapes: "1000x80x384_bias_gelu.1000x384x384_s2_bias" },
];

test.each(plans)(
  "$npu $dtype $array $shapes: estimated cycles are those that the simulator models, and bytes those of the stream",
  expectPlanHolds,
  buildMs,
);
