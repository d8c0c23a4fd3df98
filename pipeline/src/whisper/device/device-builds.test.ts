import { UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { decoderSteps } from "./decoder-steps.ts";
import { decoderBuilds, deviceWhisperBuilds, windowBuilds } from "./device-builds.ts";
import { cacheRows, deviceColumns } from "./device-sizes.ts";
import { bf16Everywhere, int8Everywhere } from "./weight-types.ts";
import { windowSteps } from "./window-steps.ts";

/** Sizes of openai/whisper-tiny and large-v3: config.json of each. */
const published = (width: number, layers: number, mels = 80): WhisperSizes => ({
  ...{ mels, width, encoderLayers: layers, decoderLayers: layers, vocab: 51865 },
  ...{ encoderHeads: width / 64, decoderHeads: width / 64, encoderHidden: 4 * width, decoderHidden: 4 * width },
  ...{ audioPositions: 1500, textPositions: 448 },
});
const tiny = published(384, 4);
const npu1 = { generation: "npu1" } as const;
const narrow: WhisperSizes = {
  ...tiny,
  ...{ width: 96, encoderHeads: 3, decoderHeads: 3, encoderHidden: 384, decoderHidden: 384, audioPositions: 400 },
};

test("every published width takes the whole array for products; 96 columns take three of four", () => {
  for (const width of [384, 512, 768, 1024, 1280]) {
    expect(deviceColumns(published(width, 4), "npu1")).toEqual({ encoder: 4, decoder: 4, array: 4 });
  }
  expect(deviceColumns(narrow, "npu1")).toEqual({ encoder: 3, decoder: 3, array: 4 });
  expect(windowBuilds(narrow, 800, npu1).get("matmul/800")?.device).toBe("npu1_3col");
  expect(windowBuilds(tiny, 3000, npu1).get("matmul/3000")?.device).toBeUndefined();
  expect(windowBuilds(tiny, 3000, { generation: "npu2" }).get("matmul/3000")?.device).toBe("npu2");
});

test("greedy decoding of tiny from sound is nine builds, five of which stay from window to window", () => {
  const builds = deviceWhisperBuilds(tiny, { generation: "npu1" });

  expect([...builds.keys()]).toEqual([
    ...["logmel/3000", "transpose/3000", "conv1d/3000", "layernorm/3000", "matmul/3000", "attention/3000"],
    ...["norm", "gemv/bf16/1", "head/bf16/1"],
  ]);
  expect([...builds.values()].filter(({ oncePerWindow }) => !oncePerWindow)).toHaveLength(5);
  expect(builds.get("attention/3000")?.params.shapes).toBe(
    "6x1500x1500_qkv.6x1x1500.6x8x1500.6x1x448_cache.6x8x448_causal_cache.48x1x448_cache",
  );
});

test("beams and prompts take 8 rows where a core holds them, 5 where the widest product is 4,096 or 5,120", () => {
  for (const [width, rows] of [
    [384, 8],
    [768, 8],
    [1024, 5],
    [1280, 5],
  ] as const) {
    const names = [...decoderBuilds(published(width, 4), "npu1").keys()];
    expect(names, String(width)).toContain(`gemv/bf16/${rows}`);
    expect(cacheRows(published(width, 4))).toBe(rows === 8 ? 448 : 450);
  }
});

test("layers with weights of both types ask for a gemv of each", () => {
  const weightTypes = { decoder: ["int8", "bf16"], head: "int8" } as const;

  const names = [...deviceWhisperBuilds(tiny, { generation: "npu1", weightTypes }).keys()].slice(-4);

  expect(names).toEqual(["norm", "gemv/int8/1", "gemv/bf16/1", "head/int8/1"]);
});

test("every step names a build and one of its sequences, and no step writes what it reads", () => {
  const all = [tiny, narrow].flatMap((sizes) => [bf16Everywhere, int8Everywhere].map((types) => ({ sizes, types })));
  for (const { sizes, types } of all) {
    const frames = 2 * sizes.audioPositions;
    const { mel, encoder, cross } = windowSteps(sizes, frames, types);
    const builds = new Map([
      ...windowBuilds(sizes, frames, { generation: "npu1", weightTypes: types }),
      ...decoderBuilds(sizes, "npu1"),
    ]);
    const passes = (["token", "prompt", "sequences"] as const).flatMap((kind) =>
      decoderSteps({ sizes, types, positions: frames / 2, kind, keys: 20 }),
    );
    for (const { kernel, sequence, args } of [...mel, ...encoder, ...cross, ...passes]) {
      const { shapes, cols, rows, samples } = builds.get(kernel)!.params;
      if (kernel.startsWith("add")) continue;
      const [given, wanted] =
        shapes === undefined ? [cols ?? rows ?? samples, sequence.split("_")[1]] : [shapes, sequence];
      const isCount = kernel.startsWith("layernorm") || kernel === "norm";
      expect(String(isCount ? rows : given).split("."), kernel).toContain(wanted);
      const results = Object.entries(args).filter(([name]) => ["y", "c", "out", "features"].includes(name));
      const [written, read] = [results[0]?.[1], Object.values(args)];
      expect(results, `${kernel} ${sequence}`).toHaveLength(1);
      expect(
        read.filter((name) => name === written),
        `${kernel} ${sequence}`,
      ).toHaveLength(1);
    }
  }
});

test.each([
  [{ ...tiny, decoderHeads: 3 }, /decoder: 3 heads of 128 columns: expected heads of a multiple of 8, at most 64/],
  [{ ...tiny, width: 120, encoderHeads: 3, decoderHeads: 3 }, /encoder layers of 120 and 1536 columns/],
])("sizes that the kernels cannot chain are refused: %#", (sizes, message) => {
  expect(() => deviceWhisperBuilds(sizes, { generation: "npu1" })).toThrow(message);
});

test("windows are refused that the model or the second convolution has no place for", () => {
  for (const frames of [3002, 61, 8]) expect(() => windowBuilds(tiny, frames, npu1)).toThrow(UsageError);
});
