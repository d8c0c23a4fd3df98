import { decodeTxn, encodeTxn, type TxnOp, type TxnStream } from "@aiekit/xclbin";
import { AieArray } from "./aie-array.ts";
import type { AieArrayOptions } from "./array-options.ts";
import { parseArrayConfig } from "./parse-array-config.ts";

/** A lowered design with one core between two fifos of depth 2: shim (0,0) -> @in -> core (0,2) -> @out -> shim (0,0). */
export interface CoreDesign {
  /** Types of the fifos' objects, for example `memref<16xi32>`. */
  readonly input: string;
  readonly output: string;
  /** Bytes of one object of each. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** 32-bit words of one object of each, or elements where an element is not a word. */
  readonly inputElements: number;
  readonly outputElements: number;
  /** Declarations beside the core: functions, buffers. */
  readonly declarations?: string;
  /**
   * Body of the core from which objects are worked on: `%in` and `%out` stand for the objects' buffers. It is written once
   * for each of the two buffers of a fifo, inside an endless loop.
   */
  readonly work: string;
  readonly stackBytes?: number;
}

/** MLIR text of the design, in scf form. */
export function coreDesign(design: CoreDesign): string {
  const { input, output, inputBytes, outputBytes, inputElements, outputElements } = design;
  const stackBytes = design.stackBytes ?? 1024;
  const at = (n: number): number => stackBytes + (n < 2 ? n * inputBytes : 2 * inputBytes + (n - 2) * outputBytes);
  const pass = (i: number): string => `
        aie.use_lock(%in_cons_cons_lock_0, AcquireGreaterEqual, 1)
        aie.use_lock(%out_prod_lock_0, AcquireGreaterEqual, 1)
        ${design.work
          .replaceAll(/%in(?!\w)/g, `%in_cons_buff_${i}`)
          .replaceAll(/%out(?!\w)/g, `%out_buff_${i}`)
          .replaceAll("%_", `%u${i}_`)}
        aie.use_lock(%in_cons_prod_lock_0, Release, 1)
        aie.use_lock(%out_cons_lock_0, Release, 1)`;
  return `module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %tile = aie.tile(0, 2)
    ${lock("in_cons_prod_lock_0", 0, 2)}
    ${lock("in_cons_cons_lock_0", 1, 0)}
    ${lock("out_prod_lock_0", 2, 2)}
    ${lock("out_cons_lock_0", 3, 0)}
    ${[0, 1].map((i) => buffer(`in_cons_buff_${i}`, at(i), input)).join("\n    ")}
    ${[0, 1].map((i) => buffer(`out_buff_${i}`, at(i + 2), output)).join("\n    ")}
    aie.flow(%shim, DMA : 0, %tile, DMA : 0)
    aie.flow(%tile, DMA : 0, %shim, DMA : 0)
    ${design.declarations ?? ""}
    %core = aie.core(%tile) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %forever = arith.constant 9223372036854775806 : index
      scf.for %pass = %c0 to %forever step %c1 {${pass(0)}${pass(1)}
      }
      aie.end
    } {stack_size = ${stackBytes} : i32}
    aie.shim_dma_allocation @in_shim_alloc(%shim, MM2S, 0)
    aie.shim_dma_allocation @out_shim_alloc(%shim, S2MM, 0)
    %mem = aie.mem(%tile) {
      %0 = aie.dma_start(S2MM, 0, ^in0, ^second)
    ${bd("in0", "in1", { buffer: "in_cons_buff_0", type: input, elements: inputElements, acquire: "in_cons_prod_lock_0", release: "in_cons_cons_lock_0" })}
    ${bd("in1", "in0", { buffer: "in_cons_buff_1", type: input, elements: inputElements, acquire: "in_cons_prod_lock_0", release: "in_cons_cons_lock_0" })}
    ^second:
      %1 = aie.dma_start(MM2S, 0, ^out0, ^end)
    ${bd("out0", "out1", { buffer: "out_buff_0", type: output, elements: outputElements, acquire: "out_cons_lock_0", release: "out_prod_lock_0" })}
    ${bd("out1", "out0", { buffer: "out_buff_1", type: output, elements: outputElements, acquire: "out_cons_lock_0", release: "out_prod_lock_0" })}
    ^end:
      aie.end
    }
  }
}
`;
}

/** Objects of 16 words each way, and a kernel `k(in, out, count, term)`. */
export const words16: Omit<CoreDesign, "work"> = {
  input: "memref<16xi32>",
  output: "memref<16xi32>",
  inputBytes: 64,
  outputBytes: 64,
  inputElements: 16,
  outputElements: 16,
  declarations: "func.func private @k(memref<16xi32>, memref<16xi32>, i32, i32)",
};

/** Work that calls it. */
export const callK = (count: number, add: number): string => `
  %_n = arith.constant ${count} : i32
  %_k = arith.constant ${add} : i32
  func.call @k(%in, %out, %_n, %_k) : (memref<16xi32>, memref<16xi32>, i32, i32) -> ()`;

/** An array of the design in `text`, with linked kernels by "col,row". */
export function arrayOf(
  text: string,
  modules: Readonly<Record<string, Uint8Array>> = {},
  options: AieArrayOptions = {},
): AieArray {
  const config = parseArrayConfig(text, "design.mlir");
  return new AieArray(config, new Map(Object.entries(modules)), options);
}

/** A transfer between host memory and shim (0,0), or another column's shim. */
interface Transfer {
  readonly direction: "S2MM" | "MM2S";
  readonly channel?: number;
  readonly col?: number;
  readonly bd: number;
  readonly argIndex: number;
  readonly offsetBytes?: number;
  readonly lengthWords: number;
  /** Iterations, and words from one to the next. */
  readonly repeat?: { readonly count: number; readonly strideWords: number };
  readonly token?: boolean;
}

/** BD write, address patch and queue push, as the lowering of `aiex.npu.dma_memcpy_nd` gives them. */
export function transfer(t: Transfer): TxnOp[] {
  const base = ((t.col ?? 0) << 25) + 0x1d000;
  const bdAddress = base + 0x20 * t.bd;
  const queue = base + 0x204 + (t.direction === "MM2S" ? 0x10 : 0) + 8 * (t.channel ?? 0);
  const { count = 1, strideWords = 1 } = t.repeat ?? {};
  const iteration = count > 1 ? (((count - 1) & 0x3f) << 20) | (strideWords - 1) : 0;
  const words = [t.lengthWords, 0, 0, 0, 0x80000000, 0x02000000, iteration, 0x02000000];
  const token = t.token ?? t.direction === "S2MM";
  return [
    { op: "blockwrite", address: bdAddress, words },
    { op: "addressPatch", address: bdAddress + 4, argIndex: t.argIndex, argPlus: t.offsetBytes ?? 0 },
    { op: "write32", address: queue, value: (t.bd | ((count - 1) << 16) | (token ? 0x80000000 : 0)) >>> 0 },
  ];
}

export function sync(direction: "S2MM" | "MM2S", channel = 0, col = 0): TxnOp {
  return { op: "sync", direction: direction === "S2MM" ? 0 : 1, col, row: 0, channel, cols: 1, rows: 1 };
}

export function insts(...ops: readonly (TxnOp | readonly TxnOp[])[]): Uint8Array {
  const header = { major: 0, minor: 1, deviceGeneration: 3, rows: 6, cols: 1, memtileRows: 1 };
  return encodeTxn({ ...header, ops: ops.flat() });
}

/** Sends all of argument 0, and waits for all of argument 1. */
export function inAndOut(
  input: ArrayBufferView,
  output: ArrayBufferView,
): { insts: Uint8Array; buffers: Uint8Array[] } {
  const stream = insts(
    transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: output.byteLength / 4 }),
    transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: input.byteLength / 4 }),
    sync("S2MM"),
  );
  return { insts: stream, buffers: [bytesOf(input), bytesOf(output)] };
}

/** A stream that sends so many objects of 16 words and awaits as many, decoded once as hosts do: it is known by its records. */
export const wholeStream = (objects: number): TxnStream =>
  decodeTxn(inAndOut(new Int32Array(16 * objects), new Int32Array(16 * objects)).insts);

export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function lock(name: string, id: number, init: number): string {
  return `%${name} = aie.lock(%tile, ${id}) {init = ${init} : i32, sym_name = "${name}"}`;
}

function buffer(name: string, address: number, type: string): string {
  return `%${name} = aie.buffer(%tile) {address = ${address} : i32, sym_name = "${name}"} : ${type}`;
}

interface BdText {
  readonly buffer: string;
  readonly type: string;
  readonly elements: number;
  readonly acquire: string;
  readonly release: string;
}

function bd(block: string, next: string, { buffer: name, type, elements, acquire, release }: BdText): string {
  return `^${block}:
      aie.use_lock(%${acquire}, AcquireGreaterEqual, 1)
      aie.dma_bd(%${name} : ${type}, 0, ${elements})
      aie.use_lock(%${release}, Release, 1)
      aie.next_bd ^${next}`;
}
