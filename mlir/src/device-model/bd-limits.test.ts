import { expect, test } from "vitest";
import { bdOverflows, bdShape } from "./bd-limits.ts";

interface Dim {
  readonly size: number;
  readonly stride: number;
}

/** Elements in the order in which the dimensions, outermost first, visit them. */
function visited([outer, ...inner]: readonly Dim[]): number[] {
  if (outer === undefined) return [0];
  const within = visited(inner);
  return Array.from({ length: outer.size }, (_, step) => within.map((at) => step * outer.stride + at)).flat();
}

const parsed = (cure: string): Dim[] =>
  [...cure.matchAll(/<size = (\d+), stride = (\d+)>/g)].map(([, size, stride]) => ({
    size: Number(size),
    stride: Number(stride),
  }));

test.each([
  [4, { size: 300, stride: 2 }, { size: 2, stride: 1 }],
  [2, { size: 2, stride: 600 }, { size: 600, stride: 1 }],
  [1, { size: 3, stride: 4000 }, { size: 2000, stride: 1 }],
  [4, { size: 510, stride: 40 }, { size: 20, stride: 1 }],
])(
  "dimensions of %i-byte elements split as the cure says visit the same elements in the same order",
  (bytes, outer, inner) => {
    const dims = [outer, inner];
    const length = outer.size * inner.size;

    const [overflow, ...more] = bdOverflows("computeTile", bdShape({ elementBytes: bytes, length, dims, pads: [] }));

    expect(more).toEqual([]);
    const split = parsed(overflow!.cure);
    expect(split).toHaveLength(2);
    const cured = outer.size > 255 ? [...split, inner] : [outer, ...split];
    expect(bdOverflows("computeTile", bdShape({ elementBytes: bytes, length, dims: cured, pads: [] }))).toEqual([]);
    expect(visited(cured)).toEqual(visited(dims));
  },
);
