import type { BdDim } from "../../ir/attributes.ts";
import type { Operation, Value } from "../../ir/operation.ts";
import type { Check } from "../check.ts";
import { elementBits } from "../element-bits.ts";
import { kindOf, samePlace, tileOf } from "../tiles.ts";
import { dimsOf, elementOf, objectElements } from "./object-fifos.ts";

/** aie.objectfifo.link: a shared tile, one fan at most, offsets for the fan. */
export function verifyLink(op: Operation, check: Check): void {
  const ins = fifosOf(op, "fifoIns", check);
  const outs = fifosOf(op, "fifoOuts", check);
  const isJoin = ins.names.length > 1;
  const isDistribute = outs.names.length > 1;
  if (isJoin && isDistribute) {
    check.error("ObjectFifoLinkOp does not support 'join' and 'distribute' at the same time");
    return;
  }
  const shared = sharedTile(ins.fifos, outs.fifos);
  const unknown = [...ins.names, ...outs.names].find((name) => !check.symbol(name));
  if (!shared || unknown !== undefined) {
    const hint = unknown === undefined ? undefined : `no objectFifo is called @${unknown}`;
    check.error("ObjectFifoLinkOp must have a link point, i.e., a shared tile between objectFifos", {
      ...(hint && { hint }),
    });
    return;
  }
  const src = offsetsOf(op, "src_offsets");
  const dst = offsetsOf(op, "dst_offsets");
  if (isJoin || isDistribute) {
    const kind = kindOf(check.device, tileOf(shared));
    if (kind !== undefined && kind !== "memtile") {
      check.error("ObjectFifoLinkOp join and distribute are unavailable on compute or shim tiles");
    }
  }
  if (isJoin) verifyJoin(ins.fifos, outs.fifos[0], { fan: src, other: dst }, check);
  else if (isDistribute) verifyDistribute(ins.fifos[0], outs.fifos, { fan: dst, other: src }, check);
  else if (src.length > 0 && dst.length > 0) {
    check.error("all offsets should be empty if there is no join or distribute");
  }
}

interface Offsets {
  readonly fan: readonly number[];
  readonly other: readonly number[];
}

function verifyJoin(ins: readonly Operation[], out: Operation | undefined, offsets: Offsets, check: Check): void {
  if (offsets.fan.length !== ins.length) {
    check.error("number of provided src offsets must be equal to the number of input objectFifos", {
      hint: countHint(ins, offsets.fan),
    });
    return;
  }
  if (offsets.other.length > 0) check.error("dst offsets should be empty for join");
  if (!out) return;
  const dims = dimsOf(out.attributes.get("dimensionsToStream"));
  const what = "specified output stride(s) and size(s) result in out of bounds access in join input";
  const lengths = partLengths(offsets.fan, objectElements(out));
  checkParts(lengths, dims, what, check);
  warnOfShares(ins, { lengths, whole: out, verb: "brings" }, check);
}

function verifyDistribute(
  input: Operation | undefined,
  outs: readonly Operation[],
  offsets: Offsets,
  check: Check,
): void {
  if (offsets.fan.length !== outs.length) {
    check.error("number of provided dst offsets must be equal to the number of output objectFifos", {
      hint: countHint(outs, offsets.fan),
    });
    return;
  }
  if (offsets.other.length > 0) check.error("src offsets should be empty for distribute");
  if (new Set(outs.map((fifo) => fifo.int("repeat_count") ?? 0)).size > 1) {
    check.error("repeat counts of output object FIFOs must be equal");
  }
  if (!input) return;
  const from = input.attributes.get("dimensionsFromStreamPerConsumer");
  const dims = dimsOf(from?.kind === "array" ? from.elements[0] : undefined);
  const what = "specified input stride(s) and size(s) result in out of bounds access in distribute output";
  const lengths = partLengths(offsets.fan, objectElements(input));
  checkParts(lengths, dims, what, check);
  warnOfShares(outs, { lengths, whole: input, verb: "takes" }, check);
}

function countHint(parts: readonly Operation[], offsets: readonly number[]): string {
  const sizes = parts.map(objectElements);
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  return `${parts.length} objectFifos, ${offsets.length} offsets: [${starts.join(", ")}] puts the objects one behind the other`;
}

interface Shares {
  readonly lengths: readonly number[];
  /** The fifo whose objects have the parts. */
  readonly whole: Operation;
  /** What a part does with its object. */
  readonly verb: "brings" | "takes";
}

/** Parts that are not the same share of their objects drift apart: the stream has no marks between objects. */
function warnOfShares(parts: readonly Operation[], { lengths, whole, verb }: Shares, check: Check): void {
  const sizes = parts.map(objectElements);
  const total = objectElements(whole);
  const share = (lengths[0] ?? 0) / (sizes[0] ?? 0);
  const bits = parts.map(objectBits);
  const wide = bits.findIndex((width) => width !== objectBits(whole));
  if (wide >= 0 && lengths.every((length, i) => length === sizes[i])) {
    const of = `elements of @${nameOf(parts[wide])} have ${bits[wide]} bits, those of @${nameOf(whole)} ${objectBits(whole)}`;
    check.warning(`${of}: offsets count elements, so what it ${verb} moves on from object to object`, {
      hint: "give both the same element type",
    });
    return;
  }
  const odd = sizes.findIndex((size, i) => lengths[i] !== size);
  if (odd < 0 || sizes.every((size, i) => lengths[i] === size * share)) return;
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const sum = sizes.reduce((all, size) => all + size, 0);
  const hint =
    sum === total
      ? `offsets [${starts.join(", ")}] give each part one object`
      : `the objects of the parts have ${sum} elements together, those of @${nameOf(whole)} have ${total}: make them equal`;
  const of = `objects of @${nameOf(parts[odd])} have ${sizes[odd]} elements, and the offsets give it ${lengths[odd]} of each object of @${nameOf(whole)}`;
  check.warning(`${of}: what it ${verb} moves on from object to object`, { hint });
}

function objectBits(fifo: Operation): number | undefined {
  const element = elementOf(fifo);
  return element && elementBits(element);
}

const nameOf = (fifo: Operation | undefined): string => fifo?.text("sym_name") ?? "";

/** Part i reaches from its offset to the next one, the last to the end of the object. Counts elements. */
function partLengths(offsets: readonly number[], total: number): number[] {
  return offsets.map((offset, i) => (offsets[i + 1] ?? total) - offset);
}

function checkParts(parts: readonly number[], dims: readonly BdDim[], what: string, check: Check): void {
  if (dims.length === 0) return;
  const last = dims.reduce((index, { size, stride }) => index + (size - 1) * stride, 0);
  const shortest = Math.min(...parts);
  if (last >= shortest) check.error(`${what}, for index ${last} in transfer of length ${shortest}.`);
}

function fifosOf(op: Operation, key: string, check: Check): { names: string[]; fifos: Operation[] } {
  const list = op.attributes.get(key);
  const names =
    list?.kind === "array" ? list.elements.flatMap((e) => (e.kind === "symbol" ? [e.path.at(-1) ?? ""] : [])) : [];
  const fifos = names.flatMap((name) => check.symbol(name) ?? []).filter((fifo) => fifo.name === "aie.objectfifo");
  return { names, fifos };
}

function offsetsOf(op: Operation, key: string): number[] {
  const list = op.attributes.get(key);
  return list?.kind === "array" ? list.elements.flatMap((e) => (e.kind === "integer" ? [Number(e.value)] : [])) : [];
}

/** The tile where all inputs end (a join takes their first consumers) and all outputs begin. */
function sharedTile(ins: readonly Operation[], outs: readonly Operation[]): Value | undefined {
  const source = outs[0]?.operands[0];
  // Without a fan any of the input's consumers may pass the objects on.
  if (ins.length === 1 && outs.length === 1) {
    return ins[0]?.operands.slice(1).some((tile) => samePlace(tile, source)) ? source : undefined;
  }
  const [first, ...others] = [...ins.map((fifo) => fifo.operands[1]), ...outs.map((fifo) => fifo.operands[0])];
  return others.every((tile) => samePlace(tile, first)) ? first : undefined;
}
