import { expect, test } from "vitest";
import { DecodedCache } from "./decoded-cache.ts";

const decoder = () => {
  const decoded: number[][] = [];
  const kept = new DecodedCache<{ readonly ops: readonly number[] }>();
  const read = (insts: Uint8Array) =>
    kept.read(insts, (bytes) => {
      decoded.push([...bytes]);
      return { ops: [...bytes] };
    });
  return { cache: { read }, decoded };
};

test("equal bytes are decoded once, in whatever buffer they come", () => {
  const { cache, decoded } = decoder();

  const first = cache.read(Uint8Array.of(1, 2, 3));

  expect(cache.read(Uint8Array.of(9, 1, 2, 3).subarray(1))).toBe(first);
  expect(decoded).toEqual([[1, 2, 3]]);
});

test("bytes that changed in their place are another stream", () => {
  const { cache } = decoder();
  const insts = Uint8Array.of(1, 2, 3);
  cache.read(insts);

  insts[2] = 4;

  expect(cache.read(insts).ops).toEqual([1, 2, 4]);
  expect(cache.read(Uint8Array.of(1, 2)).ops).toEqual([1, 2]);
});

test("of 17 streams the one that was not used for longest is decoded again", () => {
  const { cache, decoded } = decoder();
  for (let i = 0; i < 16; i++) cache.read(Uint8Array.of(i));
  cache.read(Uint8Array.of(0));

  cache.read(Uint8Array.of(16));
  cache.read(Uint8Array.of(0));
  cache.read(Uint8Array.of(1));

  expect(decoded.slice(16)).toEqual([[16], [1]]);
});
