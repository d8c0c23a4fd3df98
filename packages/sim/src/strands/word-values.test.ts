import { expect, test } from "vitest";
import { gapsBetween, KnownWords, placesOf, runOf, type WordValue } from "./word-values.ts";

const value = (id: number, count: number): WordValue => ({
  id,
  places: runOf(100 * id, count),
  cores: [],
  home: undefined,
});
const told = (known: KnownWords) =>
  known.segments.map(({ first, end, value, offset }) => [first, end, value.id, offset]);

test("what is put over other words replaces them, and leaves what is before and behind", () => {
  const known = new KnownWords();
  known.put({ first: 0, end: 10, value: value(1, 10), offset: 0 });
  known.put({ first: 20, end: 30, value: value(2, 10), offset: 0 });
  known.put({ first: 4, end: 22, value: value(3, 18), offset: 0 });

  expect(told(known)).toEqual([
    [0, 4, 1, 0],
    [4, 22, 3, 0],
    [22, 30, 2, 2],
  ]);
  known.put({ first: 6, end: 8, value: value(4, 2), offset: 0 });
  expect(told(known)).toEqual([
    [0, 4, 1, 0],
    [4, 6, 3, 0],
    [6, 8, 4, 0],
    [8, 22, 3, 4],
    [22, 30, 2, 2],
  ]);
  known.put({ first: 6, end: 8, value: value(5, 2), offset: 0 });
  expect(told(known)[2]).toEqual([6, 8, 5, 0]);
  known.forget(3, 9);
  expect(told(known)).toEqual([
    [0, 3, 1, 0],
    [9, 22, 3, 5],
    [22, 30, 2, 2],
  ]);
});

test("gaps are the words of a range of which nothing is known", () => {
  const known = new KnownWords();
  known.put({ first: 4, end: 8, value: value(1, 4), offset: 0 });
  known.put({ first: 12, end: 16, value: value(2, 4), offset: 0 });

  const gaps = (first: number, end: number) => gapsBetween(known.within(first, end), first, end);
  expect(gaps(0, 20)).toEqual([
    { first: 0, end: 4 },
    { first: 8, end: 12 },
    { first: 16, end: 20 },
  ]);
  expect(gaps(5, 8)).toEqual([]);
  expect(gaps(6, 13)).toEqual([{ first: 8, end: 12 }]);
});

test("addresses one behind the other are a run", () => {
  expect(placesOf(Int32Array.of(7, 8, 9))).toEqual({ count: 3, start: 7 });
  expect(placesOf(Int32Array.of(7, 9, 8))).toEqual({ count: 3, at: Int32Array.of(7, 9, 8) });
});
