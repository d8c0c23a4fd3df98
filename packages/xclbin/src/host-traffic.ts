import { FormatError } from "@aiekit/core";
import type { TxnStream } from "./txn.ts";

/** What one launch moves between a host buffer and the array, repetitions of reads included. */
export interface HostTraffic {
  /** 0 is bo0. */
  readonly argIndex: number;
  readonly bytesToArray: number;
  readonly bytesFromArray: number;
}

/**
 * Bytes that an instruction stream has the shim DMAs move, for each host buffer: every push to a task queue executes a BD,
 * and those that follow it, as often as the push says. Buffers in the order of their index; those never used are left out.
 * @throws FormatError for a push whose BD the stream neither wrote nor pointed at a host buffer.
 */
export function hostTraffic(stream: TxnStream, name = "instruction stream"): readonly HostTraffic[] {
  const registers = new Map<number, number>();
  const argOfBd = new Map<number, number>();
  const traffic = new Map<number, { bytesToArray: number; bytesFromArray: number }>();
  const write = (address: number, value: number): void => {
    registers.set(address, value);
    const push = queueOf(address);
    if (push === undefined) return;
    for (const bd of chainFrom(address, value)) {
      const lengthWords = registers.get(bd);
      const argIndex = argOfBd.get(bd);
      if (lengthWords === undefined || argIndex === undefined) {
        throw new FormatError(
          `${name}: BD ${bdIndex(bd)} of column ${columnOf(bd)} is started and has no host buffer`,
          {
            hint: "every BD of a shim tile needs a blockwrite and an address patch before the push that starts it",
          },
        );
      }
      const sum = traffic.get(argIndex) ?? { bytesToArray: 0, bytesFromArray: 0 };
      sum[push] += lengthWords * 4 * (((value >>> repeatShift) & 0xff) + 1);
      traffic.set(argIndex, sum);
    }
  };
  const chainFrom = (queue: number, value: number): readonly number[] => {
    const firstBd = queue - (queue % tileBytes) + bdBase;
    const chain: number[] = [];
    let bd = firstBd + (value & 0xf) * bdStride;
    while (!chain.includes(bd)) {
      chain.push(bd);
      const last: number = registers.get(bd + 28) ?? 0;
      if (((last >>> useNextShift) & 1) === 0) break;
      bd = firstBd + ((last >>> nextShift) & 0xf) * bdStride;
    }
    return chain;
  };
  for (const op of stream.ops) {
    if (op.op === "write32") write(op.address, op.value);
    else if (op.op === "blockwrite") for (const [i, word] of op.words.entries()) write(op.address + 4 * i, word);
    else if (op.op === "maskwrite32") {
      const old = registers.get(op.address) ?? 0;
      write(op.address, ((old & ~op.mask) | (op.value & op.mask)) >>> 0);
    } else if (op.op === "addressPatch") argOfBd.set(op.address - 4, op.argIndex);
  }
  return [...traffic]
    .sort(([a], [b]) => a - b)
    .map(([argIndex, { bytesToArray, bytesFromArray }]) => ({ argIndex, bytesToArray, bytesFromArray }));
}

// Registers of a shim tile, the same on AIE2 and AIE2P.   Source: AM025, NoC module: DMA_BD0_0 .. DMA_BD15_7,
// DMA_S2MM_0_Task_Queue, DMA_MM2S_0_Task_Queue; fields of DMA_BD0_7 and of the queue: AIEDmaToNpu in mlir-aie.
const tileBytes = 2 ** 20;
const bdBase = 0x1d000;
const bdStride = 0x20;
const queues = { bytesFromArray: [0x1d204, 0x1d20c], bytesToArray: [0x1d214, 0x1d21c] } as const;
const repeatShift = 16;
const useNextShift = 26;
const nextShift = 27;

/** Direction of the queue at an address of a shim tile (row 0). */
function queueOf(address: number): keyof typeof queues | undefined {
  if ((address >>> 20) & 0x1f) return undefined;
  const offset = address % tileBytes;
  if ((queues.bytesToArray as readonly number[]).includes(offset)) return "bytesToArray";
  return (queues.bytesFromArray as readonly number[]).includes(offset) ? "bytesFromArray" : undefined;
}

const columnOf = (address: number): number => address >>> 25;
const bdIndex = (address: number): number => ((address % tileBytes) - bdBase) / bdStride;
