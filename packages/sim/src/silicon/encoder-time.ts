import { gemmSeconds } from "./gemm-time.ts";
import type { SiliconModel } from "./silicon-model.ts";

interface EncoderSize {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
}

/** Source: Radford et al. 2022, table 1; large-v3-turbo keeps large's encoder. */
const sizes: Readonly<Record<string, EncoderSize>> = {
  tiny: { width: 384, layers: 4, heads: 6 },
  base: { width: 512, layers: 6, heads: 8 },
  small: { width: 768, layers: 12, heads: 12 },
  medium: { width: 1024, layers: 24, heads: 16 },
  large: { width: 1280, layers: 32, heads: 20 },
};

export const encoderNames = Object.keys(sizes);

/** Rows of a product are whole parts of 64: 1,536 for 1,500 positions, as published. */
const rowStep = 64;

interface EncoderJob {
  readonly model: string;
  readonly device: "npu1" | "npu2";
  /** Positions. */
  readonly context: number;
  readonly clockHz?: number | undefined;
  /** By a serving program, in which each product pays for the program around it and for a change of context and back. */
  readonly served: boolean;
}

/**
 * Seconds of a Whisper encoder whose matrix products each are a launch in bfloat16: four of width x width a layer, two of the
 * four times wider part, two for each head, and time for the scores outside of them. Undefined for a model of another name.
 */
export function encoderSeconds(job: EncoderJob, model: SiliconModel): number | undefined {
  const name = job.model
    .toLowerCase()
    .replace(/^(openai\/)?whisper-/, "")
    .replace(/\.en$/, "")
    .replace(/-(v\d|turbo).*$/, "");
  const size = Object.hasOwn(sizes, name) ? sizes[name] : undefined;
  if (size === undefined) return undefined;
  const rows = Math.ceil(job.context / rowStep) * rowStep;
  const { width, layers, heads } = size;
  const around = job.served ? model.wrapperSeconds + 2 * model.switchSeconds : 0;
  const { device, clockHz } = job;
  const gemm = (K: number, N: number): number =>
    around + gemmSeconds({ device, clockHz, type: "bf16", tuned: false, M: rows, K, N }, model).seconds;
  const products = 4 * gemm(width, width) + gemm(width, 4 * width) + gemm(4 * width, width);
  const attention = heads * (gemm(width / heads, rows) + gemm(rows, width / heads));
  return layers * (products + attention + heads * rows * rows * model.scoreSeconds);
}
