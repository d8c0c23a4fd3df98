import { expect, test } from "vitest";
import { largestIndices, logSoftmax } from "./probabilities.ts";
import { type SamplingOptions, sampler, seededRandom } from "./sampling.ts";

// Probabilities 0.5, 0.3, 0.15, 0.05 of tokens 2, 0, 3, 1.
const logits = Float64Array.from([0.3, 0.05, 0.5, 0.15], Math.log);
const draws = 20_000;

function frequencies(options: SamplingOptions): number[] {
  const pick = sampler(options, seededRandom(7));
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < draws; i++) counts[pick(logits)]! += 1 / draws;
  return counts;
}

/** Within 5 standard deviations of a count: 5 sqrt(p (1 - p) / n), at most 0.018. */
function expectNear(got: number[], expected: number[]): void {
  for (const [token, p] of expected.entries()) {
    expect(Math.abs(got[token]! - p), `token ${token}`).toBeLessThanOrEqual(
      5 * Math.sqrt((p * (1 - p)) / draws) + 1e-9,
    );
  }
}

test("sampling: temperature 1 draws by probability, 0 takes the largest, 0.5 squares", () => {
  expectNear(frequencies({ temperature: 1 }), [0.3, 0.05, 0.5, 0.15]);
  expectNear(frequencies({ temperature: 0 }), [0, 0, 1, 0]);
  const squares = [0.09, 0.0025, 0.25, 0.0225].map((p) => p / 0.365);
  expectNear(frequencies({ temperature: 0.5 }), squares);
});

test("sampling: top-k 2 and top-p 0.75 keep 0.5 and 0.3, top-p 0.01 the likeliest", () => {
  expectNear(frequencies({ temperature: 1, topK: 2 }), [0.375, 0, 0.625, 0]);
  expectNear(frequencies({ temperature: 1, topP: 0.75 }), [0.375, 0, 0.625, 0]);
  expectNear(frequencies({ temperature: 1, topP: 0.01 }), [0, 0, 1, 0]);
  expectNear(frequencies({ temperature: 1, topK: 3, topP: 0.9 }), [0.3 / 0.95, 0, 0.5 / 0.95, 0.15 / 0.95]);
});

test("sampling: a forbidden token is never drawn, and no token at all is an error", () => {
  const pick = sampler({ temperature: 5 }, () => 1 - 2 ** -32);

  expect(pick(Float64Array.of(0, 0, Number.NEGATIVE_INFINITY))).toBe(1);
  expect(() => logSoftmax(Float64Array.of(Number.NEGATIVE_INFINITY))).toThrow(/at least one token allowed/);
  expect(() => logSoftmax(Float64Array.of(0, Number.NaN))).toThrow(/got NaN/);
});

test("largest indices: in order, the first of equals first, -Infinity left out", () => {
  expect(largestIndices(Float64Array.from([1, 3, 2, 3, Number.NEGATIVE_INFINITY]), 3)).toEqual([1, 3, 2]);
  expect(largestIndices(Float64Array.from([Number.NEGATIVE_INFINITY, 1]), 3)).toEqual([1]);
});
