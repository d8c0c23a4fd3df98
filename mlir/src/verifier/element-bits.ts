import { bitWidth, type MemRefType, type UnrankedMemRefType } from "../ir/types.ts";

/** Bits of one element of a memref; undefined when its elements are no numbers. */
export function elementBits({ element }: MemRefType | UnrankedMemRefType): number | undefined {
  return element.kind === "integer" || element.kind === "float" || element.kind === "index"
    ? bitWidth(element)
    : undefined;
}
