import { UsageError } from "@aiekit/core";
import type { NpuGeneration } from "@aiekit/host";
import type { KernelBuild } from "../../encoder/encoder-layer-chain.ts";
import type { WhisperSizes } from "../whisper-sizes.ts";
import { deviceColumns, hopSamples, wideRows } from "./device-sizes.ts";
import { decoderAttentionNames, gemvNames } from "./sequence-names.ts";
import { bf16Everywhere, type WeightTypes } from "./weight-types.ts";
import { windowSteps } from "./window-steps.ts";

/** A build of the device executor. */
export interface DeviceBuild extends KernelBuild {
  /** It is used once a window, so its context is the first that is handed back where another needs one. */
  readonly oncePerWindow: boolean;
}

interface BuildOptions {
  readonly generation: NpuGeneration;
  /** bfloat16 everywhere where left out. */
  readonly weightTypes?: WeightTypes | undefined;
}

/**
 * Builds for windows of `frames` frames, by name: `matmul/3000`. Launches of the decoder that see the window, or a cache as
 * wide as its heads, are sequences of its attention. @throws UsageError for sizes that the kernels cannot chain.
 */
export function windowBuilds(
  sizes: WhisperSizes,
  frames: number,
  { generation, weightTypes = bf16Everywhere }: BuildOptions,
): ReadonlyMap<string, DeviceBuild> {
  checkFrames(sizes, frames);
  const columns = deviceColumns(sizes, generation);
  const narrow = arrayOf(generation, columns.encoder);
  const whole = arrayOf(generation, columns.array);
  const { mel, encoder, cross } = windowSteps(sizes, frames, weightTypes);
  const shapes = new Map<string, Set<string>>();
  for (const { kernel, sequence } of [...mel, ...encoder, ...cross]) {
    shapes.set(kernel, (shapes.get(kernel) ?? new Set()).add(sequence));
  }
  const shapesOf = (kernel: string) => [...(shapes.get(`${kernel}/${frames}`) ?? [])];
  const attention = [...shapesOf("attention"), ...Object.values(decoderAttentionNames(sizes, frames / 2))];
  const heads = sizes.width / sizes.decoderHeads;
  const builds: Record<string, DeviceBuild> = {
    logmel: once("logmel", { samples: String(frames * hopSamples), mels: sizes.mels }, whole),
    transpose: once("transpose", { rows: sizes.mels, cols: String(frames), margin: 1 }, whole),
    conv1d: once("conv1d", { shapes: shapesOf("conv1d").join(".") }, narrow),
    layernorm: once("layernorm", { rows: String(frames / 2), cols: sizes.width }, whole),
  };
  for (const [name, dtype] of [
    ["matmul", "bf16_bf16"],
    ["matmul-int8", "bf16xi8_bf16"],
  ] as const) {
    const products = shapesOf(name);
    if (products.length > 0)
      builds[name] = kept("matmul", { dtype, shapes: products.join("."), tile: "whole" }, narrow);
  }
  if (shapesOf("add").length > 0) builds.add = once("add", { shape: `${frames / 2}x${sizes.width}` }, whole);
  builds.attention = kept("attention", { width: heads, shapes: attention.join(".") }, whole);
  const apart = shapesOf("encoder-attention");
  if (apart.length > 0) {
    const width = sizes.width / sizes.encoderHeads;
    builds["encoder-attention"] = once("attention", { width, shapes: apart.join(".") }, whole);
  }
  return new Map(Object.entries(builds).map(([name, build]) => [`${name}/${frames}`, build]));
}

/** Builds of the decoder that no window matters to: `gemv/bf16/1`, `head/int8/8`, `norm`. */
export function decoderBuilds(sizes: WhisperSizes, generation: NpuGeneration): ReadonlyMap<string, DeviceBuild> {
  const { decoder: columns } = deviceColumns(sizes, generation);
  const device = arrayOf(generation, undefined);
  const builds = new Map<string, DeviceBuild>([
    ["norm", kept("layernorm", { rows: `1.${wideRows(sizes)}`, cols: sizes.width, columns: 1, tiles: 1 }, device)],
  ]);
  for (const rows of [1, wideRows(sizes)]) {
    for (const type of ["bf16", "int8"] as const) {
      const element = type === "int8" ? "i8" : "bf16";
      const { head, ...products } = gemvNames(sizes, rows, type);
      const shapes = [...new Set(Object.values(products))].join(".");
      builds.set(
        `gemv/${type}/${rows}`,
        kept("gemv", { dtype: `${element}_bf16`, shapes, tile: "whole", columns }, device),
      );
      builds.set(`head/${type}/${rows}`, kept("gemv", { dtype: `${element}_f32`, shapes: head }, device));
    }
  }
  return builds;
}

/**
 * What greedy decoding of full windows from features needs, for those who build before they run; other windows, beams and
 * long prompts ask for more when they come.
 */
export function deviceWhisperBuilds(
  sizes: WhisperSizes,
  options: BuildOptions & { readonly frames?: number },
): ReadonlyMap<string, DeviceBuild> {
  const { generation, weightTypes = bf16Everywhere, frames = 2 * sizes.audioPositions } = options;
  const decoder = decoderBuilds(sizes, generation);
  const types = new Set([weightTypes.decoder].flat());
  const wanted = ["norm", ...[...types].map((type) => `gemv/${type}/1`), `head/${weightTypes.head}/1`];
  return new Map([
    ...windowBuilds(sizes, frames, options),
    ...wanted.map((name) => [name, decoder.get(name)!] as const),
  ]);
}

const leastFrames = 16;

/** @throws UsageError for frames that no window can have. */
export function checkFrames({ audioPositions }: WhisperSizes, frames: number): void {
  const most = 2 * audioPositions;
  if (Number.isSafeInteger(frames) && frames % 2 === 0 && frames >= leastFrames && frames <= most) return;
  throw new UsageError(`device: a window of ${frames} frames: expected an even number from ${leastFrames} to ${most}`, {
    hint: "fill it up with zeros of sound; the second convolution reads past an odd last frame",
  });
}

type Params = KernelBuild["params"];

const once = (kernel: string, params: Params, device: string | undefined): DeviceBuild => ({
  ...{ kernel, params, oncePerWindow: true },
  ...(device !== undefined && { device }),
});

const kept = (kernel: string, params: Params, device: string | undefined): DeviceBuild => ({
  ...once(kernel, params, device),
  oncePerWindow: false,
});

/** Array of so many columns; undefined where it is the kernels' own. */
function arrayOf(generation: NpuGeneration, columns: number | undefined): string | undefined {
  const isWhole = columns === undefined || columns === (generation === "npu1" ? 4 : 8);
  if (isWhole) return generation === "npu1" ? undefined : generation;
  return `${generation}_${columns}col`;
}
