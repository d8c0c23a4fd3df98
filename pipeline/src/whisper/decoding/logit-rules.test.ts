import { expect, test } from "vitest";
import { forbidRepeats, type LogitRule, ruled, suppress, suppressAtBegin } from "./logit-rules.ts";
import { timestampRules } from "./timestamp-rules.ts";

// A vocabulary of 12: text 0 to 4, <|endoftext|> 5, <|notimestamps|> 6, timestamps 7 to 11.
const special = { eot: 5, noTimestamps: 6, timestampBegin: 7 };
const even = new Float64Array(12);

/** Tokens that stay allowed. */
function allowed(rule: LogitRule, sampled: number[], logits = even): number[] {
  const after = ruled(logits, [rule], sampled);
  return [...after.keys()].filter((token) => after[token] !== Number.NEGATIVE_INFINITY);
}

/** Text so likely that timestamps are never taken for their sum. */
const textLikely = Float64Array.from({ length: 12 }, (_, token) => (token < 6 ? 10 : 0));

test("suppress forbids always, suppressAtBegin only the first token", () => {
  expect(allowed(suppress([1, 99]), [3])).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(allowed(suppressAtBegin([0, 5]), [])).toEqual([1, 2, 3, 4, 6, 7, 8, 9, 10, 11]);
  expect(allowed(suppressAtBegin([0, 5]), [1])).toHaveLength(12);
});

test("timestamps: a window begins with one, at most the largest initial one", () => {
  expect(allowed(timestampRules(special), [], textLikely)).toEqual([7, 8, 9, 10, 11]);
  expect(allowed(timestampRules(special, 2), [], textLikely)).toEqual([7, 8, 9]);
  expect(allowed(timestampRules(special, 0), [], textLikely)).toEqual([7]);
});

test("timestamps: text follows the first one and a pair", () => {
  expect(allowed(timestampRules(special), [8], textLikely)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(allowed(timestampRules(special), [7, 1, 9, 9], textLikely)).toEqual([0, 1, 2, 3, 4, 5]);
});

test("timestamps: the one that ends a text is followed by its equal, a later one or the end", () => {
  expect(allowed(timestampRules(special), [7, 1, 9], textLikely)).toEqual([5, 9, 10, 11]);
});

test("timestamps: in a text only later ones are allowed, and <|notimestamps|> never", () => {
  expect(allowed(timestampRules(special), [8, 1], textLikely)).toEqual([0, 1, 2, 3, 4, 5, 9, 10, 11]);
  expect(allowed(timestampRules(special), [8, 1, 11, 11, 2], textLikely)).toEqual([0, 1, 2, 3, 4, 5]);
});

test("timestamps: taken where their sum is likelier than the likeliest other token, and not where it is equal", () => {
  // 3 timestamps stay allowed behind [8, 1]: together e^0 * 3 against e^(log 3) of token 4.
  const against = (logit: number) => Float64Array.from({ length: 12 }, (_, token) => (token === 4 ? logit : 0));

  expect(allowed(timestampRules(special), [8, 1], against(Math.log(3) - 1e-6))).toEqual([9, 10, 11]);
  expect(allowed(timestampRules(special), [8, 1], against(Math.log(3) + 1e-6))).toContain(4);
});

test("repetition guard: a sequence of 3 comes once, timestamps between do not count", () => {
  expect(allowed(forbidRepeats(3, 5), [1, 2, 3, 4, 1, 2])).not.toContain(3);
  expect(allowed(forbidRepeats(3, 5), [1, 2, 7, 7, 3, 1, 8, 2])).not.toContain(3);
  expect(allowed(forbidRepeats(3, 5), [1, 2, 3, 4, 2, 1])).toHaveLength(12);
  expect(allowed(forbidRepeats(1, 5), [4])).not.toContain(4);
  expect(allowed(forbidRepeats(3, 5), [1])).toHaveLength(12);
});
