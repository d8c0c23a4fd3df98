import { knownBitWidth, type MemRefType, type UnrankedMemRefType } from "../ir/types.ts";

/** Bits of one element of a memref; undefined when its elements have no size. */
export function elementBits({ element }: MemRefType | UnrankedMemRefType): number | undefined {
  return knownBitWidth(element);
}
