import { expect, test } from "vitest";
import { beamStep } from "./beam-search.ts";
import { likeliest } from "./search.ts";

const eot = 3;
const log = (...probabilities: number[]) => Float64Array.from(probabilities, Math.log);

test("beam step: two rows of two beams give the two likeliest sequences and the ends before them", () => {
  const running = [
    { tokens: [0], logProb: Math.log(0.6) },
    { tokens: [1], logProb: Math.log(0.4) },
  ];

  // Sequences: 0,2 0.30; 0,end 0.24; 1,1 0.36; 1,end 0.02; 0,0 0.06.
  const { next, ended } = beamStep(running, [log(0.1, 0, 0.5, 0.4), log(0.05, 0.9, 0, 0.05)], 2, eot);

  expect(next.map(({ tokens, source }) => [tokens, source])).toEqual([
    [[1, 1], 1],
    [[0, 2], 0],
  ]);
  expect(next[0]!.logProb).toBeCloseTo(Math.log(0.36), 12);
  expect(ended).toEqual([]);
});

test("beam step: an end that is likelier than the last beam is an ended sequence", () => {
  const { next, ended } = beamStep([{ tokens: [2], logProb: 0 }], [log(0.5, 0.1, 0, 0.4)], 2, eot);

  expect(next.map(({ tokens }) => tokens)).toEqual([
    [2, 0],
    [2, 1],
  ]);
  expect(ended).toEqual([{ tokens: [2], logProb: Math.log(0.4) }]);
});

test("likeliest: per token, or by a length penalty", () => {
  const short = { tokens: [1, 2], logProb: -2 };
  const long = { tokens: [1, 2, 3, 4], logProb: -3 };

  expect(likeliest([short, long])).toBe(long);
  // (7/6)^a against (9/6)^a: at 0 the sums decide; -2 / 1.1667 = -1.71 against -3 / 1.5 = -2 at 1.
  expect(likeliest([short, long], 0)).toBe(short);
  expect(likeliest([short, long], 1)).toBe(short);
  expect(likeliest([])).toBeUndefined();
});
