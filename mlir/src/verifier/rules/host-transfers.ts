import { tileModels } from "../../device-model/tile-model.ts";
import type { Operation, Value } from "../../ir/operation.ts";
import { type MemRefType, memrefElements } from "../../ir/types.ts";
import { dynamic } from "../../ops/dynamic-lists.ts";
import type { Check } from "../check.ts";
import { elementBits } from "../element-bits.ts";
import { checkPacket } from "./packets.ts";

/** Bytes of a word, the unit of the shim DMA's registers. */
const wordBytes = 4;
const wordBits = 32;
const shim = tileModels.shim.dma;

/**
 * aiex.npu.dma_memcpy_nd: constant sizes and strides in what a shim BD can hold. Sizes and strides are numbered from the
 * innermost dimension, as the tool numbers them. Ranges are checked once the metadata names a shim_dma_allocation.
 */
export function verifyMemcpy(op: Operation, check: Check): void {
  const type = op.operands[0]?.type;
  if (type?.kind !== "memref") {
    check.error("needs a memref with a shape");
    return;
  }
  const bits = elementBits(type);
  if (bits === undefined) {
    check.error("needs a memref of numbers");
    return;
  }
  if (bits > wordBits) check.error("Maximum element bit width allowed is 32bits.");
  const elements = memrefElements(type);
  if (elements !== null && elements * bits < wordBits) check.error("Minimum data transfer size required is 32bits.");
  const lists = readLists(op);
  for (const name of ["strides", "sizes", "offsets"] as const) {
    if (lists[name].includes(undefined)) check.error(`Only constant ${name} currently supported.`);
  }
  const [strides, sizes, offsets] = [known(lists.strides), known(lists.sizes), known(lists.offsets)];
  if (!strides || !sizes || !offsets || bits > wordBits) return;
  const transfer: Transfer = { strides, sizes, offsets, bytes: bits / 8, type };
  const start = offsets.reduce((sum, offset, i) => sum + offset * (strides[i] ?? 0), 0) * transfer.bytes;
  if (start % wordBytes !== 0) check.error("Offset must be 4-byte-aligned.");
  if (check.symbol(op.text("metadata") ?? "")?.name === "aie.shim_dma_allocation") checkRanges(transfer, check);
  checkPacket(op, check);
  checkBurst(op, check);
  warnOfTransfer(op, transfer, check);
}

interface Transfer {
  /** All four lists innermost first, in elements. */
  readonly strides: readonly number[];
  readonly sizes: readonly number[];
  readonly offsets: readonly number[];
  /** Bytes of one element. */
  readonly bytes: number;
  readonly type: MemRefType;
}

/** The lists innermost first; an entry is undefined when it is no constant. */
function readLists(op: Operation): Record<"offsets" | "sizes" | "strides", (number | undefined)[]> {
  let at = 1;
  const read = (name: string): (number | undefined)[] => {
    const list = op.attributes.get(`static_${name}`);
    const values = list?.kind === "dense-array" ? list.values : [];
    return values.map((value) => (value === dynamic ? constantOf(op.operands[at++]) : Number(value))).reverse();
  };
  return { offsets: read("offsets"), sizes: read("sizes"), strides: read("strides") };
}

function constantOf(value: Value | undefined): number | undefined {
  const op = value?.definingOp;
  return op?.name === "arith.constant" ? op.int("value") : undefined;
}

function known(list: readonly (number | undefined)[]): number[] | undefined {
  const values = list.filter((value) => value !== undefined);
  return values.length === list.length ? values : undefined;
}

function checkRanges({ strides, sizes, bytes }: Transfer, check: Check): void {
  const before = sizes.findIndex((size) => size <= 0);
  if (before >= 0) {
    check.error(`Size ${before} must be a positive integer.`);
    return;
  }
  for (const i of [0, 1, 2]) {
    if ((sizes[i] ?? 1) > 1 && (strides[i] ?? 1) <= 0) {
      check.error(`Stride ${i} must be a positive integer.`);
      return;
    }
  }
  if ((sizes[3] ?? 1) > 1 && (strides[3] ?? 0) < 0) {
    check.error("Stride 3 must be a non-negative integer.");
    return;
  }
  checkWords({ strides, sizes, bytes }, check);
}

function checkWords({ strides, sizes, bytes }: Pick<Transfer, "strides" | "sizes" | "bytes">, check: Check): void {
  const inner = sizes[0] ?? 1;
  if ((inner * bytes) % wordBytes !== 0) {
    const what = `${inner} elements at ${bytes} bytes each equal ${inner * bytes} bytes, which is not divisible by 4.`;
    check.error(`Transfer sizes must be multiples of 4 bytes. ${what}`);
    return;
  }
  for (const [i, stride] of strides.entries()) {
    const isFree = (i === 0 && stride === 1) || (sizes[i] ?? 1) <= 1;
    if (isFree || (stride * bytes) % wordBytes === 0) continue;
    const what = `${stride} elements * ${bytes} bytes = ${stride * bytes} bytes`;
    check.error(`Stride ${i} is ${what}, which is not divisible by 4.`);
    return;
  }
  const words = (elements: number): number => (elements * bytes) / wordBytes;
  const isLinear = sizes[1] === 1 && sizes[2] === 1 && sizes[3] === 1 && strides[0] === 1 && noStrides(strides);
  if (isLinear) return;
  if (words(inner) > shim.wrapMax) check.error(`Size 0 exceeds the [0:${shim.wrapMax}] range.`);
  if ((sizes[1] ?? 1) > shim.wrapMax) check.error(`Size 1 exceeds the [0:${shim.wrapMax}] range.`);
  // The tool's message says 64, its test lets 65 through.
  if ((sizes[3] ?? 1) > shim.iterationMax + 1) check.error(`Size 3 exceeds the [1:${shim.iterationMax}] range.`);
  for (const i of [0, 1, 2, 3]) {
    if ((sizes[i] ?? 1) <= 1) continue;
    // Likewise one more than the message says.
    if (words(strides[i] ?? 0) > shim.strideMaxWords + 1) {
      check.error(`Stride ${i} exceeds the [1:${shim.strideMaxWords}] range.`);
    }
  }
}

/** `[1, 1, 1, n][0, 0, 0, 1]`: no layout is asked for, so the long length field is used. */
function noStrides(strides: readonly number[]): boolean {
  return strides.slice(1).every((stride) => stride === 0);
}

function checkBurst(op: Operation, { device, error }: Check): void {
  const burst = op.int("burst_length") ?? 0;
  if (!device || burst === 0 || device.burstBytes.includes(burst)) return;
  const supported = device.burstBytes.join(" ");
  error(`Requested burst length is not supported by the target. Supported burst lengths: ${supported}`);
}

function warnOfTransfer(op: Operation, { strides, sizes, offsets, type, bytes }: Transfer, check: Check): void {
  const id = op.int("id") ?? 0;
  if (id < 0 || id >= shim.bds) check.warning(`BD ${id} is not there: a shim tile has BDs 0..${shim.bds - 1}`);
  if (
    [...op.attributes].some(
      ([name, value]) => name.includes("_zero_") && value.kind === "integer" && value.value !== 0n,
    )
  ) {
    check.warning("a shim DMA does not pad with zeros");
  }
  if ((sizes[3] ?? 1) > shim.iterationMax) {
    check.warning(`${sizes[3]} repetitions: the iteration field counts to ${shim.iterationMax}`);
  }
  for (const [i, stride] of strides.entries()) {
    if ((sizes[i] ?? 1) > 1 && (stride * bytes) / wordBytes > shim.strideMaxWords) {
      check.warning(`stride ${i} is more than the ${shim.strideMaxWords} words of its field`);
    }
  }
  const total = memrefElements(type);
  const first = offsets.reduce((sum, offset, i) => sum + offset * (strides[i] ?? 0), 0);
  const last = sizes.reduce((sum, size, i) => sum + Math.max(0, (size - 1) * (strides[i] ?? 0)), first);
  const lowest = sizes.reduce((sum, size, i) => sum + Math.min(0, (size - 1) * (strides[i] ?? 0)), first);
  if (total !== null && (last >= total || lowest < 0)) {
    check.warning(`reaches elements ${lowest}..${last} of a buffer that has ${total}`);
  }
}
