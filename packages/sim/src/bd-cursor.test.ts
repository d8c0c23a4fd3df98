import fc from "fast-check";
import { expect, test } from "vitest";
import { type BdDim, extentWords, joinDims } from "./bd.ts";
import { BdCursor } from "./bd-cursor.ts";

/** Word addresses one by one, null for a zero, straight from the definition: for each outer index in order. */
function naiveAddresses(base: number, dims: readonly BdDim[]): (number | null)[] {
  if (dims.length === 0) return [base];
  const outer = dims.at(-1)!;
  const inner = dims.slice(0, -1);
  const row = (index: number): (number | null)[] => naiveAddresses(base + index * outer.strideWords, inner);
  const blank = new Array<null>(row(0).length).fill(null);
  return [
    ...Array.from({ length: outer.before }, () => blank),
    ...Array.from({ length: outer.size }, (_, index) => row(index)),
    ...Array.from({ length: outer.after }, () => blank),
  ].flat();
}

/** `limits`: how many words are taken at most, in turn; a stream may stop anywhere. */
function cursorAddresses(
  base: number,
  dims: readonly BdDim[],
  { lengthWords, limits = [Number.MAX_SAFE_INTEGER] }: { lengthWords: number; limits?: readonly number[] },
): (number | null)[] {
  const cursor = new BdCursor();
  cursor.start({ baseWords: base, lengthWords, dims }, 0);
  const addresses: (number | null)[] = [];
  for (let turn = 0; addresses.length < lengthWords; turn++) {
    const most = Math.min(limits[turn % limits.length]!, lengthWords - addresses.length);
    const taken = cursor.take(most);
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThanOrEqual(most);
    const block = cursor.zeros ? new Array<null>(taken).fill(null) : blockAddresses(cursor);
    expect(block.length).toBe(taken);
    addresses.push(...block);
  }
  return addresses;
}

function blockAddresses({ base, sizes, strides }: BdCursor): number[] {
  return sizes.reduce<number[]>(
    (starts, size, k) =>
      starts.flatMap((start) => Array.from({ length: size }, (_, index) => start + index * strides[k]!)),
    [base],
  );
}

const dimOf = (padMax: number) =>
  fc.record({
    size: fc.integer({ min: 1, max: 5 }),
    strideWords: fc.integer({ min: 1, max: 9 }),
    before: fc.integer({ min: 0, max: padMax }),
    after: fc.integer({ min: 0, max: padMax }),
  });
const base = fc.integer({ min: 0, max: 100 });
const limits = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });

test("blocks of up to four dimensions visit the words that nested loops visit", () => {
  fc.assert(
    fc.property(base, fc.array(dimOf(0), { minLength: 1, maxLength: 4 }), limits, (start, dims, some) => {
      const expected = naiveAddresses(start, dims);

      expect(cursorAddresses(start, dims, { lengthWords: expected.length, limits: some })).toEqual(expected);
      expect(cursorAddresses(start, dims, { lengthWords: expected.length })).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

test("zero padding of three dimensions stands before and after each of them", () => {
  fc.assert(
    fc.property(base, fc.array(dimOf(2), { minLength: 1, maxLength: 3 }), limits, (start, dims, some) => {
      const expected = naiveAddresses(start, dims);

      expect(cursorAddresses(start, dims, { lengthWords: expected.length, limits: some })).toEqual(expected);
      expect(cursorAddresses(start, dims, { lengthWords: expected.length })).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

test("joining dimensions changes neither words nor order", () => {
  const stride = fc.constantFrom(1, 2, 3, 4, 6, 8, 12, 16);
  const dims = fc.array(fc.record({ size: fc.integer({ min: 1, max: 4 }), strideWords: stride }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(base, dims, (start, list) => {
      const plain = list.map((d) => ({ ...d, before: 0, after: 0 }));
      const expected = naiveAddresses(start, plain);

      expect(cursorAddresses(start, joinDims(plain), { lengthWords: expected.length })).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});

test("a pattern without zeros is one block, and half of it is one block as well", () => {
  const dims = [8, 4, 3, 6].map((size, k) => ({ size, strideWords: 100 ** k, before: 0, after: 0 }));
  const cursor = new BdCursor();
  cursor.start({ baseWords: 0, lengthWords: 576, dims }, 0);

  expect([cursor.take(288), cursor.base, ...cursor.sizes]).toEqual([288, 0, 3, 3, 4, 8]);
  expect([cursor.take(288), cursor.base, ...cursor.sizes]).toEqual([288, 3 * 100 ** 3, 3, 3, 4, 8]);
});

test("a linear transfer goes on behind what was taken", () => {
  expect(cursorAddresses(7, [], { lengthWords: 9, limits: [2, 4] })).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15]);
});

test("rows that follow each other become one run", () => {
  const rows = [
    { size: 8, strideWords: 1, before: 0, after: 0 },
    { size: 4, strideWords: 8, before: 0, after: 0 },
    { size: 2, strideWords: 64, before: 0, after: 0 },
  ];

  expect(joinDims(rows).map((d) => [d.size, d.strideWords])).toEqual([
    [32, 1],
    [2, 64],
  ]);
});

test("the extent is the lowest and highest word that a pattern touches", () => {
  fc.assert(
    fc.property(base, fc.array(dimOf(0), { minLength: 0, maxLength: 4 }), (start, dims) => {
      const words = naiveAddresses(start, dims).map(Number);
      const lengthWords = words.length;

      const extent = extentWords({ baseWords: start, lengthWords, dims }, 5);

      expect(extent).toEqual({ first: Math.min(...words) + 5, last: Math.max(...words) + 5 });
    }),
  );
});

test("a length beyond the sizes goes on along the outermost dimension", () => {
  const dims = [
    { size: 2, strideWords: 1, before: 0, after: 0 },
    { size: 2, strideWords: 10, before: 0, after: 0 },
  ];

  expect(cursorAddresses(0, dims, { lengthWords: 8 })).toEqual([0, 1, 10, 11, 20, 21, 30, 31]);
});
