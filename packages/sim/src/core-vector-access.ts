import type { Operation } from "@aiekit/mlir";
import { type CoreEmitter, unsupported } from "./core-emitter.ts";
import { vectorType } from "./core-vector.ts";
import { badOp } from "./ir-read.ts";

/** How a vector lies on the last dimensions of a memory, in code. `n` counts its elements, `i0`, `i1`, ... its dimensions. */
export interface VectorAccess {
  /** Heads of the loops over the elements, outermost first. */
  readonly loops: string;
  /** What is added to the index of the first element. */
  readonly offset: (strides: readonly number[]) => string;
  /** Elements from the first that are reached for certain to the last. */
  readonly reach: (strides: readonly number[]) => number;
  /** Condition under which an element is touched; empty where all are. */
  readonly guards: (op: Operation, emitter: CoreEmitter) => string;
  /** Operand that stands for elements which are not read. */
  readonly padding: number;
}

/**
 * Access of vector.load, vector.store, vector.transfer_read and vector.transfer_write; `at` is the memory's operand.
 * @throws DesignError for transfers that turn or repeat dimensions.
 */
export function vectorAccess(op: Operation, at: number): VectorAccess {
  const memory = op.operands[at]!.type;
  if (memory.kind !== "memref") throw badOp(op, `expected a memref, got ${memory.kind}`);
  const { shape } = vectorType(op, at === 0 ? op.result.type : op.operands[0]!.type);
  const rank = memory.shape.length;
  const firstDim = rank - shape.length;
  const transfer = op.name.startsWith("vector.transfer");
  if (transfer) checkMap(op, rank, firstDim);
  const inBounds = shape.map((_, i) => !transfer || flag(op, i));
  const stride = (strides: readonly number[], i: number): number => strides[firstDim + i]!;
  const maskAt = at + 1 + rank + (at === 0 ? 1 : 0);
  return {
    loops: shape.map((size, i) => `for (let i${i} = 0; i${i} < ${size}; i${i}++)`).join(" "),
    offset: (strides) => shape.map((_, i) => ` + i${i} * ${stride(strides, i)}`).join(""),
    reach: (strides) => shape.reduce((n, size, i) => n + (inBounds[i] ? (size - 1) * stride(strides, i) : 0), 0),
    guards: (user, emitter) => {
      const inside = shape.flatMap((_, i) =>
        inBounds[i] ? [] : [`${emitter.use(user, at + 1 + firstDim + i)} + i${i} < ${memory.shape[firstDim + i]}`],
      );
      const masked = transfer && op.operands.length > maskAt ? [`${emitter.use(user, maskAt)}[n]`] : [];
      return [...inside, ...masked].join(" && ");
    },
    padding: at + 1 + rank,
  };
}

function flag(op: Operation, index: number): boolean {
  const attr = op.attributes.get("in_bounds");
  const value = attr?.kind === "array" ? attr.elements[index] : undefined;
  return value?.kind === "bool" && value.value;
}

/** Only the map onto the last dimensions, in their order. */
function checkMap(op: Operation, rank: number, firstDim: number): void {
  const attr = op.attributes.get("permutation_map");
  if (attr?.kind !== "opaque") return;
  const results = /->\s*\(([^)]*)\)/
    .exec(attr.text)?.[1]
    ?.split(",")
    .map((text) => text.trim());
  const expected = Array.from({ length: rank - firstDim }, (_, i) => `d${firstDim + i}`);
  if (results?.join() !== expected.join()) throw unsupported(op, "transfer that turns or repeats dimensions");
}
