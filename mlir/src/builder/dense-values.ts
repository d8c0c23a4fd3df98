import { DesignError } from "@aiekit/core";
import type { DenseAttr } from "../ir/attributes.ts";
import { bitWidth, type MemRefType, memrefElements } from "../ir/types.ts";

/** Values of a buffer or of one object of a fifo: one for all elements, or one for each in order. */
export type InitialValues = number | readonly number[];

/**
 * `values` as a constant of `type`. @throws DesignError for a wrong count, and for integers that the element cannot hold.
 */
export function denseValues(
  type: MemRefType,
  values: InitialValues,
  options: { readonly of: string; readonly as: "memref" | "tensor" },
): DenseAttr {
  const list = typeof values === "number" ? [values] : values;
  const elements = memrefElements(type) ?? 0;
  if (typeof values !== "number" && list.length !== elements) {
    throw new DesignError(`${options.of}: expected ${elements} initial values, got ${list.length}`);
  }
  const bits = type.element.kind === "integer" ? bitWidth(type.element) : undefined;
  for (const value of list) {
    const fits = bits === undefined || (Number.isInteger(value) && value >= -(2 ** (bits - 1)) && value < 2 ** bits);
    if (!fits) throw new DesignError(`${options.of}: initial value ${value} is not an integer of ${bits} bits`);
  }
  return {
    kind: "dense",
    values: list.map((value) => (bits === undefined ? value : signed(value, bits))),
    splat: list.length === 1,
    type: options.as === "memref" ? type : { kind: "tensor", shape: type.shape, element: type.element },
  };
}

function signed(value: number, bits: number): bigint {
  return BigInt.asIntN(bits, BigInt(value));
}
