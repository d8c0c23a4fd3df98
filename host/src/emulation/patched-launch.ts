import { DeviceError } from "@aiekit/core";
import { decodeTxn, encodeTxn, type TxnOp } from "@aiekit/xclbin";
import type { MemoryRange } from "./device-memory.ts";

/** A BO where the device addresses it. */
export interface AddressedRange extends MemoryRange {
  readonly address: number;
}

/** A stretch of a stream up to the next PDI that it loads. */
interface StreamPart {
  /** What configures the array first. */
  readonly pdi: MemoryRange | undefined;
  /** The stream with its BDs' addresses as patches of arguments, as the simulator takes them. */
  readonly insts: Uint8Array;
  readonly buffers: readonly MemoryRange[];
}

// AM020, shim DMA: 16 BDs of 8 words from 0x1d000 on; word 1 has address bits 31..2, word 2 bits 47..32.
const shimBds = { first: 0x1d000, count: 16, bytes: 32 } as const;
/** Where host memory begins for the array. */
const hostOffset = 0x80000000;

/**
 * A stream into which XRT wrote the BOs' addresses, as the array is to execute it. Its own address patches are of no effect:
 * this kind of command brings no arguments. @throws DeviceError for an address that is in no BO, which an IOMMU would refuse.
 */
export function partsOf(insts: Uint8Array, bos: readonly AddressedRange[]): readonly StreamPart[] {
  const stream = decodeTxn(insts, "instruction buffer");
  const parts: { pdi: MemoryRange | undefined; ops: TxnOp[]; buffers: AddressedRange[] }[] = [];
  let part = { pdi: undefined as MemoryRange | undefined, ops: [] as TxnOp[], buffers: [] as AddressedRange[] };
  parts.push(part);
  for (const op of stream.ops) {
    if (op.op === "addressPatch") continue;
    if (op.op === "loadPdi") {
      const pdi = bos.find(({ address }) => address === Number(op.address));
      if (pdi === undefined)
        throw new DeviceError(`no BO begins at 0x${op.address.toString(16)}, the address of a PDI`);
      part = { pdi, ops: [], buffers: [] };
      parts.push(part);
    } else if (op.op === "blockwrite") {
      const words = [...op.words];
      const patches = bdsIn(op).flatMap((bd) => patchOf(words, bd, bos, part.buffers));
      part.ops.push({ ...op, words }, ...patches);
    } else {
      part.ops.push(op);
    }
  }
  return parts
    .filter(({ pdi, ops }) => pdi !== undefined || ops.length > 0)
    .map(({ pdi, ops, buffers }) => ({ pdi, insts: encodeTxn({ ...stream, ops }), buffers }));
}

interface ShimBd {
  readonly address: number;
  /** Of its first word in the block. */
  readonly word: number;
}

function bdsIn(op: TxnOp & { readonly op: "blockwrite" }): readonly ShimBd[] {
  const { first, count, bytes } = shimBds;
  return op.words.flatMap((_, word) => {
    const address = op.address + 4 * word;
    const register = address & 0x1ffffff;
    const isBd = register >= first && register < first + count * bytes && (register - first) % bytes === 0;
    return isBd && word + 8 <= op.words.length ? [{ address, word }] : [];
  });
}

/** Takes the address out of a BD. None where there is none: such a BD has no use, or the array will say so. */
function patchOf(words: number[], bd: ShimBd, bos: readonly AddressedRange[], used: AddressedRange[]): TxnOp[] {
  const [low, high] = [words[bd.word + 1]! & ~3, words[bd.word + 2]! & 0xffff];
  const raw = (low >>> 0) + high * 2 ** 32;
  if (raw === 0) return [];
  const address = raw - hostOffset;
  const bo = bos.find((b) => address >= b.address && address < b.address + b.bytes);
  if (bo === undefined) {
    throw new DeviceError(`BD 0x${bd.address.toString(16)}: address 0x${raw.toString(16)} is in no BO`);
  }
  words[bd.word + 1]! &= 3;
  words[bd.word + 2] = (words[bd.word + 2]! & 0xffff0000) >>> 0;
  if (!used.includes(bo)) used.push(bo);
  const argPlus = address - bo.address;
  return [{ op: "addressPatch", address: bd.address + 4, argIndex: used.indexOf(bo), argPlus }];
}
