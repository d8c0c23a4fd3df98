import { bdOverflows, bdShape, overflowText } from "../../device-model/bd-limits.ts";
import type { TileKind } from "../../device-model/tile-model.ts";
import type { BdDim } from "../../ir/attributes.ts";
import type { Operation } from "../../ir/operation.ts";
import { type MemRefType, memrefElements } from "../../ir/types.ts";
import type { Check } from "../check.ts";
import { elementBits } from "../element-bits.ts";
import { homeTile, kindOf, limitsOf, sameTile } from "../tiles.ts";
import { dimsOf } from "./object-fifos.ts";
import { checkPacket } from "./packets.ts";
import { programAround } from "./tiles.ts";

const bytesPerWord = 4;

/** aie.dma_bd in a DMA program: within the buffer, in whole words, with what the tile's BDs have. */
export function verifyDmaBd(op: Operation, check: Check): void {
  const program = programAround(op);
  const task = op.parentOp?.name === "aiex.dma_configure_task" ? op.parentOp : undefined;
  const tile = homeTile(program ?? task);
  const kind = kindOf(check.device, tile);
  if (kind !== undefined && kind !== "shim" && (op.int("burst_length") ?? 0) !== 0) {
    const where = "Shim NOC tiles that are connected to the memory-mapped NOC.";
    check.error(`Burst length is only supported in ${where}`);
  }
  const type = op.operands[0]?.type;
  if (task && kind !== undefined && type?.kind === "memref") warnOfTaskFields(op, { type, kind }, check);
  if (!program || program.name === "aie.core" || type?.kind !== "memref") return;
  const buffer = op.operands[0]?.definingOp;
  if (buffer?.name !== "aie.buffer" && buffer?.name !== "aie.external_buffer") {
    check.error("BDs only support BufferOp or ExternalBufferOp operands.");
    return;
  }
  const elements = memrefElements(type) ?? Number.POSITIVE_INFINITY;
  if (elements === Number.POSITIVE_INFINITY && op.int("len") === undefined) {
    check.error("buffer with dynamic shape requires static length.");
    return;
  }
  const bits = elementBits(type);
  // Elements of other dialects (block floating point) have sizes that are not known here.
  if (bits === undefined) return;
  const bd: Bd = { op, type, elements, bytes: bits / 8, len: op.int("len") ?? elements };
  if ((bd.len * bd.bytes) % bytesPerWord !== 0) {
    check.error("transfer length must be multiple of 4 (i.e., represent 4 byte aligned address)", {
      hint: `${bd.len} elements of ${bd.bytes} bytes`,
    });
  }
  if (program.name === "aie.mem" && buffer.name === "aie.buffer" && !sameTile(homeTile(buffer), tile)) {
    check.error("Core tile DMAs can only access a buffer in the same tile.");
  }
  const bds = limitsOf(check, tile)?.dma.bds;
  for (const [key, name] of [
    ["bd_id", "bdId"],
    ["next_bd_id", "nextBdId"],
  ] as const) {
    if (bds !== undefined && (op.int(key) ?? 0) >= bds) check.error(`${name} attribute exceeds max: ${bds - 1}`);
  }
  checkDims(bd, program, check);
  checkPadding(bd, kind, check);
  const address = buffer.int("address");
  const start = (address ?? 0) + (op.int("offset") ?? 0) * bd.bytes;
  if (address !== undefined && start % bytesPerWord !== 0) {
    check.error(`bd address must be 4 byte (32b) aligned; got base+offset: ${start} (bytes)`);
  }
  checkPacket(op, check);
  warnOfLengths(bd, check);
  if (kind !== undefined) warnOfFields(bd, kind, check);
}

interface Bd {
  readonly op: Operation;
  readonly type: MemRefType;
  /** Elements of the buffer. */
  readonly elements: number;
  /** Bytes of one element. */
  readonly bytes: number;
  /** Elements moved. */
  readonly len: number;
}

/** Largest size the tool takes; its message names the field's limit instead. Source: AIEDialect.cpp, DMABDOp::verify. */
const toolSizeMax = 512;
const toolStrideLimit = 2 ** 19;

function checkDims({ op, elements, bytes }: Bd, program: Operation, check: Check): void {
  const dims = dimsOf(op.attributes.get("dimensions"));
  const max = program.name === "aie.memtile_dma" ? 4 : 3;
  if (dims.length > max) {
    const what = `Cannot give more than ${max} dimensions for step sizes and wraps in this  tile`;
    check.error(`${what} (got ${dims.length} dimensions).`);
    return;
  }
  for (const { size, stride } of dims) {
    if (stride === 0) check.error("Invalid step size; must be a positive integer.");
    else if (stride > elements) check.error(`Step size ${stride} exceeds memref size ${elements}`);
    if (size > toolSizeMax)
      check.error("Size may not exceed 1023.", { hint: `the tool refuses sizes above ${toolSizeMax}` });
    if (stride >= toolStrideLimit) check.error(`Stride may not exceed ${2 ** 20}`);
  }
  const last = lastIndex(dims);
  const isInside = dims.length === 0 || last < elements;
  if (!isInside) {
    const what = "Specified stride(s) and size(s) result in out of bounds access in buffer";
    const hint = `the last index is the sum of (size - 1) x stride: make it ${elements - 1} at most`;
    check.error(`${what}, for index ${last} in memref of length ${elements}.`, { hint });
  }
  const inner = dims.at(-1);
  if (inner && bytes !== bytesPerWord && inner.stride !== 1) {
    check.error(`For ${bytes < bytesPerWord ? "<" : ">"}32b width datatypes, inner-most dim stride must be 1`);
  }
}

function checkPadding({ op, bytes, len }: Bd, kind: string | undefined, check: Check): void {
  const value = op.int("pad_value") ?? 0;
  if (value !== 0) {
    check.warning(`pad_value ${value} is lost: what is padded comes out as zeros`, {
      hint: "the compiler writes the value nowhere: let the core put it in, or make 0 the value that does nothing",
    });
  }
  const attribute = op.attributes.get("pad_dimensions");
  if (attribute?.kind !== "bd-pads") return;
  const dims = dimsOf(op.attributes.get("dimensions"));
  if (!op.attributes.has("dimensions")) {
    check.error("Padding requires n-d data layouts expressed as wrap(s) and stride(s).");
  } else if (kind !== undefined && kind !== "memtile") {
    check.error("Padding is only supported by memtile dma bds.");
  } else if (dims.length !== attribute.pads.length) {
    check.error("Mismatch number of dimensions between padding(s) and wrap(s) and stride(s).");
  } else {
    const padded = dims.reduce((n, { size }, i) => {
      const pad = attribute.pads[i];
      return n * (size + (pad?.before ?? 0) + (pad?.after ?? 0));
    }, 1);
    if (padded > len)
      check.error("Data exceeds len after padding.", { hint: `${padded} elements with padding, len ${len}` });
    const inner = attribute.pads.at(-1);
    for (const [word, count] of [
      ["before", inner?.before ?? 0],
      ["after", inner?.after ?? 0],
    ] as const) {
      if ((count * bytes) % bytesPerWord !== 0) {
        check.error(`Inner-most padding-${word} count must result in padding in 32-bit words.`);
      }
    }
  }
}

/** The compiler takes what the registers cannot hold: its own packager refuses it, others cut it to the field's width. */
function warnOfFields(
  { op, bytes, len }: Bd,
  kind: TileKind,
  check: Check,
  concerns = (_field: string): boolean => true,
): void {
  const padding = op.attributes.get("pad_dimensions");
  const pads = padding?.kind === "bd-pads" && kind === "memtile" ? padding.pads : [];
  const dims = dimsOf(op.attributes.get("dimensions"));
  for (const overflow of bdOverflows(kind, bdShape({ elementBytes: bytes, length: len, dims, pads }))) {
    if (concerns(overflow.field))
      check.warning(overflowText(kind, overflow), { hint: overflow.cure, beyondLimit: true });
  }
}

/** Sizes and strides of a task are refused when it is lowered; its length and zeros are not. */
function warnOfTaskFields(
  op: Operation,
  of: { readonly type: MemRefType; readonly kind: TileKind },
  check: Check,
): void {
  const bits = elementBits(of.type);
  const elements = op.int("len") ?? memrefElements(of.type);
  if (bits === undefined || elements === null) return;
  const bd: Bd = { op, type: of.type, elements, bytes: bits / 8, len: elements };
  warnOfFields(bd, of.kind, check, (field) => /^(length|zeros)/.test(field));
}

function warnOfLengths({ op, elements, bytes, len }: Bd, check: Check): void {
  const dims = dimsOf(op.attributes.get("dimensions"));
  const offset = op.int("offset") ?? 0;
  if (dims.length === 0 && offset + len > elements) {
    check.warning(`moves elements ${offset}..${offset + len - 1} of a buffer that has ${elements}`);
  }
  const product = dims.reduce((n, { size }) => n * size, 1);
  if (dims.length > 0 && !op.attributes.has("pad_dimensions") && product !== len) {
    check.warning(`the sizes cover ${product} elements, len is ${len}`);
  }
  for (const [i, { stride }] of dims.entries()) {
    if (i !== dims.length - 1 && (stride * bytes) % bytesPerWord !== 0) {
      check.warning(`a stride of ${stride} elements is ${stride * bytes} bytes, not whole 32-bit words`);
    }
  }
}

function lastIndex(dims: readonly BdDim[]): number {
  return dims.reduce((index, { size, stride }) => index + (size - 1) * stride, 0);
}
