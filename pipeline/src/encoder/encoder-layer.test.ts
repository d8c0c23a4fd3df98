import { ShapeError, tensor, UsageError, type Weights } from "@aiekit/core";
import { expect, test } from "vitest";
import { encoderLayerBuilds, encoderLayerSteps } from "./encoder-layer-chain.ts";
import { checkEncoderLayerSizes, whisperTinyEncoder } from "./encoder-layer-sizes.ts";
import { type EncoderLayerWeights, encoderLayerArrays } from "./encoder-layer-weights.ts";

const small = { positions: 4, width: 64, heads: 1, ffn: 128 };
const f32 = (...shape: number[]): Weights => tensor("f32", shape);
const weights = (): EncoderLayerWeights => ({
  ln1: { gamma: f32(64), beta: f32(64) },
  qkv: { weights: f32(64, 192), bias: f32(192) },
  out: { weights: f32(64, 64), bias: f32(64) },
  ln2: { gamma: f32(64), beta: f32(64) },
  fc1: { weights: f32(64, 128), bias: f32(128) },
  fc2: { weights: f32(128, 64), bias: f32(64) },
});

test("a layer is three builds, and seven launches whose kernels and sequences are in them", () => {
  const builds = encoderLayerBuilds(whisperTinyEncoder);
  const steps = encoderLayerSteps(whisperTinyEncoder);

  expect([...builds.keys()]).toEqual(["layernorm", "matmul", "attention"]);
  expect(builds.get("matmul")?.params.shapes).toBe(
    "1500x384x1152_bias.1500x384x384_bias_residual.1500x384x1536_bias_gelu.1500x1536x384_bias_residual",
  );
  expect(steps.map(({ name, kernel }) => `${name}: ${kernel}`)).toEqual([
    "ln1: layernorm",
    "qkv: matmul",
    "attention: attention",
    "out: matmul",
    "ln2: layernorm",
    "fc1: matmul",
    "fc2: matmul",
  ]);
});

test("two products of the same sizes and endings are one sequence", () => {
  const shapes = encoderLayerBuilds({ ...small, ffn: 64 }).get("matmul")?.params.shapes;

  expect(shapes).toBe("4x64x192_bias.4x64x64_bias_residual.4x64x64_bias_gelu");
});

test("layers in a row share nothing but the hidden state between them", () => {
  const arrays = (layer: number) => {
    const names = { input: `x${layer}`, output: `x${layer + 1}`, prefix: `${layer}.` };
    return new Set(encoderLayerSteps(small, names).flatMap(({ args }) => Object.values(args)));
  };
  const [first, second] = [arrays(0), arrays(1)];

  expect([...first].filter((name) => second.has(name))).toEqual(["x1"]);
});

test("every array that a launch reads is a weight, the input, or the output of a launch before it", () => {
  const given = new Set([...encoderLayerArrays(weights(), small).keys(), "x"]);
  for (const { args, kernel } of encoderLayerSteps(small)) {
    const outputName = { layernorm: "y", matmul: "c", attention: "out" }[kernel] as string;
    for (const [arg, name] of Object.entries(args)) if (arg !== outputName) expect(given).toContain(name);
    given.add(args[outputName]!);
  }
  expect(given).toContain("y");
});

test("a bias is the bits of a float32 in the first of four words of its column", () => {
  const given = weights();
  given.fc2.bias.data.set([1.5, -2], 3);

  const channels = encoderLayerArrays(given, small).get("fc2.channels")!;

  expect(channels.shape).toEqual([4, 64]);
  expect([channels.data[3], channels.data[4]]).toEqual([0x3fc00000, 0xc0000000 | 0]);
  expect(channels.data.filter((word) => word !== 0)).toHaveLength(2);
});

test("weights of another shape, and weights that are not finite, are refused by name", () => {
  const wrong = { ...weights(), fc1: { weights: f32(128, 64), bias: f32(128) } };
  const damaged = weights();
  damaged.qkv.weights.data[193] = Number.NaN;

  expect(() => encoderLayerArrays(wrong, small)).toThrow(
    new ShapeError("encoder layer: fc1.weights: expected f32[64, 128], got f32[128, 64]"),
  );
  expect(() => encoderLayerArrays(damaged, small, "3.")).toThrow("3.qkv: weight [1, 1] is NaN");
});

test.each([
  [{ ...small, width: 100 }, "width 100: expected a multiple of 64", /nearest: 128/],
  [{ ...small, ffn: 20 }, "ffn 20: expected a multiple of 64", /nearest: 64/],
  [{ ...small, width: 384, heads: 5 }, "expected heads of a multiple of 8, at most 64, got 76.8", /nearest .*: 6/],
  [{ ...small, width: 384, heads: 1 }, "expected heads of a multiple of 8, at most 64, got 384", /nearest .*: 6/],
  [{ ...small, positions: 0 }, "positions: expected a whole number from 1 up, got 0", undefined],
])("sizes %j are refused with the nearest possible choice", (sizes, message, hint) => {
  let error: unknown;
  try {
    checkEncoderLayerSizes(sizes);
  } catch (thrown) {
    error = thrown;
  }

  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message).toContain(message);
  if (hint !== undefined) expect((error as UsageError).hint).toMatch(hint);
});
