import { UsageError } from "@aiekit/core";
import { encodeTxn, readTxn, type TxnOp } from "../txn.ts";
import type { ControlPatch } from "./control-elf.ts";

/** Control code whose addresses XRT fills in. */
interface PatchedText {
  /** The stream, its BDs' addresses zero where a patch follows. */
  readonly text: Uint8Array;
  readonly patches: readonly ControlPatch[];
  /** Columns that the stream's header names. */
  readonly columns: number;
}

// AM020, shim DMA: 16 BDs of 8 words from 0x1d000 on; word 1 has address bits 31..2, word 2 bits 47..32.
const shimBds = { first: 0x1d000, count: 16, bytes: 32 } as const;
const blockHeaderBytes = { long: 16, short: 12 } as const;
// Offset that mlir-aie 1.4 folds into the byte offset of the sixth and later buffers; XRT adds it by itself.
const foldedOffset = 0x80000000;
const firstFoldedArgument = 5;
/** XRT numbers kernel arguments in a field of this size in its tools. */
const mostArguments = 32;

/**
 * Finds the BDs that a stream's address patches speak of. `firstArgument` is the number of the first buffer among a kernel's
 * arguments. The patches stay in the stream: the firmware of this flow gets no arguments and does not apply them.
 * @throws UsageError for a patch of anything but the address of a shim BD that was written as a whole before it, and for a
 * BD that is patched twice after one write: XRT does all patches before the run, so the last would hold for both.
 */
export function patchesOf(insts: Uint8Array, firstArgument: number, name = "instruction stream"): PatchedText {
  const { stream, offsets, complaints, rest } = readTxn(insts, name);
  const why = complaints[0] ?? rest?.why;
  if (why !== undefined) throw why;
  const text = encodeTxn(stream);
  const view = new DataView(text.buffer);
  const header = stream.major === 0 ? blockHeaderBytes.long : blockHeaderBytes.short;
  const bds = new Map<number, number>();
  const patched = new Map<number, number>();
  const patches: ControlPatch[] = [];
  const fail = (what: string, hint?: string): never => {
    throw new UsageError(`${name}: ${what}`, {
      hint: hint ?? "use the instruction stream itself: it takes the buffers' addresses at each run",
    });
  };
  for (const [i, op] of stream.ops.entries()) {
    if (op.op === "blockwrite") {
      for (const [address, at] of bdsOf(op, offsets[i]! + header)) bds.set(address, at);
      continue;
    }
    if (op.op === "loadPdi") {
      patches.push({ symbol: `.pdi.${op.id}`, form: "address", offset: offsets[i]! + 8, addend: 0, sizeBytes: 0 });
    }
    if (op.op !== "addressPatch") continue;
    const at = `operation ${i}: address patch of 0x${op.address.toString(16)} by bo${op.argIndex}`;
    const offset = bds.get(op.address - 4);
    if (offset === undefined) return fail(`${at}: expected the address of a shim BD that was written before it`);
    const before = patched.get(offset);
    if (before !== undefined)
      return fail(`${at}: the BD was patched by operation ${before} already, and not written since`);
    if (op.argIndex >= mostArguments) fail(`${at}: expected a buffer below ${mostArguments}`);
    const folded = op.argIndex >= firstFoldedArgument && op.argPlus >= foldedOffset;
    const addend = folded ? op.argPlus - foldedOffset : op.argPlus;
    if (addend > 0xffffffff) fail(`${at}: expected a byte offset of 32 bits, got ${addend}`);
    patched.set(offset, i);
    const sizeBytes = (view.getUint32(offset, true) * 4) % 2 ** 32;
    view.setUint32(offset + 4, view.getUint32(offset + 4, true) & 3, true);
    view.setUint32(offset + 8, (view.getUint32(offset + 8, true) & 0xffff0000) >>> 0, true);
    patches.push({ symbol: String(firstArgument + op.argIndex), form: "shim-bd", offset, addend, sizeBytes });
  }
  return { text, patches, columns: stream.cols };
}

/** Array address and byte offset of each whole shim BD in a blockwrite. */
function bdsOf(op: TxnOp & { readonly op: "blockwrite" }, payload: number): [number, number][] {
  const { first, count, bytes } = shimBds;
  const found: [number, number][] = [];
  for (let at = 0; at + bytes <= op.words.length * 4; at += 4) {
    const address = op.address + at;
    const register = address & 0x1ffffff;
    const isBd = register >= first && register < first + count * bytes && (register - first) % bytes === 0;
    if (isBd) found.push([address, payload + at]);
  }
  return found;
}
