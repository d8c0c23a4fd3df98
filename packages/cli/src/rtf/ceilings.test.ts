import { deviceModel } from "@aiekit/mlir";
import { expect, test } from "vitest";
import { arrayPeak, ceiling } from "./array-ceiling.ts";
import { modelWork } from "./model-work.ts";
import { publishedSizes } from "./published-sizes.ts";
import { targetCell } from "./targets.ts";

test("ceilings: the weights that a window and a token need are those of the published models", () => {
  // Parameters as published, in millions. Biases and norms are not counted here.
  const published = { tiny: 37.8, base: 72.6, small: 241.7, medium: 763.9, "large-v3": 1543.5, turbo: 808.9 };

  for (const [name, millions] of Object.entries(published)) {
    const sizes = publishedSizes[name]!;
    const work = modelWork(sizes, 0);
    const cached = sizes.decoderLayers * 2 * sizes.width * sizes.audioPositions;
    const positions = (sizes.audioPositions + sizes.textPositions) * sizes.width;
    const weights = work.encoderWeights + work.crossWeights + work.tokenValues - cached + positions;
    expect(Math.abs(weights / 1e6 / millions - 1), name).toBeLessThan(0.003);
  }
});

test("ceilings: tiny's encoder is 17.5 G multiplications in its layers and 0.94 G in its convolutions", () => {
  // A layer by hand, 1500 positions: 0.885 G in projections, 1.769 G between, 1.728 G in attention.
  expect(modelWork(publishedSizes.tiny!, 0).encoderMacs).toBe(4 * 4_382_208_000 + 276_480_000 + 663_552_000);
});

test("ceilings: npu1 has 4.19 T multiplications of int8 a second and 32.8 GB/s from memory, npu2 4.95 and 2.5 times that", () => {
  const npu1 = arrayPeak(deviceModel("npu1"), "int8");
  const npu2 = arrayPeak(deviceModel("npu2"), "int8");

  expect(npu1).toEqual({ macsPerSecond: 16 * 256 * 1.024e9, bytesPerSecond: 8 * 4 * 1.024e9 });
  expect(npu2).toEqual({ macsPerSecond: 32 * 512 * 1.267e9, bytesPerSecond: 16 * 4 * 1.267e9 });
  expect(arrayPeak(deviceModel("npu1"), "bf16").macsPerSecond).toBe(npu1.macsPerSecond / 2);
});

test("ceilings: a token waits for memory, an encoder for multipliers, and both bound the speed", () => {
  const work = modelWork(publishedSizes.tiny!, 0);
  const peak = { macsPerSecond: work.encoderMacs + work.crossMacs, bytesPerSecond: 2 * work.tokenValues };

  const found = ceiling(work, peak, { type: "bf16", tokens: 4, windowSeconds: 30 });

  expect(found).toEqual({ encoderSeconds: 1, tokenSeconds: 1, tokenBound: "memory", timesRealTime: 6 });
});

test("targets: a speed of 30 reaches 30x and 29.9 does not", () => {
  expect(targetCell(30)).toBe("30x, next 80x");
  expect(targetCell(29.9)).toBe("15x, next 30x");
  expect(targetCell(3)).toBe("none, next 10x");
  expect(targetCell(500)).toBe("220x, the last");
});
