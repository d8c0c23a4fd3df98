import fc from "fast-check";
import { expect, test } from "vitest";
import type { BdDim } from "./bd.ts";
import { BdCursor } from "./bd-cursor.ts";
import { broadcastWords, copyWords, type WordsEnd } from "./copy-words.ts";

/** Word addresses in the order of the pattern, straight from the definition. */
function addresses(base: number, dims: readonly BdDim[]): number[] {
  const outer = dims.at(-1);
  if (outer === undefined) return [base];
  const inner = dims.slice(0, -1);
  return Array.from({ length: outer.size }, (_, index) => addresses(base + index * outer.strideWords, inner)).flat();
}

const memoryWords = 4096;
const counted = (first: number): Uint32Array => Uint32Array.from({ length: memoryWords }, (_, i) => first + i);

/** Rows of 1 to 70 words, so that each way of copying a run comes, and up to 8 times 3 of them, none over another. */
const pattern = fc
  .record({
    words: fc.constantFrom(1, 2, 3, 4, 8, 12, 16, 33, 64, 70),
    step: fc.constantFrom(1, 1, 1, 2),
    rows: fc.array(fc.record({ size: fc.constantFrom(1, 3, 8), gap: fc.nat(3) }), { maxLength: 2 }),
  })
  .map(({ words, step, rows }) => {
    const dims: BdDim[] = [{ size: words, strideWords: step, before: 0, after: 0 }];
    for (const { size, gap } of rows) {
      const inner = dims.at(-1)!;
      dims.push({ size, strideWords: inner.size * inner.strideWords + gap, before: 0, after: 0 });
    }
    return dims;
  });

/** Memory of that many words is not left. */
const mostWords = 1000;

/** The first words of a pattern, whose outermost dimension goes on. */
function firstAddresses(base: number, dims: readonly BdDim[]): number[] {
  const inside = dims.slice(0, -1).reduce((words, d) => words * d.size, 1);
  const outer = { ...dims.at(-1)!, size: Math.max(1, Math.floor(mostWords / inside)) };
  return addresses(base, [...dims.slice(0, -1), outer]).filter((address) => address < memoryWords);
}

function wordsEnd(words: Uint32Array, dims: readonly BdDim[], base: number): WordsEnd {
  const cursor = new BdCursor();
  cursor.start({ baseWords: base, lengthWords: 0, dims }, 0);
  return { cursor, words };
}

const firstDifference = (a: Uint32Array, b: Uint32Array): number => a.findIndex((word, i) => word !== b[i]);

/** In how many pieces a transfer moves. */
const pieces = fc.integer({ min: 1, max: 4 });

test("words of one pattern arrive along another, in order, and nothing else is written", () => {
  fc.assert(
    fc.property(pattern, pattern, pieces, (from, to, parts) => {
      const source = firstAddresses(5, from);
      const target = firstAddresses(7, to);
      const count = Math.min(source.length, target.length);
      const [a, b] = [counted(1), counted(1_000_000)];
      const expected = b.slice();
      for (let i = 0; i < count; i++) expected[target[i]!] = a[source[i]!]!;

      const [fromEnd, toEnd] = [wordsEnd(a, from, 5), wordsEnd(b, to, 7)];
      for (let done = 0; done < count; ) {
        const words = Math.min(Math.ceil(count / parts), count - done);
        copyWords(fromEnd, toEnd, words);
        done += words;
      }

      expect(firstDifference(b, expected)).toBe(-1);
    }),
    { numRuns: 100 },
  );
});

test("a broadcast writes each of three sinks along its own pattern, two of them in one memory", () => {
  fc.assert(
    fc.property(pattern, fc.tuple(pattern, pattern, pattern), (from, to) => {
      const source = firstAddresses(5, from);
      const count = Math.min(source.length, ...to.map((dims) => firstAddresses(200, dims).length));
      const a = counted(1);
      const memories = [counted(1_000_000), counted(2_000_000)] as const;
      const ends = to.map((dims, i) => wordsEnd(memories[i % 2]!, dims, 100 + 50 * i));
      const expected = memories.map((words) => words.slice());
      to.forEach((dims, i) => {
        const target = firstAddresses(100 + 50 * i, dims);
        for (let w = 0; w < count; w++) expected[i % 2]![target[w]!] = a[source[w]!]!;
      });

      broadcastWords(wordsEnd(a, from, 5), ends, count);

      expect(memories.map((words, i) => firstDifference(words, expected[i]!))).toEqual([-1, -1]);
    }),
    { numRuns: 100 },
  );
});

test("words that move within one memory are all read before one is written", () => {
  const words = counted(0);
  const row = (strideWords: number) => [{ size: 8, strideWords, before: 0, after: 0 }];

  copyWords(wordsEnd(words, row(2), 0), wordsEnd(words, row(1), 1), 8);

  expect([...words.subarray(0, 10)]).toEqual([0, 0, 2, 4, 6, 8, 10, 12, 14, 9]);
});
