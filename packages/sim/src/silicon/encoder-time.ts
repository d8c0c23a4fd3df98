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

/** Rows of a product are whole parts of 256. */
const rowStep = 256;

/**
 * Seconds of a Whisper encoder whose matrix products each are a launch in bfloat16: four of width x width a layer, two of the
 * four times wider part, two for each head, and time for the scores outside of them. `served`: by a serving program, whose launches
 * cost more. Undefined for a model of another name.
 */
export function encoderSeconds(
  name: string,
  context: number,
  { model, served }: { readonly model: SiliconModel; readonly served: boolean },
): number | undefined {
  const size =
    sizes[
      name
        .replace(/^whisper-/, "")
        .replace(/\.en$/, "")
        .replace(/-(v\d|turbo).*$/, "")
    ];
  if (size === undefined) return undefined;
  const rows = Math.ceil(context / rowStep) * rowStep;
  const { width, layers, heads } = size;
  const around = served ? model.servedSeconds + 2 * model.switchSeconds : 0;
  const gemm = (K: number, N: number): number =>
    around + gemmSeconds({ device: "npu1", type: "bf16", M: rows, K, N }, model);
  const products = 4 * gemm(width, width) + gemm(width, 4 * width) + gemm(4 * width, width);
  const attention = heads * (gemm(width / heads, rows) + gemm(rows, width / heads));
  return layers * (products + attention + heads * rows * rows * model.scoreSeconds);
}
