import fc from "fast-check";
import { expect, test } from "vitest";
import { shuffleOf, shuffleWords } from "./word-shuffle.ts";

/** `runs` places, `words` words apart and more, in another order than they lie in. */
const places = (runs: number, words: number, gap: number, turn: number): Int32Array =>
  Int32Array.from({ length: runs }, (_, r) => ((r * turn) % runs) * (words + gap));

const source = Uint32Array.from({ length: 8192 }, (_, i) => 0x8000_0000 + i * 2_654_435);

test("runs of one to eight words arrive where a loop over them puts them, and nothing else is written", () => {
  let shuffled = 0;
  fc.assert(
    fc.property(
      fc.record({
        runs: fc.constantFrom(32, 36, 64, 128),
        words: fc.constantFrom(1, 2, 3, 4, 6, 8),
        gap: fc.constantFrom(0, 1, 2, 5),
        turns: fc.tuple(fc.constantFrom(1, 5, 7, 11), fc.constantFrom(1, 5, 7, 13)),
        at: fc.tuple(fc.nat(40), fc.nat(40)),
      }),
      ({ runs, words, gap, turns, at: [a, b] }) => {
        const as = places(runs, words, gap, turns[0]).map((start) => start + 3);
        const bs = places(runs, words, 0, turns[1]).map((start) => start + 1);
        const shuffle = shuffleOf(as, bs, words);
        if (shuffle === undefined) return;
        shuffled++;
        const to = new Uint32Array(2048).fill(7);
        const expected = to.slice();
        for (let r = 0; r < runs; r++) {
          for (let w = 0; w < words; w++) expected[b + bs[r]! + w] = source[a + as[r]! + w]!;
        }

        shuffleWords(shuffle, source, a, to, b);

        expect(to).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
  expect(shuffled).toBeGreaterThan(150);
});

test("what a loop does as well, or a table cannot say, is left to it", () => {
  const dense = (runs: number, words: number): Int32Array => places(runs, words, 0, 1);

  expect(shuffleOf(dense(31, 2), dense(31, 2), 2)).toBeUndefined();
  expect(shuffleOf(dense(64, 16), dense(64, 16), 16)).toBeUndefined();
  // Read far apart; written with gaps, which hold other words; written twice.
  expect(shuffleOf(places(64, 2, 100, 1), dense(64, 2), 2)).toBeUndefined();
  expect(shuffleOf(dense(64, 2), places(64, 2, 2, 1), 2)).toBeUndefined();
  const twice = dense(64, 2);
  twice[5] = twice[6]!;
  expect(shuffleOf(dense(64, 2), twice, 2)).toBeUndefined();
});

test("a shuffle stays right when the tables of later ones take all the room that there was", () => {
  const bs = places(128, 2, 0, 1);
  const first = shuffleOf(places(128, 2, 0, 5), bs, 2)!;
  // 128 moves a table, of which 8,192 fill it.
  for (let i = 0; i < 8300; i++) shuffleOf(places(128, 2, 0, 5), bs, 2);
  const to = new Uint32Array(256);

  shuffleWords(first, source, 0, to, 0);

  expect([...to.subarray(0, 6)]).toEqual([0, 1, 10, 11, 20, 21].map((i) => source[i]));
});
