import { expect, test } from "vitest";
import { deviceModel } from "../../device-model/device-model.ts";
import { lowerDesign } from "../../lowering/lower-design.ts";
import { matmulDesign, matmulEntry } from "../matmul.ts";
import { planMatmul, planTile } from "./matmul-plan.ts";
import { parseMatmulShapes } from "./matmul-shapes.ts";
import { type MatmulTypeName, matmulTypes } from "./matmul-types.ts";

const request = (dtype: MatmulTypeName, shapes: string) => ({
  device: deviceModel("npu1"),
  type: matmulTypes[dtype],
  cores: { columns: 4, rows: 4 },
  shapes: parseMatmulShapes(shapes),
});

test.each([
  ["i8_i8", 0.75],
  ["i8_i32", 0.75],
  ["i16_i16", 0.85],
  ["i16_i32", 0.85],
  ["i16_i64", 0.85],
  ["i16xi8_i16", 0.75],
  ["i16xi8_bf16", 0.75],
  // Scaling a group takes 8 of the multiplier's 24 and 40 issues: 0.67 and 0.8 are the most. Steps of 128 leave no room for
  // 64 x 64, and smaller tiles wait for their operands.
  ["i8g128_bf16", 0.5],
  ["i16xi8g128_bf16", 0.7],
  ["bf16_bf16", 0.7],
  ["bf16xi8_bf16", 0.7],
] as const)("%s, 1024^3 on npu1: modelled at %f of the array's peak or more, in one launch", (dtype, least) => {
  const [shape] = planMatmul(request(dtype, "1024x1024x1024")).shapes;

  expect(shape?.shareOfPeak).toBeGreaterThanOrEqual(least);
  expect(shape?.launches).toBe(1);
});

test("bytes: a is sent for each column step, b for each row step, channels as objects of b, c once", () => {
  const [plain, biased] = planTile(request("i8_i32", "512x128x512.512x128x512_bias"), { m: 64, k: 64, n: 32 }).shapes;

  expect(plain?.bytesToArray).toBe(4 * 512 * 128 + 2 * 128 * 512);
  expect(biased?.bytesToArray).toBe(4 * 512 * 128 + 2 * 128 * 512 + 512 * 64);
  expect(plain?.bytesFromArray).toBe(4 * 512 * 512);
});

test("weights: b comes once for each column step, not for each row step", () => {
  const stationary = "weights";
  const tile = { m: 32, k: 128, n: 64 };
  const [shape] = planTile({ ...request("i8_i32", "512x128x512"), stationary }, tile).shapes;

  expect(shape?.bytesToArray).toBe(2 * 512 * 128 + 128 * 512);
});

test.each([
  ["i8_i8", "3000x64x64", "weights"],
  ["bf16_bf16", "6000x128x256_bias_gelu", "weights"],
  ["i8_i8", "1024x1024x1024", "outputs"],
  ["i8_i8", "1500x384x384", "outputs"],
] as const)("%s %s: %s stay in the cores, which costs least", (dtype, shapes, stationary) => {
  const all = request(dtype, shapes);
  const cycles = (plan: ReturnType<typeof planMatmul>) => plan.shapes[0]?.modelledCycles ?? 0;

  const chosen = planMatmul(all);

  expect(chosen.stationary).toBe(stationary);
  for (const other of ["weights", "outputs"] as const) {
    expect(cycles(chosen)).toBeLessThanOrEqual(1.01 * cycles(planMatmul({ ...all, stationary: other })));
  }
});

test.each([
  ["64x200x64", { m: 16, k: 192, n: 16 }, "expected k of 200 or more: weights that stay are as deep as K"],
  ["64x64x64_residual", { m: 64, k: 64, n: 16 }, "a residual comes on the stream of b, which stands still"],
] as const)("weights that stay are refused for %s with tile %o", (shapes, tile, message) => {
  expect(() => planTile({ ...request("i8_i8", shapes), stationary: "weights" }, tile)).toThrow(message);
});

test("widths of 384 get tiles that are whole in them: nothing of N is padding", () => {
  const { tile } = planMatmul(request("bf16_bf16", "1500x384x384_bias.1500x384x1536_bias_gelu"));

  expect((4 * tile.n * Math.ceil(384 / (4 * tile.n))) / 384).toBe(1);
});

test("tile=whole: no array has padded columns, where the cheapest tile of all would have them", () => {
  const shapes = "100x128x384_bias.100x128x128_bias_residual.100x128x256_bias_gelu.100x256x128_bias_residual";
  const paddedColumns = (tile: string) =>
    matmulDesign({ device: "npu1", params: { dtype: "bf16_bf16", array: "whole", shapes, tile } })
      .sequences.flatMap(({ args }) => args)
      .filter(({ shape, padded }) => padded !== undefined && padded[1] !== shape[1]).length;

  expect(paddedColumns("whole")).toBe(0);
  expect(paddedColumns("64x32x64")).toBeGreaterThan(0);
});

test("tile=whole is refused where no tile divides the columns: N = 100", () => {
  const whole = { ...request("bf16_bf16", "64x64x100"), wholeColumns: true };

  expect(() => planMatmul(whole)).toThrow(
    expect.objectContaining({
      message: "matmul: no tile fits a compute tile's memory and divides the columns of every array",
      hint: "take K of whole 16 and N of whole 64, or tile=auto",
    }),
  );
});

test("a tile that does not fit is refused with both sizes, one that is not whole blocks with the blocks", () => {
  expect(() => planTile(request("bf16_f32", "64x64x64"), { m: 64, k: 64, n: 96 })).toThrow(
    /tile 64x64x96: needs \d+ B of data memory, a compute tile has 65536 B/,
  );
  expect(() => planTile(request("i8_i8", "64x64x64"), { m: 60, k: 64, n: 64 })).toThrow(
    "expected multiples of 16 x 8 x 16",
  );
});

test.each([
  ["npu1", "i8_i8", "whole", "1500x384x1536"],
  ["npu1", "bf16_bf16", "whole", "1500x384x384_bias_residual.1500x384x1536_bias_gelu.1500x1536x384_bias_residual"],
  ["npu1", "bf16_f32", "column", "100x384x51"],
  ["npu1", "i8_bf16", "tile", "1x1x1"],
  ["npu2", "bf16_bf16", "whole", "1500x384x384"],
  ["npu2", "i8_i32", "whole", "1500x384x384_bias"],
  ["npu1_2col", "i8_i16", "whole", "77x77x77"],
  ["npu1", "i16_i64", "whole", "200x384x100"],
  ["npu1", "i16_i16", "whole", "200x384x384_residual"],
  ["npu1", "i16xi8_i32", "tile", "5x7x3_bias"],
  ["npu1", "i8g128_i8", "whole", "1500x384x384.1500x1536x384"],
  ["npu1_2col", "i16xi8g128_bf16", "whole", "77x300x77_gelu"],
  ["npu2", "i16_i32", "whole", "1500x384x384_bias"],
  ["npu2", "i16xi8_bf16", "whole", "1500x384x384_gelu"],
  ["npu1", "bf16xi8_bf16", "whole", "1500x384x1152.1500x384x1536_gelu"],
  ["npu2", "i8g128_bf16", "column", "1500x384x384"],
])("%s %s %s %s: the chosen tile lowers, its memory is what the plan says", (device, dtype, array, shapes) => {
  const design = matmulDesign({ device, params: { dtype, array, shapes, tile: "auto" } });

  expect(lowerDesign(design.module).warnings).toEqual([]);
});

test.each([
  [
    { a: { dtype: "i8", shape: [3, 4] }, b: { dtype: "i8", shape: [4, 5] } },
    { dtype: "i8_i32", shapes: "3x4x5" },
  ],
  [
    { a: { dtype: "f32", shape: [3, 4] }, b: { dtype: "bf16", shape: [4, 5] } },
    { dtype: "bf16_bf16", shapes: "3x4x5" },
  ],
  [
    { a: { dtype: "i16", shape: [3, 4] }, b: { dtype: "i16", shape: [4, 5] } },
    { dtype: "i16_i64", shapes: "3x4x5" },
  ],
  [
    {
      a: { dtype: "i16", shape: [3, 4] },
      b: { dtype: "i8", shape: [4, 5] },
      channels: { dtype: "i32", shape: [4, 5] },
    },
    { dtype: "i16xi8_bf16", shapes: "3x4x5" },
  ],
  [
    { a: { dtype: "i8", shape: [3, 4] }, b: { dtype: "i8", shape: [4, 5] }, channels: { dtype: "f32", shape: [2, 5] } },
    { dtype: "i8g128_bf16", shapes: "3x4x5" },
  ],
] as const)("fit: types and sizes follow from the arrays", (inputs, expected) => {
  expect(matmulEntry.fit?.(inputs, {})).toEqual(expected);
});

const wrong: readonly [string, Parameters<NonNullable<typeof matmulEntry.fit>>[0], RegExp][] = [
  [
    "depths",
    { a: { dtype: "i8", shape: [3, 4] }, b: { dtype: "i8", shape: [5, 5] } },
    /a is \[3, 4\], b \[5, 5\]: expected b of 4 rows/,
  ],
  [
    "types",
    { a: { dtype: "i8", shape: [3, 4] }, b: { dtype: "bf16", shape: [4, 5] } },
    /a is i8, b bf16: expected i8 x i8, i16 x i16, i16 x i8, bf16 x bf16, bf16 x i8 or floats/,
  ],
  ["a vector", { a: { dtype: "i8", shape: [4] }, b: { dtype: "i8", shape: [4, 5] } }, /a: expected a matrix/],
  ["unsigned", { a: { dtype: "u16", shape: [3, 4] }, b: { dtype: "u16", shape: [4, 5] } }, /a is u16, b u16/],
];
test.each(wrong)("fit refuses what is not a product: %s", (_what, inputs, message) => {
  expect(() => matmulEntry.fit?.(inputs, {})).toThrow(message);
});

test.each([
  ["i8", "i16", "i16 x i16, a widened; or b^T a^T with weights in int8: i16 x i8"],
  ["u8", "i8", "i16 x i16, which holds all values of u8"],
  ["i32", "i16", "i16 x i16, for values of i32 within -32768 ... 32767"],
  ["i16", "f32", "bf16 x bf16: quantise both, or round both to bf16"],
] as const)("%s x %s is refused with the nearest choice: %s", (left, right, nearest) => {
  const inputs = { a: { dtype: left, shape: [3, 4] }, b: { dtype: right, shape: [4, 5] } };

  expect(() => matmulEntry.fit?.(inputs, {})).toThrow(expect.objectContaining({ hint: `nearest choice: ${nearest}` }));
});

test("a type for other operands, and one whose channels are missing, are refused", () => {
  const inputs = { a: { dtype: "i16", shape: [3, 200] }, b: { dtype: "i8", shape: [200, 5] } } as const;

  expect(() => matmulEntry.fit?.(inputs, { dtype: "i16_i64" })).toThrow(
    expect.objectContaining({
      message: "matmul: dtype i16_i64 takes i16 x i16, got i16 x i8",
      hint: "dtypes for them: i16xi8_i16, i16xi8_i32, i16xi8_bf16, i16xi8g128_i16, i16xi8g128_bf16",
    }),
  );
  expect(() => matmulEntry.fit?.(inputs, { dtype: "i16xi8g128_bf16" })).toThrow(
    "needs channels, f32[3, 5]: bias, scale of each group of 128",
  );
});

test.each([
  ["i8_i8", "64x64x64_gelu", "GELU needs a result that is a number in bf16 or f32, got i8"],
  ["bf16_f32", "64x64x64_residual", "a residual has to be of the operands' type: bf16 in, f32 out"],
  ["i8_i8", "300x20000x64", "K = 20000: expected at most 16384"],
  ["i8_i32", "64x64x70000", "N = 70000: expected at most"],
  ["i8_i8", "64x64", "expected MxKxN with whole numbers from 1 up"],
  ["i8_i8", "64x64x64_relu", "there is no ending _relu"],
  ["i8_i8", "8x8x8.8x8x8", "8x8x8 is there twice"],
  ["i16_i64", "64x64x64_residual", "a residual has to be of the operands' type: i16 in, i64 out"],
  ["i16xi8_i16", "64x64x64_residual", "a residual has to be of the operands' type: i16 x i8 in, i16 out"],
  ["i16_i16", "64x64x64_gelu", "GELU needs a result that is a number in bf16 or f32, got i16"],
  ["i8g128_bf16", "64x64x64", "tile 64x32x32: expected k = 128, a group of weights"],
  ["i8_i4", "8x8x8", "dtype i8_i4: expected one of"],
])("%s %s is refused: %s", (dtype, shapes, message) => {
  const params = { dtype, array: "whole", shapes, tile: "64x32x32" };

  expect(() => matmulDesign({ device: "npu1", params })).toThrow(message);
});
