import { bdOverflows, bdShape, overflowText } from "../device-model/bd-limits.ts";
import type { DeviceModel } from "../device-model/device-model.ts";
import { type DmaModel, type TileKind, tileModels } from "../device-model/tile-model.ts";

/** Access pattern of a host transfer, in elements, innermost dimension first (the reverse of the dialect's text). */
export interface Transfer {
  readonly elementBits: number;
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

/** The same pattern as the shim DMA's registers hold it. Strides are words minus one. */
interface ShimPattern {
  readonly lengthWords: number;
  /** Size and stride fields of dimensions 0, 1, 2; all zero for a linear transfer. Dimension 2 has no size field. */
  readonly sizes: readonly [number, number];
  readonly strides: readonly [number, number, number];
  /** Size - 1 and stride - 1 of the iteration dimension. */
  readonly iterationSize: number;
  readonly iterationStride: number;
  /** Executions minus one, for the push to the task queue. */
  readonly repeat: number;
}

const wordBits = 32;
const wordBytes = 4;

/**
 * What is wrong with a transfer, in the dialect's own words, or undefined. The limits are those of the real verifier,
 * which lets through size 3 = 65 and strides of 2^20 + 1 words; `strictTransferError` does not.
 * @param linear the sizes describe a plain run, whose length no wrap field holds.
 * Source: AIEXDialect verifyStridesWraps, measured.
 */
export function transferError(
  transfer: Transfer,
  { wrapMax, strideMaxWords, iterationMax }: DmaModel = tileModels.shim.dma,
  linear = isLinear(transfer),
): string | undefined {
  const { elementBits, sizes, strides } = transfer;
  for (const [i, size] of sizes.entries()) if (size <= 0) return `Size ${i} must be a positive integer.`;
  const bytes = elementBits / 8;
  const innerBytes = at(sizes, 0) * bytes;
  if (innerBytes % wordBytes !== 0) {
    return `Transfer sizes must be multiples of 4 bytes. ${sizes[0]} elements at ${bytes} bytes each equal ${innerBytes} bytes, which is not divisible by 4.`;
  }
  for (let i = 0; i < 3; i++) {
    if (at(sizes, i) > 1 && at(strides, i) < 1) return `Stride ${i} must be a positive integer.`;
  }
  if (at(sizes, 3) > 1 && at(strides, 3) < 0) return "Stride 3 must be a non-negative integer.";
  for (const [i, stride] of strides.entries()) {
    if (i === 0 && stride === 1) continue;
    if ((stride * bytes) % wordBytes !== 0) {
      return `Stride ${i} is ${stride} elements * ${bytes} bytes = ${stride * bytes} bytes, which is not divisible by 4.`;
    }
  }
  const fields = hardwareFields(transfer);
  if (!linear) {
    for (const i of [0, 1]) if (at(fields.sizes, i) > wrapMax) return `Size ${i} exceeds the [0:${wrapMax}] range.`;
  }
  if (at(fields.sizes, 3) > iterationMax) return `Size 3 exceeds the [1:${iterationMax}] range.`;
  for (let i = 0; i < 4; i++) {
    if (i === 3 && at(fields.sizes, 3) < 1) continue;
    if (at(fields.strides, i) > strideMaxWords) return `Stride ${i} exceeds the [1:${strideMaxWords}] range.`;
  }
  return undefined;
}

/** What to do about a size or stride of which `transferError` says that it is out of range or 0; undefined for other errors. */
export function transferCure(transfer: Transfer, kind: TileKind = "shim"): string | undefined {
  const { elementBits, sizes, strides } = transfer;
  const elementBytes = elementBits / 8;
  const { dma } = tileModels[kind];
  if (at(sizes, 3) > dma.iterationMax) return iterationCure(at(sizes, 3));
  if ([0, 1, 2].some((i) => at(sizes, i) > 1 && at(strides, i) === 0)) {
    return "a stride field holds the stride less 1: only the outermost of four dimensions, which repeats the transfer, can have stride 0";
  }
  const dims = [2, 1, 0].map((i) => ({ size: at(sizes, i), stride: at(strides, i) }));
  // Dimensions of one step are free for a size that has to be split.
  const used = dims.slice(dims.findIndex(({ size }) => size > 1));
  const length = at(sizes, 0) * at(sizes, 1) * at(sizes, 2);
  const [overflow] = bdOverflows(kind, bdShape({ elementBytes, length, dims: used, pads: [] }));
  if (overflow === undefined) return undefined;
  const plain = `its elements lie behind each other: one dimension of ${length} with stride 1 has no such limit`;
  return `${overflowText(kind, overflow)}; ${isContiguous(transfer) ? plain : overflow.cure}`;
}

/** The three inner dimensions name elements without gaps, in their order. */
function isContiguous({ sizes, strides }: Transfer): boolean {
  const [inner, middle, outer] = [0, 1, 2].map((i) => ({ size: at(sizes, i), stride: at(strides, i) }));
  if (!inner || !middle || !outer || inner.stride !== 1) return false;
  const follows = ({ size, stride }: { size: number; stride: number }, length: number) =>
    size === 1 || stride === length;
  return follows(middle, inner.size) && follows(outer, inner.size * middle.size);
}

export function iterationCure(repetitions: number): string {
  const { iterationMax } = tileModels.shim.dma;
  return `make ${Math.ceil(repetitions / iterationMax)} transfers of at most ${iterationMax} repetitions each`;
}

/** Like `transferError`, and refuses what the real verifier overlooks but the registers cannot hold. */
export function strictTransferError(transfer: Transfer): string | undefined {
  const error = transferError(transfer);
  if (error !== undefined) return error;
  const { strideMaxWords, iterationMax } = tileModels.shim.dma;
  if (at(transfer.sizes, 3) > iterationMax) return `Size 3 exceeds the [1:${iterationMax}] range.`;
  const fields = hardwareFields(transfer);
  for (const [i, stride] of fields.strides.entries()) {
    if (stride >= strideMaxWords) return `Stride ${i} exceeds the [1:${strideMaxWords}] range.`;
  }
  return undefined;
}

/** Register fields of a transfer that has no `transferError`. Source: AIEDmaToNpu, DmaToNpuPattern, measured. */
export function shimPattern(transfer: Transfer, linear = isLinear(transfer)): ShimPattern {
  const { sizes, strides } = hardwareFields(transfer);
  const repeats = at(transfer.sizes, 3) > 1;
  // A repeat without advance is left to the queue: the iteration fields stay zero.
  const advances = repeats && at(transfer.strides, 3) > 0;
  return {
    lengthWords: at(sizes, 0) * at(sizes, 1) * at(sizes, 2),
    sizes: linear ? [0, 0] : [at(sizes, 0), at(sizes, 1)],
    strides: linear ? [0, 0, 0] : [at(strides, 0), at(strides, 1), at(strides, 2)],
    iterationSize: advances ? at(sizes, 3) : 0,
    iterationStride: advances ? at(strides, 3) : 0,
    repeat: repeats ? at(sizes, 3) : 0,
  };
}

/** First and one past the last element that the transfer touches, from `offset` on. */
export function touchedElements(transfer: Transfer, offset: number): { readonly first: number; readonly end: number } {
  const span = transfer.sizes.reduce((sum, size, i) => sum + (size - 1) * at(transfer.strides, i), 0);
  return { first: offset, end: offset + span + 1 };
}

/** Value of a BD's burst field; `bytes` 0 asks for the longest. Undefined when the device has no such burst. */
export function burstEncoding(device: DeviceModel, bytes: number): number | undefined {
  const lengths = device.burstBytes;
  const position = bytes === 0 ? lengths.length - 1 : lengths.indexOf(bytes);
  return position < 0 ? undefined : position;
}

function hardwareFields({ elementBits, sizes, strides }: Transfer): { sizes: number[]; strides: number[] } {
  const strideField = (i: number) => Math.trunc((at(strides, i) * elementBits) / wordBits) - 1;
  const subWord = at(strides, 0) * elementBits < wordBits || elementBits > wordBits;
  return {
    sizes: [
      Math.trunc((at(sizes, 0) * elementBits) / wordBits),
      at(sizes, 1),
      at(sizes, 2),
      at(sizes, 3) > 1 ? at(sizes, 3) - 1 : 0,
    ],
    strides: [
      subWord ? 0 : strideField(0),
      at(sizes, 1) > 1 ? strideField(1) : 0,
      at(sizes, 2) > 1 ? strideField(2) : 0,
      at(sizes, 3) > 1 && at(strides, 3) > 0 ? strideField(3) : 0,
    ],
  };
}

/** Written as one contiguous run per execution, `[n, 1, 1, length][x, 0, 0, 1]`: the length field alone describes it. */
function isLinear({ sizes, strides }: Transfer): boolean {
  const outer = [1, 2].every((i) => at(sizes, i) === 1 && at(strides, i) === 0);
  return outer && at(strides, 0) === 1;
}

function at(values: readonly number[], i: number): number {
  return values[i] ?? 0;
}
