import type { TileKind } from "@aiekit/mlir";
import { type BdDim, dim, joinDims } from "./bd.ts";
import type { PacketInfo } from "./packet-header.ts";

/** Fields of a BD's registers, strides and sizes as they count (not minus one). */
export interface BdFields {
  readonly valid: boolean;
  readonly baseWords: number;
  readonly lengthWords: number;
  /** Innermost first; empty for a linear BD. */
  readonly dims: readonly BdDim[];
  readonly iteration: { readonly size: number; readonly strideWords: number; readonly current: number };
  /** Lock id as the tile's DMA names it. A negative amount in the register means AcquireGreaterEqual. */
  readonly acquire: { readonly id: number; readonly equal: boolean; readonly amount: number } | undefined;
  readonly release: { readonly id: number; readonly amount: number } | undefined;
  readonly nextBd: number | undefined;
  readonly packet: PacketInfo | undefined;
}

/**
 * Decodes the words of a BD register block. Layouts: mlir-aie AIEDmaToNpu.cpp (WriteBdToBlockWritePattern), aie-rt
 * xaiemlgbl_params (DMA_BD0_0 ... DMA_BD0_7 of the memory, memtile and shim modules).
 */
export function decodeBd(kind: TileKind, words: ArrayLike<number>): BdFields {
  const w = (index: number): number => (words[index] ?? 0) >>> 0;
  if (kind === "shim") return decodeShimBd(w);
  return kind === "memtile" ? decodeMemtileBd(w) : decodeComputeBd(w);
}

type Words = (index: number) => number;

const bits = (word: number, low: number, count: number): number => (word >>> low) & ((1 << count) - 1);
const signed7 = (value: number): number => (value >= 64 ? value - 128 : value);

function decodeShimBd(w: Words): BdFields {
  return {
    valid: bits(w(7), 25, 1) === 1,
    baseWords: 0,
    lengthWords: w(0),
    dims: patternDims([
      { size: bits(w(3), 20, 10), stride: bits(w(3), 0, 20) },
      { size: bits(w(4), 20, 10), stride: bits(w(4), 0, 20) },
      { size: 0, stride: bits(w(5), 0, 20) },
    ]),
    iteration: { size: bits(w(6), 20, 6) + 1, strideWords: bits(w(6), 0, 20) + 1, current: bits(w(6), 26, 6) },
    ...locks(w(7)),
    nextBd: bits(w(7), 26, 1) ? bits(w(7), 27, 4) : undefined,
    packet: bits(w(2), 30, 1) ? { id: bits(w(2), 19, 5), type: bits(w(2), 16, 3) } : undefined,
  };
}

function decodeMemtileBd(w: Words): BdFields {
  const pads = [
    { before: bits(w(1), 26, 6), after: bits(w(5), 17, 6) },
    { before: bits(w(3), 27, 5), after: bits(w(5), 23, 5) },
    { before: bits(w(4), 27, 4), after: bits(w(5), 28, 4) },
  ];
  const acquireAmount = signed7(bits(w(7), 8, 7));
  const releaseAmount = signed7(bits(w(7), 24, 7));
  return {
    valid: bits(w(7), 31, 1) === 1,
    baseWords: bits(w(1), 0, 19),
    lengthWords: bits(w(0), 0, 17),
    dims: patternDims(
      [
        { size: bits(w(2), 17, 10), stride: bits(w(2), 0, 17) },
        { size: bits(w(3), 17, 10), stride: bits(w(3), 0, 17) },
        { size: bits(w(4), 17, 10), stride: bits(w(4), 0, 17) },
        { size: 0, stride: bits(w(5), 0, 17) },
      ],
      pads,
    ),
    iteration: { size: bits(w(6), 17, 6) + 1, strideWords: bits(w(6), 0, 17) + 1, current: bits(w(6), 23, 6) },
    acquire: bits(w(7), 15, 1)
      ? { id: bits(w(7), 0, 8), equal: acquireAmount >= 0, amount: Math.abs(acquireAmount) }
      : undefined,
    release: releaseAmount === 0 ? undefined : { id: bits(w(7), 16, 8), amount: releaseAmount },
    nextBd: bits(w(1), 19, 1) ? bits(w(1), 20, 6) : undefined,
    packet: bits(w(0), 31, 1) ? { id: bits(w(0), 23, 5), type: bits(w(0), 28, 3) } : undefined,
  };
}

function decodeComputeBd(w: Words): BdFields {
  return {
    valid: bits(w(5), 25, 1) === 1,
    baseWords: bits(w(0), 14, 14),
    lengthWords: bits(w(0), 0, 14),
    dims: patternDims([
      { size: bits(w(3), 13, 8), stride: bits(w(2), 0, 13) },
      { size: bits(w(3), 21, 8), stride: bits(w(2), 13, 13) },
      { size: 0, stride: bits(w(3), 0, 13) },
    ]),
    iteration: { size: bits(w(4), 13, 6) + 1, strideWords: bits(w(4), 0, 13) + 1, current: bits(w(4), 19, 6) },
    ...locks(w(5)),
    nextBd: bits(w(5), 26, 1) ? bits(w(5), 27, 4) : undefined,
    packet: bits(w(1), 30, 1) ? { id: bits(w(1), 19, 5), type: bits(w(1), 16, 3) } : undefined,
  };
}

/** Lock fields of the last word of a shim's or compute tile's BD. */
function locks(word: number): Pick<BdFields, "acquire" | "release"> {
  const acquireAmount = signed7(bits(word, 5, 7));
  const releaseAmount = signed7(bits(word, 18, 7));
  return {
    acquire: bits(word, 12, 1)
      ? { id: bits(word, 0, 4), equal: acquireAmount >= 0, amount: Math.abs(acquireAmount) }
      : undefined,
    release: releaseAmount === 0 ? undefined : { id: bits(word, 13, 4), amount: releaseAmount },
  };
}

interface DimField {
  /** 0 where the dimension does not wrap. */
  readonly size: number;
  /** As in the register: minus one. */
  readonly stride: number;
}

/** A dimension that does not wrap goes on until the length is reached, so those outside of it are never felt. */
function patternDims(fields: readonly DimField[], pads: readonly Pick<BdDim, "before" | "after">[] = []): BdDim[] {
  const last = fields.findIndex((field) => field.size === 0);
  const used = last < 0 ? fields : fields.slice(0, last + 1);
  const padded = pads.some((pad) => pad.before > 0 || pad.after > 0);
  const endless = used.map((field, i): BdDim => {
    const size = field.size === 0 ? 1 : field.size;
    return padded
      ? { size, strideWords: field.stride + 1, before: 0, after: 0, ...pads[i] }
      : dim(size, field.stride + 1);
  });
  if (endless.length === 1 && endless[0]!.strideWords === 1 && !padded) return [];
  return joinDims(endless);
}
