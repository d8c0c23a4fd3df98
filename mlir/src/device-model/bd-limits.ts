import type { BdDim, BdPad } from "../ir/attributes.ts";
import { type DmaModel, lockMaxValue, type TileKind, tileModels } from "./tile-model.ts";

/** What a BD's registers are asked to hold. Words are 32-bit; dimensions are innermost first, as the registers number them. */
interface BdShape {
  readonly lengthWords: number;
  readonly dims: readonly BdShapeDim[];
  /** Bytes of an element, for a cure in the units of the text. */
  readonly elementBytes: number;
}

interface BdShapeDim {
  /** Words in the innermost dimension, steps in the others. */
  readonly size: number;
  readonly strideWords: number;
  /** Zeros that a memtile adds: words in the innermost dimension, steps in the others. */
  readonly before?: number;
  readonly after?: number;
}

/** A value that its register does not hold. */
export interface FieldOverflow {
  /** For messages, with its unit: `words of size 0`. */
  readonly field: string;
  readonly value: number;
  readonly limit: number;
  readonly cure: string;
}

/** The shape of a BD as `aie.dma_bd` writes it: in elements, outermost dimension first. */
export function bdShape(bd: {
  readonly elementBytes: number;
  readonly length: number;
  readonly dims: readonly BdDim[];
  readonly pads: readonly BdPad[];
}): BdShape {
  const { elementBytes, length, dims, pads } = bd;
  const words = (elements: number): number => Math.ceil((elements * elementBytes) / 4);
  const inner = dims.toReversed().map(({ size, stride }, i) => {
    const pad = pads.at(-1 - i);
    const steps = (n: number): number => (i === 0 ? words(n) : n);
    const strideWords = i === 0 && stride === 1 ? 1 : words(stride);
    return { size: steps(size), strideWords, before: steps(pad?.before ?? 0), after: steps(pad?.after ?? 0) };
  });
  return { elementBytes, lengthWords: words(length), dims: inner };
}

const tileWords: Readonly<Record<TileKind, string>> = {
  shim: "a shim tile",
  memtile: "a memtile",
  computeTile: "a compute tile",
};

/**
 * What of a BD its tile's registers cannot hold. One dimension of neighbouring words is a plain length. aie-rt tests the size
 * of every dimension, also of the outermost one, which the length ends. Source: aie-rt _XAieMl_DmaSetMultiDim.
 */
export function bdOverflows(kind: TileKind, shape: BdShape): FieldOverflow[] {
  const { dma } = tileModels[kind];
  const { lengthWords, dims, elementBytes } = shape;
  const isRun = dims.length === 1 && dims[0]?.strideWords === 1;
  const found: (FieldOverflow | undefined)[] = [
    over(
      "length in words",
      lengthWords,
      dma.lengthMaxWords,
      (parts, most) => `make ${parts} BDs of at most ${most} words of it`,
    ),
  ];
  for (const [i, { size, strideWords, before = 0, after = 0 }] of dims.entries()) {
    const steps = i === 0 ? "in words" : "in steps";
    if (!isRun) found.push(over(`size of dimension ${i} ${steps}`, size, dma.wrapMax, () => splitCure(shape, i, dma)));
    found.push(
      over(
        `stride of dimension ${i} in words`,
        strideWords,
        dma.strideMaxWords,
        (_, most) =>
          `let its steps lie at most ${(most * 4) / elementBytes} elements apart, or make ${size} BDs of them`,
      ),
    );
    const padMax = dma.paddingMax[i] ?? 0;
    for (const [where, zeros] of [
      ["before", before],
      ["behind", after],
    ] as const) {
      found.push(
        over(`zeros ${where} dimension ${i} ${steps}`, zeros, padMax, (_, most) =>
          padMax === 0 ? "keep the zeros in the buffer" : `pad by ${most} here, and keep the other zeros in the buffer`,
        ),
      );
    }
  }
  return found.filter((one) => one !== undefined);
}

/**
 * Largest values of the fields of `aiex.npu.writebd`, which has strides and iterations minus one, and offsets in bytes.
 * Source: aie-rt xaiemlgbl_params, DMA_BD0_0 ... DMA_BD0_7.
 */
export function bdFieldMax(kind: TileKind): Readonly<Record<string, number>> {
  const { dma, locks } = tileModels[kind];
  const [stride, iteration] = [dma.strideMaxWords - 1, dma.iterationMax - 1];
  // A memtile's DMA sees its neighbours' memory and locks beside its own.
  const windows = kind === "memtile" ? 3 : 1;
  const pads = (side: string) => [0, 1, 2].map((i) => [`d${i}_zero_${side}`, dma.paddingMax[i] ?? 0] as const);
  const offsetBits = { shim: 32, memtile: 19, computeTile: 16 }[kind];
  return {
    ...{
      buffer_length: dma.lengthMaxWords,
      buffer_offset: 2 ** offsetBits - 1,
      next_bd: dma.bds - 1,
      out_of_order_id: 63,
    },
    ...{ d0_size: dma.wrapMax, d1_size: dma.wrapMax, d0_stride: stride, d1_stride: stride, d2_stride: stride },
    ...{ iteration_size: iteration, iteration_stride: stride, iteration_current: iteration },
    ...{ lock_acq_id: windows * locks - 1, lock_rel_id: windows * locks - 1 },
    ...{ lock_acq_val: lockMaxValue, lock_rel_val: lockMaxValue },
    ...Object.fromEntries([...pads("before"), ...pads("after")]),
  };
}

/** `size of dimension 0 in words is 300: its field in the BDs of a compute tile holds at most 255` */
export function overflowText(kind: TileKind, { field, value, limit }: Omit<FieldOverflow, "cure">): string {
  return `${field} is ${value}: its field in the BDs of ${tileWords[kind]} holds at most ${limit}`;
}

function over(
  field: string,
  value: number,
  limit: number,
  cure: (parts: number, limit: number) => string,
): FieldOverflow | undefined {
  if (value <= limit) return undefined;
  return { field, value, limit, cure: cure(limit === 0 ? value : Math.ceil(value / limit), limit) };
}

/** Dimensions in the text's order and units that move the same: the size is the product of two that fit. */
function splitCure(
  { dims, elementBytes }: BdShape,
  i: number,
  { dims: most, wrapMax, strideMaxWords }: DmaModel,
): string {
  const { size, strideWords } = dims[i]!;
  // The outer half of it has a stride of its own, which must fit too.
  const inner = largestFactor(size, wrapMax, Math.floor(strideMaxWords / strideWords));
  if (dims.length >= most)
    return `all ${most} dimensions are taken: make several BDs of it, or let the other end of the flow do it`;
  if (inner === undefined)
    return `${size} is no product of two sizes that fit: make several BDs of it, or another size`;
  const scale = 4 / elementBytes;
  const [innerElements, stride] =
    i === 0 ? [inner * scale, elementBytes < 4 ? 1 : strideWords * scale] : [inner, strideWords * scale];
  return `write it as two dimensions: <size = ${size / inner}, stride = ${inner * strideWords * scale}>, <size = ${innerElements}, stride = ${stride}>`;
}

/** The largest divisor up to `below` of which, and of whose counterpart, none is above `most`. */
function largestFactor(size: number, most: number, below: number): number | undefined {
  for (let factor = Math.min(most, below); factor > 1; factor--) {
    if (size % factor === 0 && size / factor <= most) return factor;
  }
  return undefined;
}
