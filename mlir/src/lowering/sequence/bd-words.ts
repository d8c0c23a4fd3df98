import { bdOffset } from "../../device-model/registers.ts";
import { type TileKind, tileModels } from "../../device-model/tile-model.ts";

/**
 * Fields of one BD in the words of `aiex.npu.writebd`. Lengths count 32-bit words; strides are words minus one; sizes are
 * what the registers hold. Fields that a kind of tile does not have are left out of its words.
 */
export interface BdFields {
  readonly bd: number;
  readonly lengthWords: number;
  /** Shim: bytes, low half of the address before the host's address is added. Memtile and compute tile: words. */
  readonly offset: number;
  readonly packet?: { readonly type: number; readonly id: number } | undefined;
  readonly outOfOrderId?: number;
  /** Position in the device's list of burst lengths; shim only. */
  readonly burst: number;
  readonly sizes: readonly [number, number, number];
  readonly strides: readonly [number, number, number];
  readonly iterationCurrent?: number;
  readonly iterationSize: number;
  readonly iterationStride: number;
  readonly nextBd?: number | undefined;
  readonly isValid?: boolean;
  readonly acquire?: LockField | undefined;
  readonly release?: LockField | undefined;
  /** Zeros before and after each dimension, innermost first; memtile only. */
  readonly zerosBefore?: readonly number[];
  readonly zerosAfter?: readonly number[];
}

export interface LockField {
  readonly id: number;
  /** Negative: wait for at least this many. */
  readonly value: number;
}

/** AXI cache attribute of every shim transfer: modifiable, not bufferable. Source: AIEDmaToNpu, DMA_BD0_5. */
const axCache = 2;

/** The words that a BD's registers hold. Source: AIEDmaToNpu WriteBdToBlockWritePattern; aie-rt DMA_BD register layout. */
export function bdWords(kind: TileKind, fields: BdFields): readonly number[] {
  return { shim: shimWords, memtile: memtileWords, computeTile: computeWords }[kind](fields).map((w) => w >>> 0);
}

/** Offset in the tile of the BD's word that holds the buffer's address, and the bits in it. */
export function bdAddressField(
  kind: TileKind,
  bd: number,
): { readonly offset: number; readonly mask: number; readonly shift: number } {
  const base = bdOffset(tileModels[kind], bd);
  if (kind === "computeTile") return { offset: base, mask: 0x0fffc000, shift: 14 };
  return { offset: base + 4, mask: kind === "memtile" ? 0x7ffff : 0xffffffff, shift: 0 };
}

function shimWords(f: BdFields): number[] {
  return [
    f.lengthWords,
    f.offset,
    pack([1, 30, f.packet ? 1 : 0], [6, 24, f.outOfOrderId], [5, 19, f.packet?.id], [3, 16, f.packet?.type]),
    pack([10, 20, f.sizes[0]], [20, 0, f.strides[0]]),
    pack([2, 30, f.burst], [10, 20, f.sizes[1]], [20, 0, f.strides[1]]),
    pack([4, 24, axCache], [20, 0, f.strides[2]]),
    pack([6, 26, f.iterationCurrent], [6, 20, f.iterationSize], [20, 0, f.iterationStride]),
    nextAndLocks(f),
  ];
}

function memtileWords(f: BdFields): number[] {
  const before = f.zerosBefore ?? [];
  const after = f.zerosAfter ?? [];
  return [
    pack(
      [1, 31, f.packet ? 1 : 0],
      [3, 28, f.packet?.type],
      [5, 23, f.packet?.id],
      [6, 17, f.outOfOrderId],
      [17, 0, f.lengthWords],
    ),
    pack([6, 26, before[0]], [6, 20, f.nextBd], [1, 19, f.nextBd === undefined ? 0 : 1], [19, 0, f.offset]),
    pack([10, 17, f.sizes[0]], [17, 0, f.strides[0]]),
    pack([5, 27, before[1]], [10, 17, f.sizes[1]], [17, 0, f.strides[1]]),
    // The size of dimension 2 (bits 17..26) is left out, as the compiler does: the length ends the transfer.
    pack([4, 27, before[2]], [17, 0, f.strides[2]]),
    pack([4, 28, after[2]], [5, 23, after[1]], [6, 17, after[0]]),
    pack([6, 23, f.iterationCurrent], [6, 17, f.iterationSize], [17, 0, f.iterationStride]),
    pack(
      [1, 31, f.isValid === false ? 0 : 1],
      [7, 24, f.release?.value],
      [8, 16, f.release?.id],
      [1, 15, f.acquire ? 1 : 0],
      [7, 8, f.acquire?.value],
      [8, 0, f.acquire?.id],
    ),
  ];
}

function computeWords(f: BdFields): number[] {
  return [
    pack([14, 14, f.offset], [14, 0, f.lengthWords]),
    pack([1, 30, f.packet ? 1 : 0], [6, 24, f.outOfOrderId], [5, 19, f.packet?.id], [3, 16, f.packet?.type]),
    pack([13, 13, f.strides[1]], [13, 0, f.strides[0]]),
    pack([8, 21, f.sizes[1]], [8, 13, f.sizes[0]], [13, 0, f.strides[2]]),
    pack([6, 19, f.iterationCurrent], [6, 13, f.iterationSize], [13, 0, f.iterationStride]),
    nextAndLocks(f),
  ];
}

function nextAndLocks(f: BdFields): number {
  return pack(
    [4, 27, f.nextBd],
    [1, 26, f.nextBd === undefined ? 0 : 1],
    [1, 25, f.isValid === false ? 0 : 1],
    [7, 18, f.release?.value],
    [4, 13, f.release?.id],
    [1, 12, f.acquire ? 1 : 0],
    [7, 5, f.acquire?.value],
    [4, 0, f.acquire?.id],
  );
}

/** Joins fields, each cut to its width: what does not fit is lost, as in the register. */
function pack(...fields: readonly (readonly [bits: number, shift: number, value: number | undefined])[]): number {
  return fields.reduce((word, [bits, shift, value = 0]) => word | ((value & (2 ** bits - 1)) << shift), 0);
}
