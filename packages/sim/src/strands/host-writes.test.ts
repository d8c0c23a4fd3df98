import { expect, test } from "vitest";
import { joinedWrites, type WrittenWords } from "./host-writes.ts";
import { type Places, runOf, type WordValue } from "./word-values.ts";

const made = (places: Places, cores: readonly number[]): WordValue => ({ id: 9, places, cores, home: undefined });

/** `rows` runs of two words in an argument whose rows have four, from `b` on, that come from the store's word `start` on. */
function written(start: number, b: number, core: number, { arg = 1, rows = 2 } = {}): WrittenWords {
  const bs = Int32Array.from({ length: rows }, (_, row) => 4 * row);
  const as = Int32Array.from({ length: rows }, (_, row) => 2 * row);
  return {
    value: { id: start, places: runOf(start, 2 * rows), cores: [core], home: undefined },
    to: { arg, b, starts: { as, bs }, runWords: 2, count: 2 * rows },
    isJoined: false,
  };
}

test("tiles that make up a whole argument are one copy, of which the last that writes a word counts", () => {
  const tiles = [written(100, 0, 0), written(200, 2, 1), written(300, 0, 2, { rows: 1 })];

  const [joined, ...others] = joinedWrites(tiles, made);
  expect(others).toEqual([]);
  expect(joined!.to).toEqual({ arg: 1, b: 0, starts: undefined, runWords: 8, count: 8 });
  expect([...joined!.value.places.at!]).toEqual([300, 301, 200, 201, 102, 103, 202, 203]);
  expect(joined!.value.cores).toEqual([0, 1, 2]);
});

test("an argument with a hole is written as the copies write it", () => {
  const tiles = [written(100, 0, 0), written(200, 2, 1, { rows: 1 }), written(300, 12, 0, { rows: 1 })];

  expect(joinedWrites(tiles, made)).toEqual(tiles);
});

test("arguments are joined each by itself, and long runs are left as they are", () => {
  const long: WrittenWords = {
    value: { id: 1, places: runOf(500, 64), cores: [0], home: undefined },
    to: { arg: 2, b: 0, starts: undefined, runWords: 64, count: 64 },
    isJoined: false,
  };
  const joined = joinedWrites([written(100, 0, 0), long, written(200, 2, 1)], made);

  expect(joined.map(({ to, isJoined }) => [to.arg, to.runWords, isJoined])).toEqual([
    [1, 8, true],
    [2, 64, false],
  ]);
  expect(joined[1]).toBe(long);
});
