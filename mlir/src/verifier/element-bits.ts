import { bitWidth, type MemRefType } from "../ir/types.ts";

/** Bits of one element of a memref; undefined when its elements are no numbers. */
export function elementBits({ element }: MemRefType): number | undefined {
  return element.kind === "integer" || element.kind === "float" || element.kind === "index"
    ? bitWidth(element)
    : undefined;
}
