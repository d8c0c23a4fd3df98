import type { Transcription } from "@aiekit/pipeline";
import { expect, test } from "vitest";
import { explainLines, summaryLines, transcriptionRecord } from "./transcript-report.ts";

const launches = [
  {
    ...{ part: "encoder", kernel: "matmul", count: 20, modelledCycles: 4e6, modelledSeconds: 4e-3 },
    ...{ modelledLaunchSeconds: 1.5e-3, modelledSwitchSeconds: 3e-3 },
  },
  {
    ...{ part: "head", kernel: "gemv", count: 10, modelledCycles: 1e6, modelledSeconds: 1e-3 },
    ...{ modelledLaunchSeconds: 0.5e-3, modelledSwitchSeconds: 0 },
  },
] as const;
const transcription = {
  ...{ durationSeconds: 2, segments: [], notes: [] },
  phases: { audioMs: 1, melMs: 1, encoderMs: 1, decoderMs: 1, otherMs: 1, totalMs: 5 },
  trace: { parts: [], launches, fallbacks: [] },
} as unknown as Transcription;
const file = { name: "a.wav", transcription, files: [] };

test("modelled time tells array, launches and changes of context apart, and real time is against their sum", () => {
  expect(summaryLines(file).at(-1)).toBe(
    "  modelled, not measured: 5.00 ms of the array, 2.00 ms of launches, 3.00 ms of contexts that change: 10.0 ms, 200 x real time for what ran on it",
  );
  expect(transcriptionRecord(file, [])).toMatchObject({
    modelledSeconds: 5e-3,
    modelledLaunchSeconds: 2e-3,
    modelledSwitchSeconds: 3e-3,
  });
});

test("the table of launches has what launches and contexts cost beside the array's time", () => {
  const [, table] = explainLines(transcription);

  expect(table).toMatch(/launches +modelled cycles +modelled time +of launches +of contexts/);
  expect(table).toMatch(/encoder +matmul +20 +4000000 +4\.00 ms +1\.50 ms +3\.00 ms/);
});
