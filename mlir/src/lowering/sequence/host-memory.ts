import type { Operation, Value } from "../../ir/operation.ts";
import { knownBitWidth, type MemRefType } from "../../ir/types.ts";
import { dynamic } from "../../ops/dynamic-lists.ts";
import type { HostMemory } from "./emitter.ts";

/**
 * The launch argument behind a value, through `memref.cast`, `memref.reinterpret_cast` of contiguous memory and static
 * `memref.subview` of one dimension without steps; undefined for every other value. The offset of a `reinterpret_cast` is
 * left out, as the compiler does; `warnOfDevice` says so. Source: AIEX traceSubviewToBlockArgument.
 */
export function hostMemory(value: Value, args: ReadonlyMap<Value, HostMemory>): HostMemory | undefined {
  const memory = args.get(value);
  if (memory !== undefined) return memory;
  const op = value.definingOp;
  const source = op?.operands[0];
  if (op === undefined || source === undefined) return undefined;
  const skippedBytes = viewOffset(op, source);
  const below = skippedBytes === undefined ? undefined : hostMemory(source, args);
  return below && { argIndex: below.argIndex, offsetBytes: below.offsetBytes + (skippedBytes ?? 0) };
}

/** Bytes from the start of `source` to the start of the view; undefined for what is no view that can be followed. */
function viewOffset(op: Operation, source: Value): number | undefined {
  if (op.name === "memref.cast") return 0;
  const { type } = source;
  if (type.kind !== "memref") return undefined;
  if (op.name === "memref.reinterpret_cast") return isContiguous(type) ? 0 : undefined;
  const result = op.results[0]?.type;
  if (op.name !== "memref.subview" || result?.kind !== "memref") return undefined;
  const [offset, size, stride] = ["static_offsets", "static_sizes", "static_strides"].map((key) => first(op, key));
  const bits = knownBitWidth(type.element);
  if (type.shape.length !== 1 || result.shape.length !== 1 || stride !== 1n || bits === undefined) return undefined;
  if (offset === undefined || offset === dynamic || size === dynamic || bits % 8 !== 0) return undefined;
  return (Number(offset) * bits) / 8;
}

function first(op: Operation, key: string): bigint | undefined {
  const list = op.attributes.get(key);
  return list?.kind === "dense-array" ? BigInt(list.values[0] ?? 0) : undefined;
}

/** No layout, or one whose strides are all 1. */
function isContiguous({ layout }: MemRefType): boolean {
  if (layout === undefined) return true;
  const strides = layout.kind === "opaque" ? /^strided<\[([^\]]*)\]/.exec(layout.text)?.[1] : undefined;
  return strides === undefined || strides.split(",").every((stride) => stride.trim() === "1");
}
