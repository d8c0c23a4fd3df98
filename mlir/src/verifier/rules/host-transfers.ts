import { tileModels } from "../../device-model/tile-model.ts";
import type { Operation, Value } from "../../ir/operation.ts";
import { memrefElements } from "../../ir/types.ts";
import { iterationCure, transferCure, transferError } from "../../lowering/shim-transfer.ts";
import { dynamic } from "../../ops/dynamic-lists.ts";
import type { Check } from "../check.ts";
import { elementBits } from "../element-bits.ts";
import { checkBurst } from "./bursts.ts";
import { checkPacket } from "./packets.ts";
import { expectShimEnd } from "./runtime.ts";

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
  if (type?.kind !== "memref" && type?.kind !== "unranked-memref") {
    check.error("needs a memref");
    return;
  }
  const bits = elementBits(type);
  if (bits === undefined) {
    check.error("needs a memref of numbers");
    return;
  }
  if (bits > wordBits) check.error("Maximum element bit width allowed is 32bits.");
  const elements = type.kind === "memref" ? memrefElements(type) : null;
  if (elements !== null && elements * bits < wordBits) check.error("Minimum data transfer size required is 32bits.");
  const lists = readLists(op);
  for (const name of ["strides", "sizes", "offsets"] as const) {
    if (lists[name].includes(undefined)) check.error(`Only constant ${name} currently supported.`);
  }
  for (const name of ["offsets", "sizes"] as const) {
    const negative = lists[name].find((value) => value !== undefined && value < 0);
    if (negative !== undefined) check.error(`expected ${name} to be non-negative, but got ${negative}`);
  }
  const [strides, sizes, offsets] = [known(lists.strides), known(lists.sizes), known(lists.offsets)];
  if (!strides || !sizes || !offsets || bits > wordBits) return;
  const transfer: Transfer = { strides, sizes, offsets, bytes: bits / 8, elements };
  const start = offsets.reduce((sum, offset, i) => sum + offset * (strides[i] ?? 0), 0) * transfer.bytes;
  if (start % wordBytes !== 0) {
    const hint = `it begins at byte ${start}: make the offset in elements a multiple of ${wordBytes / transfer.bytes}`;
    check.error("Offset must be 4-byte-aligned.", { hint });
  }
  const target = check.symbol(op.text("metadata") ?? "");
  if (target) expectShimEnd(target, check);
  if (target?.name === "aie.shim_dma_allocation") {
    const error = transferError({ elementBits: bits, sizes, strides });
    const hint = transferCure({ elementBits: bits, sizes, strides });
    if (error !== undefined) check.error(error, hint === undefined ? {} : { hint });
  }
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
  /** Elements of the buffer; null where that is not known. */
  readonly elements: number | null;
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

function warnOfTransfer(op: Operation, { strides, sizes, offsets, elements, bytes }: Transfer, check: Check): void {
  const id = op.int("id") ?? 0;
  if (id < 0 || id >= shim.bds) {
    check.warning(`BD ${id} is not there: a shim tile has BDs 0..${shim.bds - 1}`, {
      hint: "use an id whose transfer was waited for",
      beyondLimit: true,
    });
  }
  if (
    [...op.attributes].some(
      ([name, value]) => name.includes("_zero_") && value.kind === "integer" && value.value !== 0n,
    )
  ) {
    check.warning("a shim DMA does not pad with zeros", {
      hint: "let a memtile pad on the way, or keep the zeros in the host's buffer",
      beyondLimit: true,
    });
  }
  if ((sizes[3] ?? 1) > shim.iterationMax) {
    check.warning(`${sizes[3]} repetitions: the iteration field counts to ${shim.iterationMax}`, {
      hint: iterationCure(sizes[3] ?? 1),
      beyondLimit: true,
    });
  }
  for (const [i, stride] of strides.entries()) {
    if ((sizes[i] ?? 1) > 1 && (stride * bytes) / wordBytes > shim.strideMaxWords) {
      check.warning(
        `stride ${i} is ${(stride * bytes) / wordBytes} words: its field in the BDs of a shim tile holds at most ${shim.strideMaxWords}`,
        {
          hint: `make ${sizes[i]} transfers with offsets of their own, or bring the rows closer together`,
          beyondLimit: true,
        },
      );
    }
  }
  const first = offsets.reduce((sum, offset, i) => sum + offset * (strides[i] ?? 0), 0);
  const last = sizes.reduce((sum, size, i) => sum + Math.max(0, (size - 1) * (strides[i] ?? 0)), first);
  const lowest = sizes.reduce((sum, size, i) => sum + Math.min(0, (size - 1) * (strides[i] ?? 0)), first);
  if (elements !== null && (last >= elements || lowest < 0)) {
    check.warning(`reaches elements ${lowest}..${last} of a buffer that has ${elements}`);
  }
}
