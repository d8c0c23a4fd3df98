import { bf16ToFloat, type Tensor, tensor } from "@aiekit/core";
import fc from "fast-check";
import { bf16Array, drawn } from "../signals/bf16-arrays.ts";
import { createRandom, type Random } from "../signals/random.ts";

/** One convolution with what follows it. */
export interface Conv1dCase {
  readonly name: string;
  readonly group: "shapes" | "values" | "drawn";
  readonly array: "tile" | "column" | "whole";
  readonly frames: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: 1 | 2;
  readonly bias: boolean;
  readonly gelu: boolean;
  readonly residual: boolean;
  readonly margin: boolean;
  readonly isNoise: boolean;
  /** Element `index` of an array, before it is rounded to bfloat16. */
  readonly value: (array: "x" | "weights" | "residual", index: number, random: Random) => number;
}

export interface Conv1dInputs {
  readonly x: Tensor<"bf16">;
  /** [outputs, inputs, 3], numbers of bfloat16. */
  readonly weights: Tensor<"f32">;
  readonly bias: Tensor<"f32">;
  readonly residual: Tensor<"bf16"> | undefined;
}

/** Parameter `shapes` of the kernel: `100x80x64_s2_bias`. */
export function conv1dShapeName(item: Omit<Conv1dCase, "name">): string {
  const { frames, inputs, outputs, stride } = item;
  const endings = (["bias", "gelu", "residual", "margin"] as const).filter((ending) => item[ending]);
  return [`${frames}x${inputs}x${outputs}`, ...(stride === 2 ? ["s2"] : []), ...endings].join("_");
}

const noise: Conv1dCase["value"] = (_array, _index, random) => random.normal();
const plain = { array: "whole", stride: 1, bias: false, gelu: false, residual: false, margin: false } as const;

/** Built-in cases: both convolutions of Whisper's stem in small, sizes of all kinds, values, and drawn shapes. */
export function conv1dCases(seed: number, drawnCount = 8): readonly Conv1dCase[] {
  const shape = (frames: number, inputs: number, outputs: number, more: Partial<Conv1dCase> = {}): Conv1dCase => {
    const item = { ...plain, group: "shapes" as const, frames, inputs, outputs, isNoise: true, value: noise, ...more };
    return { ...item, name: item.name ?? `${conv1dShapeName(item)}${item.array === "whole" ? "" : ` ${item.array}`}` };
  };
  const values = (name: string, value: Conv1dCase["value"], more: Partial<Conv1dCase> = {}): Conv1dCase =>
    shape(21, 40, 64, { group: "values", name, value, isNoise: false, ...more });
  const stem = { bias: true, gelu: true } as const;
  return [
    shape(130, 80, 64, { ...stem, margin: true }),
    shape(131, 64, 64, { ...stem, stride: 2, residual: true }),
    shape(1, 1, 1),
    shape(1, 1, 1, { stride: 2, bias: true }),
    shape(2, 3, 5, { stride: 2, gelu: true }),
    shape(300, 17, 33, { stride: 2, residual: true }),
    shape(97, 128, 40, { bias: true }),
    shape(70, 48, 20, { array: "tile", gelu: true }),
    shape(271, 20, 70, { array: "column", stride: 2, bias: true, residual: true }),
    values("all equal: only the first and the last position see zeros", () => 0.5),
    values("a frame of ones at either end", (array, i, random) => {
      if (array === "x") return i < 40 || i >= 20 * 40 ? 1 : 0;
      return random.normal();
    }),
    values("one hot", (array, i) => (array === "x" ? (i % 131 === 0 ? 1 : 0) : ((i * 37) % 255) / 127 - 1)),
    values("magnitudes from 1e-30 to 1e15", (array, i, random) => {
      return array === "residual" ? 0 : random.normal() * 10 ** (((i * 7) % 46) - 30);
    }),
    values("sums that cancel", (array, i, random) => {
      return array === "x" ? (i % 2 === 0 ? 1 : -1) : 1000 + random.uniform();
    }),
    values("denormals", (array, i) => (array === "x" ? (i % 128) * 2 ** -133 : (i % 5) - 2)),
    values("frames with NaN and infinities reach their three positions and no others", (array, i, random) => {
      const special = { 200: Number.NaN, 400: Number.POSITIVE_INFINITY, 600: Number.NEGATIVE_INFINITY }[i];
      return array === "x" && special !== undefined ? special : random.normal();
    }),
    values(
      "a frame with NaN at stride 2, through GELU and residual",
      (array, i, random) => (array === "x" && i === 210 ? Number.NaN : random.normal()),
      { stride: 2, gelu: true, residual: true },
    ),
    values(
      "GELU around 0 and far out",
      (array, i) => (array === "x" ? (i % 40 === 0 ? 1 : 0) : i % 120 === 1 ? Math.floor(i / 120) / 4 - 8 : 0),
      { gelu: true },
    ),
    ...drawnCases(seed, drawnCount),
  ];
}

/** Shapes and endings that fast-check draws. */
function drawnCases(seed: number, count: number): readonly Conv1dCase[] {
  const size = (most: number) => fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: most }));
  const arbitrary = fc.record({
    frames: size(280),
    inputs: size(130),
    outputs: size(130),
    stride: fc.constantFrom(1 as const, 2 as const),
    bias: fc.boolean(),
    gelu: fc.boolean(),
    residual: fc.boolean(),
    margin: fc.boolean(),
  });
  return drawn(arbitrary, count, seed).map((one, i): Conv1dCase => {
    const item = { ...plain, ...one, group: "drawn" as const, isNoise: true, value: noise };
    return { ...item, name: `drawn ${i}: ${conv1dShapeName(item)}` };
  });
}

/** Arrays of a case. Weights of noise are scaled so that sums have a deviation near 1. */
export function conv1dInputs(item: Conv1dCase, seed: number): Conv1dInputs {
  const { frames, inputs, outputs, stride } = item;
  const random = createRandom(seed);
  const array = (name: "x" | "weights" | "residual", shape: readonly number[], factor = 1) =>
    bf16Array(shape, (i) => factor * item.value(name, i, random));
  const positions = Math.ceil(frames / stride);
  const x = array("x", [frames, inputs]);
  const weights = array("weights", [outputs, inputs, 3], item.isNoise ? 1 / Math.sqrt(3 * inputs) : 1);
  const bias = Float32Array.from({ length: outputs }, () => (item.bias ? 0.3 * random.normal() : 0));
  return {
    x,
    weights: tensor("f32", weights.shape, Float32Array.from(weights.data, bf16ToFloat)),
    bias: tensor("f32", [outputs], bias),
    residual: item.residual ? array("residual", [positions, outputs]) : undefined,
  };
}
