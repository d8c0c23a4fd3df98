/** What stands at a place of the array. Row 0 is shim, row 1 memtile, rows 2 and up compute tiles. */
export type TileKind = "shim" | "memtile" | "computeTile";

/** Direction of a DMA channel: stream to memory map or memory map to stream. */
export type DmaDirection = "S2MM" | "MM2S";

/** Limits and register places of one kind of tile. Lengths and strides of BDs count 32-bit words. */
export interface TileModel {
  readonly kind: TileKind;
  /** Bytes of data memory; 0 where there is none. */
  readonly dataBytes: number;
  /** Banks as the buffer allocator sees them. */
  readonly banks: number;
  /** Bytes of program memory; 0 where there is no core. */
  readonly programBytes: number;
  readonly locks: number;
  readonly dma: DmaModel;
  readonly lockRegister: number;
}

export interface DmaModel {
  /** Channels in each direction. */
  readonly channels: number;
  /** BDs of the tile, shared by its channels (see `bdIdsOfChannel`). */
  readonly bds: number;
  /** True where even channels use the lower half of the BDs and odd channels the upper half. */
  readonly bdsSplitByParity: boolean;
  /** Channels 0..n-1 may use memory and locks of the neighbours; 0 where none may. */
  readonly channelsReachingNeighbours: number;
  /** Dimensions of an access pattern, iteration not counted. */
  readonly dims: number;
  /** Largest size of a dimension that has a wrap field. */
  readonly wrapMax: number;
  /** Largest stride of a dimension; the register holds stride - 1. */
  readonly strideMaxWords: number;
  readonly lengthMaxWords: number;
  /** Executions that one BD's iteration dimension counts. */
  readonly iterationMax: number;
  /** Most zeros that a BD adds before or behind a dimension, innermost first; empty where the DMA adds none. */
  readonly paddingMax: readonly number[];
  /** Tasks that wait in one channel's queue. */
  readonly queueDepth: number;
  /** Executions that one push asks for: repeat field + 1. */
  readonly executionsMax: number;
  readonly bdWords: number;
  readonly bdRegister: number;
  readonly bdRegisterStride: number;
  readonly controlRegister: { readonly S2MM: number; readonly MM2S: number };
  readonly controlRegisterStride: number;
}

/** Semaphore locks hold 6 bits; compilers use 0..63. Source: AIETargetModel getMaxLockValue (AIE2, AIE2P). */
export const lockMaxValue = 63;

/** Bytes between one lock's register and the next one's. Source: aie-rt xaiemlgbl_params, LOCK0_VALUE, LOCK1_VALUE. */
export const lockRegisterStride = 0x10;

/** A task queue's register lies this far behind its channel's control register. Source: AIEDmaToNpu in mlir-aie. */
export const taskQueueOffset = 4;

/**
 * Numbers for each kind of tile, the same on AIE2 and AIE2P. Sources: mlir-aie AIETargetModel.{h,cpp} (memory, banks,
 * locks, BDs, channels); aie-rt xaiemlgbl_reginit.c and xaie2psgbl_reginit.c (field widths, queue depth, register
 * places); AM020 chapters 2-5 for the meaning.
 */
export const tileModels: Readonly<Record<TileKind, TileModel>> = {
  shim: {
    kind: "shim",
    dataBytes: 0,
    banks: 0,
    programBytes: 0,
    locks: 16,
    lockRegister: 0x14000,
    dma: {
      channels: 2,
      bds: 16,
      bdsSplitByParity: false,
      channelsReachingNeighbours: 0,
      dims: 3,
      wrapMax: 1023,
      strideMaxWords: 2 ** 20,
      lengthMaxWords: 2 ** 32 - 1,
      iterationMax: 64,
      paddingMax: [],
      queueDepth: 4,
      executionsMax: 256,
      bdWords: 8,
      bdRegister: 0x1d000,
      bdRegisterStride: 0x20,
      controlRegister: { S2MM: 0x1d200, MM2S: 0x1d210 },
      controlRegisterStride: 8,
    },
  },
  memtile: {
    kind: "memtile",
    dataBytes: 512 * 1024,
    banks: 8,
    programBytes: 0,
    locks: 64,
    lockRegister: 0xc0000,
    dma: {
      channels: 6,
      bds: 48,
      bdsSplitByParity: true,
      channelsReachingNeighbours: 4,
      dims: 4,
      wrapMax: 1023,
      strideMaxWords: 2 ** 17,
      lengthMaxWords: 2 ** 17 - 1,
      iterationMax: 64,
      paddingMax: [63, 31, 15],
      queueDepth: 4,
      executionsMax: 256,
      bdWords: 8,
      bdRegister: 0xa0000,
      bdRegisterStride: 0x20,
      controlRegister: { S2MM: 0xa0600, MM2S: 0xa0630 },
      controlRegisterStride: 8,
    },
  },
  computeTile: {
    kind: "computeTile",
    dataBytes: 64 * 1024,
    banks: 4,
    programBytes: 16 * 1024,
    locks: 16,
    lockRegister: 0x1f000,
    dma: {
      channels: 2,
      bds: 16,
      bdsSplitByParity: false,
      channelsReachingNeighbours: 0,
      dims: 3,
      wrapMax: 255,
      strideMaxWords: 2 ** 13,
      lengthMaxWords: 2 ** 14 - 1,
      iterationMax: 64,
      paddingMax: [],
      queueDepth: 4,
      executionsMax: 256,
      bdWords: 6,
      bdRegister: 0x1d000,
      bdRegisterStride: 0x20,
      controlRegister: { S2MM: 0x1de00, MM2S: 0x1de10 },
      controlRegisterStride: 8,
    },
  },
};

/** First BD id that a channel may use and how many follow. Source: AIETargetModel isBdChannelAccessible. */
export function bdIdsOfChannel(dma: DmaModel, channel: number): { readonly first: number; readonly count: number } {
  if (!dma.bdsSplitByParity) return { first: 0, count: dma.bds };
  return { first: (channel % 2) * (dma.bds / 2), count: dma.bds / 2 };
}
