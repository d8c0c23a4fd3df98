import { expect, test } from "vitest";
import { openAiWords } from "../openai-words.test-support.ts";
import { seededArray } from "../seeded-model.test-support.ts";
import { medianFilter } from "./median-filter.ts";
import { rowStarts } from "./time-warping.ts";

test("time warping: 8 random matrices, smoothed, have the paths of openai-whisper, equal costs among them", () => {
  for (const [i, { rows, columns, starts, filteredSum, filteredFirst }] of openAiWords.matrices.entries()) {
    const values = Float64Array.from(seededArray(`matrix ${i}`, [rows, columns], 2).data);
    // numpy rounds halves to even; none of these values is one.
    if (i === 5) values.set(values.map((value) => Math.round(2 * value)));
    const filtered = new Float64Array(values.length);
    for (let row = 0; row < rows; row++) {
      filtered.set(medianFilter(values.subarray(row * columns, (row + 1) * columns), 7), row * columns);
    }

    // The fixture is rounded to 7 digits.
    expect(filtered.reduce((sum, value) => sum + value, 0)).toBeCloseTo(filteredSum, 5);
    for (const [at, value] of filteredFirst.entries()) expect(filtered[at]).toBeCloseTo(value, 6);
    const path = rowStarts({ rows, columns, data: filtered.map((value) => -value) });
    expect([...path], `matrix ${i}`).toEqual(starts);
  }
});

test("time warping: a path along the cheap cells is found, and each row begins where it is met first", () => {
  // By hand: row 0 in columns 0 and 1, row 1 in 2, row 2 in 3 to 5.
  const data = Float64Array.from([0, 0, 9, 9, 9, 9, 9, 9, 0, 9, 9, 9, 9, 9, 9, 0, 0, 0]);

  expect([...rowStarts({ rows: 3, columns: 6, data })]).toEqual([0, 2, 3]);
});

test("median: a value alone vanishes, a step stays, a row of 3 is too short", () => {
  expect([...medianFilter(Float64Array.from([0, 0, 0, 9, 0, 0, 0, 0]), 7)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect([...medianFilter(Float64Array.from([1, 1, 1, 1, 5, 5, 5, 5]), 7)]).toEqual([1, 1, 1, 1, 5, 5, 5, 5]);
  expect([...medianFilter(Float64Array.from([3, 1, 2]), 7)]).toEqual([3, 1, 2]);
});
