import { ShapeError, tensor, UsageError, type Weights } from "@aiekit/core";
import { expect, test } from "vitest";
import { encoderFrontBuilds, encoderFrontPositions, encoderFrontSteps } from "./encoder-front-chain.ts";
import { encoderFrontArrays } from "./encoder-front-weights.ts";

const tiny = { samples: 480_000, mels: 80, width: 384 };
const small = { samples: 1600, mels: 80, width: 64 };
const f32 = (...shape: number[]): Weights => tensor("f32", shape);
const weights = () => ({
  conv1: { weights: f32(64, 80, 3), bias: f32(64) },
  conv2: { weights: f32(64, 64, 3), bias: f32(64) },
  positions: f32(5, 64),
});

test("whisper-tiny: three builds, four launches, 3,000 frames to 1,500 positions", () => {
  expect(encoderFrontPositions(tiny)).toEqual({ frames: 3000, positions: 1500 });
  expect([...encoderFrontBuilds(tiny).values()].map(({ kernel, params }) => [kernel, params])).toEqual([
    ["logmel", { samples: "480000", mels: 80 }],
    ["transpose", { rows: 80, cols: "3000", margin: 1 }],
    ["conv1d", { shapes: "3000x80x384_bias_gelu_margin.3000x384x384_s2_bias_gelu_residual" }],
  ]);
  expect(encoderFrontSteps(tiny).map(({ name }) => name)).toEqual(["logmel", "transpose", "conv1", "conv2"]);
});

test("every array that a launch reads is a weight, the sound, or the output of a launch before it", () => {
  const given = new Set([...encoderFrontArrays(weights(), small).keys(), "pcm"]);
  for (const { args, kernel } of encoderFrontSteps(small)) {
    const outputName = kernel === "logmel" ? "features" : "y";
    for (const [arg, name] of Object.entries(args)) if (arg !== outputName) expect(given).toContain(name);
    given.add(args[outputName]!);
  }
  expect(given).toContain("x");
});

test("weights of another shape are refused by name", () => {
  const wrong = { ...weights(), conv2: { weights: f32(64, 3, 64), bias: f32(64) } };

  expect(() => encoderFrontArrays(wrong, small)).toThrow(
    new ShapeError("encoder front: conv2.weights: expected f32[64, 64, 3], got f32[64, 3, 64]"),
  );
  expect(() => encoderFrontArrays({ ...weights(), positions: f32(6, 64) }, small)).toThrow(
    /positions: expected f32\[5, 64\]/,
  );
});

test.each([
  [{ ...small, samples: 1760 }, /samples 1760: expected an even number of frames/, /nearest: 1920/],
  [{ ...small, samples: 160 }, /8 or more/, /nearest: 1280/],
  [{ ...small, mels: 81 }, /mels: expected 80 or 128, got 81/, undefined],
  [{ ...small, width: 100 }, /width 100: expected a multiple of 64/, /nearest: 128/],
])("sizes %j are refused with the nearest possible choice", (sizes, message, hint) => {
  let error: unknown;
  try {
    encoderFrontBuilds(sizes);
  } catch (thrown) {
    error = thrown;
  }

  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message).toMatch(message);
  if (hint !== undefined) expect((error as UsageError).hint).toMatch(hint);
});
