import { buildXclbin, encodeSimImage, encodeTxn, npuKernelArgs, type TxnOp } from "@aiekit/xclbin";
import type { LoopbackDesign } from "./conformance-bench.test-support.ts";

/** 32-bit words of one object of the loop-back design. */
export const objectWords = 64;

/**
 * Lowered design without a core: shim MM2S 0 -> mem tile (0,1), two buffers in turn -> shim S2MM 0. What a run sends and
 * does not fetch stays in the mem tile for the next one.
 */
export const loopbackMlir = `module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %memtile = aie.tile(0, 1)
    %buffer_0 = aie.buffer(%memtile) {address = 0 : i32, mem_bank = 0 : i32, sym_name = "buffer_0"} : memref<${objectWords}xi32>
    %buffer_1 = aie.buffer(%memtile) {address = 65536 : i32, mem_bank = 1 : i32, sym_name = "buffer_1"} : memref<${objectWords}xi32>
    %free = aie.lock(%memtile, 0) {init = 2 : i32, sym_name = "free"}
    %full = aie.lock(%memtile, 1) {init = 0 : i32, sym_name = "full"}
    aie.flow(%shim, DMA : 0, %memtile, DMA : 0)
    aie.flow(%memtile, DMA : 0, %shim, DMA : 0)
    aie.shim_dma_allocation @in_shim_alloc(%shim, MM2S, 0)
    aie.shim_dma_allocation @out_shim_alloc(%shim, S2MM, 0)
    %dma = aie.memtile_dma(%memtile) {
      %0 = aie.dma_start(S2MM, 0, ^bb1, ^bb3)
    ^bb1:
      aie.use_lock(%free, AcquireGreaterEqual, 1)
      aie.dma_bd(%buffer_0 : memref<${objectWords}xi32>, 0, ${objectWords}) {bd_id = 0 : i32, next_bd_id = 1 : i32}
      aie.use_lock(%full, Release, 1)
      aie.next_bd ^bb2
    ^bb2:
      aie.use_lock(%free, AcquireGreaterEqual, 1)
      aie.dma_bd(%buffer_1 : memref<${objectWords}xi32>, 0, ${objectWords}) {bd_id = 1 : i32, next_bd_id = 0 : i32}
      aie.use_lock(%full, Release, 1)
      aie.next_bd ^bb1
    ^bb3:
      %1 = aie.dma_start(MM2S, 0, ^bb4, ^bb6)
    ^bb4:
      aie.use_lock(%full, AcquireGreaterEqual, 1)
      aie.dma_bd(%buffer_0 : memref<${objectWords}xi32>, 0, ${objectWords}) {bd_id = 2 : i32, next_bd_id = 3 : i32}
      aie.use_lock(%free, Release, 1)
      aie.next_bd ^bb5
    ^bb5:
      aie.use_lock(%full, AcquireGreaterEqual, 1)
      aie.dma_bd(%buffer_1 : memref<${objectWords}xi32>, 0, ${objectWords}) {bd_id = 3 : i32, next_bd_id = 2 : i32}
      aie.use_lock(%free, Release, 1)
      aie.next_bd ^bb4
    ^bb6:
      aie.end
    }
  }
}
`;

interface LoopbackXclbinOptions {
  readonly uuid?: string;
  /** What goes into the PDI slot; the loop-back design when left out. */
  readonly pdi?: Uint8Array;
  readonly device?: string;
  readonly columns?: number;
  /** Without the opcode, as xclbins of 2023 were called. */
  readonly oldArguments?: boolean;
}

/** The loop-back design as an xclbin with the kernel MLIR_AIE(opcode, instr, ninstr, bo0, bo1). */
export function loopbackXclbin(options: LoopbackXclbinOptions = {}): Uint8Array {
  const { device = "npu1_1col", columns = 1 } = options;
  const loweredMlir = loopbackMlir.replace("npu1_1col", device);
  const pdi = options.pdi ?? encodeSimImage({ loweredMlir, device, cores: [], modules: [] });
  return buildXclbin({
    kernelName: "MLIR_AIE",
    instanceName: "MLIRAIE",
    columns,
    startColumns: [1],
    args: npuKernelArgs(2).slice(options.oldArguments === true ? 1 : 0),
    pdi,
    ...(options.uuid === undefined ? {} : { uuid: options.uuid }),
  });
}

/** What an instruction stream of the loop-back design does, in objects of `objectWords` words. */
export interface LoopbackSteps {
  /** Objects that bo0 sends into the array, from its start. */
  readonly send?: number;
  /** Objects that bo1 fetches and the run waits for. */
  readonly fetch?: number;
}

/** An instruction stream that sends from bo0 and fetches into bo1. */
export function loopbackInsts({ send = 0, fetch = 0 }: LoopbackSteps): Uint8Array {
  const ops: TxnOp[] = [];
  if (send > 0) {
    ops.push(...shimTransfer({ bd: 0, argIndex: 0, words: send * objectWords }));
    ops.push({ op: "write32", address: registers.mm2sQueue, value: 0 });
  }
  if (fetch > 0) {
    ops.push(...shimTransfer({ bd: 1, argIndex: 1, words: fetch * objectWords }));
    ops.push({ op: "write32", address: registers.s2mmQueue, value: (issueToken | 1) >>> 0 });
    ops.push({ op: "sync", direction: 0, col: 0, row: 0, channel: 0, cols: 1, rows: 1 });
  }
  return encodeTxn({ major: 0, minor: 1, deviceGeneration: 3, rows: 6, cols: 1, memtileRows: 1, ops });
}

// Shim tile (0,0) registers.   Source: AM025, NoC module: DMA_BD0_0, DMA_S2MM_0_Task_Queue, DMA_MM2S_0_Task_Queue.
const registers = { bd0: 0x1d000, bdStride: 0x20, s2mmQueue: 0x1d204, mm2sQueue: 0x1d214 } as const;
const issueToken = 0x80000000;
const validBd = 0x02000000;
const burstLength = 0x80000000;
const axCache = 0x02000000;

/** A linear BD over an argument of the run, from its first byte. */
function shimTransfer(transfer: { bd: number; argIndex: number; words: number }): TxnOp[] {
  const address = registers.bd0 + transfer.bd * registers.bdStride;
  return [
    { op: "blockwrite", address, words: [transfer.words, 0, 0, 0, burstLength, axCache, 0, validBd] },
    { op: "addressPatch", address: address + 4, argIndex: transfer.argIndex, argPlus: 0 },
  ];
}

/** The design for the tests that every device passes, as the simulator runs it. */
export const simLoopback: LoopbackDesign = {
  kernelName: "MLIR_AIE",
  objectWords,
  xclbin: (variant) => loopbackXclbin({ uuid: `00000000-0000-0000-0000-00000000000${variant + 1}` }),
  insts: loopbackInsts,
};
