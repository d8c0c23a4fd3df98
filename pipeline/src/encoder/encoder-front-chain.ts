import { UsageError } from "@aiekit/core";
import type { ChainStep } from "@aiekit/host";
import type { KernelBuild } from "./encoder-layer-chain.ts";

/** Sizes of what stands before the layers of a Whisper encoder. */
export interface EncoderFrontSizes {
  /** 16 kHz; a frame for each 160. */
  readonly samples: number;
  readonly mels: number;
  /** Columns of the hidden state. */
  readonly width: number;
}

const hopSamples = 160;
// Whole tiles of four columns of cores.
const columnStep = 64;

/** Frames of features and positions of the hidden state, one for two frames. @throws UsageError for sizes that do not chain. */
export function encoderFrontPositions({ samples, mels }: Pick<EncoderFrontSizes, "samples" | "mels">): {
  frames: number;
  positions: number;
} {
  const frames = Math.floor(samples / hopSamples);
  if (!Number.isSafeInteger(samples) || frames < 8 || frames % 2 !== 0) {
    throw new UsageError(
      `encoder front: samples ${samples}: expected an even number of frames of ${hopSamples}, 8 or more`,
      {
        hint: `nearest: ${Math.max(8, 2 * Math.round(frames / 2)) * hopSamples}; the second convolution reads past an odd last frame`,
      },
    );
  }
  if (mels !== 80 && mels !== 128) throw new UsageError(`encoder front: mels: expected 80 or 128, got ${mels}`);
  return { frames, positions: frames / 2 };
}

/** What has to be built for a whole array: three kernels; both convolutions are sequences of one build. */
export function encoderFrontBuilds(sizes: EncoderFrontSizes): ReadonlyMap<string, KernelBuild> {
  const { frames } = encoderFrontPositions(sizes);
  const { samples, mels, width } = sizes;
  if (!Number.isSafeInteger(width) || width < 1 || width % columnStep !== 0) {
    throw new UsageError(`encoder front: width ${width}: expected a multiple of ${columnStep}`, {
      hint: `nearest: ${Math.max(columnStep, Math.round(width / columnStep) * columnStep)}`,
    });
  }
  const shapes = Object.values(convolutionNames(sizes)).join(".");
  return new Map<string, KernelBuild>([
    ["logmel", { kernel: "logmel", params: { samples: String(samples), mels } }],
    ["transpose", { kernel: "transpose", params: { rows: mels, cols: String(frames), margin: 1 } }],
    ["conv1d", { kernel: "conv1d", params: { shapes } }],
  ]);
}

/**
 * From sound to the hidden state that the first layer takes, as four launches:
 *
 *     pcm -> logmel -> features [mels, frames] -> transpose -> frames [frames, mels] -> conv1, GELU -> stem
 *         -> conv2, stride 2, GELU (+ positions) -> x [frames / 2, width]
 *
 * Source: OpenAI's whisper/model.py, AudioEncoder.
 */
export function encoderFrontSteps(sizes: EncoderFrontSizes, output = "x"): readonly ChainStep[] {
  const { frames } = encoderFrontPositions(sizes);
  const names = convolutionNames(sizes);
  const convolution = (name: keyof typeof names, arrays: { x: string; residual?: string; y: string }): ChainStep => ({
    name,
    kernel: "conv1d",
    sequence: names[name],
    args: { weights: `${name}.weights`, channels: `${name}.channels`, ...arrays },
  });
  return [
    {
      name: "logmel",
      kernel: "logmel",
      sequence: `samples_${sizes.samples}`,
      args: { pcm: "pcm", features: "features" },
    },
    { name: "transpose", kernel: "transpose", sequence: `cols_${frames}`, args: { x: "features", y: "frames" } },
    convolution("conv1", { x: "frames", y: "stem" }),
    convolution("conv2", { x: "stem", residual: "positions", y: output }),
  ];
}

function convolutionNames({ samples, mels, width }: EncoderFrontSizes) {
  const frames = Math.floor(samples / hopSamples);
  return {
    conv1: `${frames}x${mels}x${width}_bias_gelu_margin`,
    conv2: `${frames}x${width}x${width}_s2_bias_gelu_residual`,
  };
}
