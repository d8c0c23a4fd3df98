import { DesignError } from "@aiekit/core";
import type { Value } from "../../ir/operation.ts";
import { bitWidth } from "../../ir/types.ts";
import type { HostMemory } from "./emitter.ts";

/**
 * The launch argument behind a value, through static `memref.subview`, `memref.cast` and `memref.reinterpret_cast`.
 * @throws DesignError when the value does not come from an argument, or its place is not known.
 */
export function hostMemory(value: Value, args: ReadonlyMap<Value, number>): HostMemory {
  const argIndex = args.get(value);
  if (argIndex !== undefined) return { argIndex, offsetBytes: 0 };
  const op = value.definingOp;
  const source = op?.operands[0];
  if (op === undefined || source === undefined || !views.has(op.name)) {
    throw new DesignError(
      `a transfer's buffer must be an argument of the sequence, got ${op?.name ?? "a block argument"}`,
    );
  }
  const memory = hostMemory(source, args);
  if (op.name === "memref.cast" || source.type.kind !== "memref") return memory;
  const offsets = op.attributes.get("static_offsets");
  const list = offsets?.kind === "dense-array" ? offsets.values.map(Number) : [];
  const strides = op.name === "memref.subview" ? rowMajorStrides(source.type.shape) : [1];
  const elements = list.reduce((sum, offset, i) => sum + offset * (strides[i] ?? 0), 0);
  if (!Number.isSafeInteger(elements) || elements < 0) throw new DesignError(`${op.name}: expected static offsets`);
  return {
    argIndex: memory.argIndex,
    offsetBytes: memory.offsetBytes + (elements * bitWidth(source.type.element)) / 8,
  };
}

const views = new Set(["memref.subview", "memref.cast", "memref.reinterpret_cast"]);

function rowMajorStrides(shape: readonly (number | null)[]): number[] {
  return shape.map((_, i) => shape.slice(i + 1).reduce<number>((n, d) => n * (d ?? 0), 1));
}
