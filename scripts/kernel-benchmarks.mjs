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
    types: dtype.replace("_", " -> "),
    shape: [shape.join(" x "), ending.slice(1).replaceAll("_", ", "), more.array, more.plan].filter(Boolean).join(", "),
    macs: { count: m * k * n, type: dtype.startsWith("i8") ? "i8" : "bf16" },
    ...matmulErrors[dtype],
  };
};
const exact = { rounding: "conv_even", error: "none" };
const sums = "K 2^-24 of sum abs(a b)";
const matmulErrors = {
  i8_i8: exact,
  i8_i16: exact,
  i8_i32: { rounding: "none", error: "none" },
  i8_bf16: { rounding: "conv_even", error: "2^-8 + 2^-14.4" },
  bf16_bf16: { rounding: "conv_even", error: `2^-8, ${sums}` },
  bf16_f32: { rounding: "none", error: sums },
};
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
  matmul("i8_i8", [1024, 1024, 1024], { npu: "npu2" }),
  matmul("bf16_bf16", [1024, 1024, 1024], { npu: "npu2" }),
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
