import { UsageError } from "@aiekit/core";
import type { NpuGeneration } from "@aiekit/host";
import type { WhisperSizes } from "../whisper-sizes.ts";

/** Samples of a frame, at 16 kHz. */
export const hopSamples = 160;

/**
 * Tokens or sequences that a launch of the wide decoder kernels takes: 8, the most of gemv; 5, enough for the published beam,
 * where rows of the widest product would not fit a core beside its weights.
 */
export function wideRows({ width, decoderHidden }: WhisperSizes): number {
  return Math.max(width, decoderHidden) <= longestOfEight ? 8 : 5;
}

/** Elements of a row: eight take 48 KiB of a core's 64. */
const longestOfEight = 3072;

const columnsOfArray: Readonly<Record<NpuGeneration, number>> = { npu1: 4, npu2: 8 };

/** Columns that a core of matmul holds at least, and rows of weights in a unit of a channel pair of gemv. */
const leastMatmulColumns = 16;
const leastGemvRows = 32;

/**
 * How many columns of the array the kernels of products take: as many as leave no array with padded columns, so that every
 * result lies as the next launch reads it.
 */
interface DeviceColumns {
  readonly encoder: number;
  readonly decoder: number;
  readonly array: number;
}

/** @throws UsageError for sizes that the kernels cannot chain. */
export function deviceColumns(sizes: WhisperSizes, generation: NpuGeneration): DeviceColumns {
  checkHeads("encoder", sizes.width, sizes.encoderHeads);
  checkHeads("decoder", sizes.width, sizes.decoderHeads);
  const array = columnsOfArray[generation];
  const most = (step: number, outputs: readonly number[], what: string): number => {
    for (let columns = array; columns > 0; columns--) {
      if (outputs.every((count) => count % (step * columns) === 0)) return columns;
    }
    throw new UsageError(`device: ${what} of ${outputs.join(" and ")} columns: expected multiples of ${step}`, {
      hint: "run this part on the CPU; models that are trained can choose other sizes",
    });
  };
  return {
    encoder: most(leastMatmulColumns, [sizes.width, sizes.encoderHidden], "encoder layers"),
    decoder: most(leastGemvRows, [sizes.width, sizes.decoderHidden], "decoder layers"),
    array,
  };
}

/** Rows of a cache of keys and values: every position, in whole chunks of a prompt. */
export function cacheRows(sizes: WhisperSizes): number {
  const chunk = wideRows(sizes);
  return Math.max(2, Math.ceil(sizes.textPositions / chunk)) * chunk;
}

function checkHeads(part: string, width: number, heads: number): void {
  const columns = width / heads;
  if (columns % 8 === 0 && columns <= 64) return;
  throw new UsageError(
    `device: ${part}: ${heads} heads of ${columns} columns: expected heads of a multiple of 8, at most 64`,
    { hint: "run this part on the CPU" },
  );
}
