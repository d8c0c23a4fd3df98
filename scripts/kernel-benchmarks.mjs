// What `scripts/bench-kernels.mjs` builds and runs: one row of kernels/benchmarks.md each. A new kernel gets its rows here.
//
// kernel, params, npu   as `aiekit build` takes them; sequence: which one is launched, the first when left out
// shape                 for people
// macs                  products that count, where the multiplier can bound the kernel; `issues`: of the busiest core, where
//                       not all of them are a product's
// rounding, error       of the result: docs and headers say where they come from

const matmul = (dtype, shape, { npu = "npu1", ending = "", ...more } = {}) => {
  const [m, k, n] = shape;
  const name = `${shape.join("x")}${ending}`;
  return {
    kernel: "matmul",
    npu,
    params: { dtype, shapes: name, ...more },
    types: dtype.replace("_", " -> ").replace("g128", " by 128").replace("xi8", " x i8"),
    shape: [shape.join(" x "), ending.slice(1).replaceAll("_", ", "), more.array, more.plan].filter(Boolean).join(", "),
    macs: { count: m * k * n, type: dtype.split("_")[0].replace("g128", "") },
    ...matmulErrors[dtype],
  };
};
const exact = { rounding: "conv_even", error: "none" };
const sums = "K 2^-24 of sum abs(a b)";
const narrowed = "2^-8 + 2^-14.4, half of 2^shift scale";
const groups = "2^-14.4 + 2^-24 of each group";
const matmulErrors = {
  i8_i8: exact,
  i8_i16: exact,
  i8_i32: { rounding: "none", error: "none" },
  i8_bf16: { rounding: "conv_even", error: "2^-8 + 2^-14.4" },
  bf16_bf16: { rounding: "conv_even", error: `2^-8, ${sums}` },
  bf16_f32: { rounding: "none", error: sums },
  bf16xi8_bf16: { rounding: "conv_even", error: `2^-8 + 2^-14.4, ${sums}` },
  i16_i64: { rounding: "none", error: "none" },
  i16_i32: exact,
  i16_i16: exact,
  i16_bf16: { rounding: "conv_even", error: narrowed },
  i16xi8_i32: exact,
  i16xi8_i16: exact,
  i16xi8_bf16: { rounding: "conv_even", error: narrowed },
  i8g128_bf16: { rounding: "conv_even", error: `2^-8, ${groups}` },
  i8g128_i8: { rounding: "conv_even", error: `half a step, ${groups}` },
  i16xi8g128_bf16: { rounding: "conv_even", error: `2^-8, ${groups}` },
  i16xi8g128_i16: { rounding: "conv_even", error: `half a step, ${groups}` },
};
const gemv = (dtype, shape, npu = "npu1") => ({
  kernel: "gemv",
  npu,
  params: { dtype, shapes: shape.join("x") },
  types: `bf16 x ${dtype.replace("_", " -> ")}`,
  shape: shape.join(" x "),
  rounding: dtype.endsWith("f32") ? "none" : "conv_even",
  error: `${dtype.endsWith("f32") ? "" : "2^-8, "}(K / 32 + 7) 2^-24 of sum abs(x w)${dtype.startsWith("i8") ? ", 2^-21" : ""}`,
});
const conv1d = (shapes, [frames, inputs, outputs], { stride = 1, npu = "npu1" } = {}) => ({
  kernel: "conv1d",
  npu,
  params: { shapes },
  types: "bf16",
  shape: `${frames} x ${inputs} -> ${outputs}, ${shapes.split("_").slice(1).join(", ")}`,
  macs: { count: Math.ceil(frames / stride) * 3 * inputs * outputs, type: "bf16" },
  rounding: "conv_even",
  error: "2^-8 + 2^-13, (3 inputs + 2) 2^-24 of the sum of magnitudes",
});
const transpose = (rows, npu = "npu1") => ({
  kernel: "transpose",
  npu,
  params: { rows },
  types: "f32 -> bf16",
  shape: `${rows} x 3000`,
  rounding: "conv_even",
  error: "2^-8",
});
const attention = (name, { queries, keys, heads }, npu = "npu1") => ({
  kernel: "attention",
  npu,
  params: { shapes: name },
  types: "bf16",
  shape: `${heads} heads of 64, ${queries} queries, ${keys} keys`,
  macs: { count: 2 * heads * queries * keys * 64, type: "bf16" },
  rounding: "conv_even",
  error: "rel. L2 0.0024",
});
const bf16Rounded = (error) => ({ types: "bf16", rounding: "conv_even", error: `2^-8 + ${error}` });
const logmel = (mels, npu = "npu1") => ({
  kernel: "logmel",
  npu,
  params: { mels },
  sequence: "samples_480000",
  types: "i16 -> f32",
  shape: `30 s, ${mels} bands`,
  // 375 batches of 8 frames; on AIE2 the core of the odd samples issues 4,056 products of 4 x 8 x 8 for each.
  ...(npu === "npu1" && { issues: (cores) => Math.ceil(375 / (cores / 4)) * 4056 }),
  rounding: "conv_even",
  error: "0.0028 (0.11 dB)",
});

export const kernelBenchmarks = [
  matmul("i8_i8", [1024, 1024, 1024]),
  matmul("i8_i16", [1024, 1024, 1024]),
  matmul("i8_i32", [1024, 1024, 1024]),
  matmul("i8_bf16", [1024, 1024, 1024]),
  matmul("bf16_bf16", [1024, 1024, 1024]),
  matmul("bf16_f32", [1024, 1024, 1024]),
  matmul("bf16xi8_bf16", [1024, 1024, 1024]),
  matmul("i8_i8", [1024, 1024, 1024], { npu: "npu2" }),
  matmul("bf16_bf16", [1024, 1024, 1024], { npu: "npu2" }),
  ...Object.keys(matmulErrors)
    .filter((dtype) => dtype.startsWith("i16") || dtype.includes("g128"))
    .map((dtype) => matmul(dtype, [1024, 1024, 1024])),
  ...["i16_i32", "i16xi8_bf16", "i8g128_bf16", "i16xi8g128_bf16"].map((dtype) =>
    matmul(dtype, [1024, 1024, 1024], { npu: "npu2" }),
  ),
  matmul("i8_i8", [512, 512, 512], { array: "column" }),
  matmul("i8_i8", [256, 512, 256], { array: "tile" }),
  matmul("bf16_bf16", [512, 512, 512], { array: "column" }),
  matmul("bf16_bf16", [256, 256, 256], { array: "tile" }),
  matmul("bf16_bf16", [1500, 384, 1152], { ending: "_bias" }),
  matmul("bf16_bf16", [1500, 384, 384], { ending: "_bias_residual" }),
  matmul("bf16_bf16", [1500, 384, 1536], { ending: "_bias_gelu" }),
  matmul("bf16_bf16", [1500, 1536, 384], { ending: "_bias_residual" }),
  matmul("bf16_bf16", [6000, 128, 256], { ending: "_bias_gelu", plan: "outputs" }),
  matmul("bf16_bf16", [6000, 128, 256], { ending: "_bias_gelu", plan: "weights" }),
  matmul("i8_i8", [1500, 384, 384], { plan: "outputs" }),
  matmul("i8_i8", [1500, 384, 384], { plan: "weights" }),
  gemv("i8_bf16", [1, 384, 384]),
  gemv("i8_bf16", [1, 384, 1536]),
  gemv("i8_bf16", [1, 1536, 384]),
  gemv("i8_bf16", [1, 512, 2048]),
  gemv("bf16_bf16", [1, 384, 384]),
  gemv("bf16_bf16", [1, 384, 1536]),
  gemv("bf16_bf16", [1, 1536, 384]),
  gemv("i8_f32", [1, 512, 51865]),
  gemv("i8_f32", [5, 512, 51865]),
  gemv("i8_f32", [8, 512, 51865]),
  gemv("i8_bf16", [1, 512, 2048], "npu2"),
  conv1d("3000x80x384_bias_gelu", [3000, 80, 384]),
  conv1d("3000x128x384_bias_gelu", [3000, 128, 384]),
  conv1d("3000x384x384_s2_bias_gelu", [3000, 384, 384], { stride: 2 }),
  conv1d("3000x384x384_s2_bias_gelu_residual", [3000, 384, 384], { stride: 2 }),
  conv1d("3000x80x384_bias_gelu", [3000, 80, 384], { npu: "npu2" }),
  transpose(80),
  transpose(128),
  attention("6x1500x1500", { heads: 6, queries: 1500, keys: 1500 }),
  attention("20x1500x1500", { heads: 20, queries: 1500, keys: 1500 }),
  attention("6x1x1500", { heads: 6, queries: 1, keys: 1500 }),
  attention("6x1500x1500", { heads: 6, queries: 1500, keys: 1500 }, "npu2"),
  { kernel: "gelu", npu: "npu1", params: { shape: "1500x1536" }, shape: "1500 x 1536", ...bf16Rounded("2^-13") },
  { kernel: "add", npu: "npu1", params: { shape: "1500x384" }, shape: "1500 x 384", ...bf16Rounded("2^-24") },
  { kernel: "softmax", npu: "npu1", params: {}, shape: "1500 rows of 1500", ...bf16Rounded("2^-12.9") },
  { kernel: "layernorm", npu: "npu1", params: {}, shape: "1500 rows of 384", ...bf16Rounded("2^-13") },
  { kernel: "gelu", npu: "npu2", params: { shape: "1500x1536" }, shape: "1500 x 1536", ...bf16Rounded("2^-13") },
  { kernel: "softmax", npu: "npu2", params: {}, shape: "1500 rows of 1500", ...bf16Rounded("2^-12.9") },
  { kernel: "layernorm", npu: "npu2", params: {}, shape: "1500 rows of 384", ...bf16Rounded("2^-13") },
  { kernel: "topk", npu: "npu1", params: {}, types: "f32", shape: "5 of 51,865", rounding: "none", error: "none" },
  logmel(80),
  logmel(128),
  logmel(80, "npu2"),
  {
    kernel: "fft",
    npu: "npu1_1col",
    params: {},
    types: "i16 -> i32",
    shape: "16 frames of 512 points",
    rounding: "conv_even",
    error: "28 of 2^30",
  },
  {
    kernel: "mel",
    npu: "npu1_1col",
    params: {},
    sequence: "frames_1024",
    types: "i16",
    shape: "1,024 frames",
    rounding: "conv_even",
    error: "0.004 dB",
  },
  {
    kernel: "mel",
    npu: "npu1_1col",
    params: { tiles: 3 },
    sequence: "frames_1024",
    types: "i16",
    shape: "1,024 frames, 3 cores",
    rounding: "conv_even",
    error: "0.004 dB",
  },
];
