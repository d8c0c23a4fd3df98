import fc from "fast-check";
import { expect, test } from "vitest";
import { batchFrames, batchSamples, firstSample, logmelWindow } from "./logmel-windows.ts";

test("30 s over 4 columns: 94 batches each, the last of which repeats a whole batch of frames", () => {
  const { frames, bufferSamples, columns } = logmelWindow(480_000, 4);

  expect([frames, bufferSamples]).toEqual([3000, 480_040]);
  expect(columns.map(({ batches }) => batches)).toEqual([94, 94, 94, 93]);
  expect(columns.map(({ hasLead }) => hasLead)).toEqual([true, false, false, false]);
  expect(columns.map(({ tailSamples }) => tailSamples)).toEqual([1520, 1520, 1520, 1480]);
  expect(columns[3]!.runs).toEqual([
    { frame: 282 * 8, count: 92 },
    { frame: 2992, count: 1 },
  ]);
});

test("any length over any columns: every frame is computed, nothing else, and every batch lies in the host buffer", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1280, max: 200_000 }), fc.integer({ min: 1, max: 8 }), (samples, columns) => {
      const window = logmelWindow(samples, columns);
      const starts = window.columns.flatMap(({ runs }) =>
        runs.flatMap(({ frame, count }) => Array.from({ length: count }, (_, i) => frame + i * batchFrames)),
      );
      const covered = new Set(starts.flatMap((frame) => Array.from({ length: batchFrames }, (_, i) => frame + i)));

      expect(covered.size).toBe(Math.floor(samples / 160));
      expect(Math.max(...covered)).toBe(window.frames - 1);
      for (const start of starts) {
        expect(Math.max(0, firstSample(start)) + batchSamples).toBeLessThanOrEqual(window.bufferSamples);
      }
      expect(window.bufferSamples).toBeGreaterThanOrEqual(samples);
      expect(window.bufferSamples % 2).toBe(0);
    }),
    { seed: 5, numRuns: 200 },
  );
});

test("a batch that reaches past the sound is the last of its column, and its column knows where the sound ends", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1280, max: 60_000 }), fc.integer({ min: 1, max: 8 }), (samples, columns) => {
      for (const { runs, tailSamples, hasLead } of logmelWindow(samples, columns).columns) {
        const starts = runs.flatMap(({ frame, count }) =>
          Array.from({ length: count }, (_, i) => firstSample(frame + i * batchFrames)),
        );
        for (const start of starts.slice(0, -1)) expect(start + batchSamples).toBeLessThanOrEqual(samples);
        expect(tailSamples).toBe(Math.min(batchSamples, samples - starts.at(-1)!));
        for (const start of starts.slice(1)) expect(start).toBeGreaterThanOrEqual(0);
        expect(hasLead).toBe(starts[0]! < 0);
      }
    }),
    { seed: 6, numRuns: 200 },
  );
});
