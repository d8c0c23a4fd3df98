import { expect, test } from "vitest";
import { wordErrorRate, wordErrors } from "./word-errors.ts";

test("one word changed, one lost, one added of seven are WER 3/7", () => {
  const errors = wordErrors("the cat sat on the warm mat", "the dog sat on warm mat now");

  expect(errors).toEqual({ substitutions: 1, deletions: 1, insertions: 1, words: 7 });
  expect(wordErrorRate([errors])).toBe(3 / 7);
});

test.each([
  ["a b c", "a b c", 0],
  ["a b c", "", 1],
  ["a", "b c d", 3],
  ["A  b", " a B ", 0],
  ["a b c d", "b c d e", 0.5],
])("%j heard as %j is WER %s", (said, heard, rate) => {
  expect(wordErrorRate([wordErrors(said, heard)])).toBe(rate);
});

test("over several texts errors and words are summed; without words there is no rate", () => {
  const silence = wordErrors("", "you");

  expect(silence).toEqual({ substitutions: 0, deletions: 0, insertions: 1, words: 0 });
  expect(wordErrorRate([wordErrors("a b c", "a b c"), silence])).toBe(1 / 3);
  expect(wordErrorRate([])).toBeNaN();
});
