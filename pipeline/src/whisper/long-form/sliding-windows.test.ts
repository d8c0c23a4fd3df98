import { expect, test } from "vitest";
import { openAi, openAiDefaults, openAiExecutor, openAiText } from "../decoding/openai-fixture.test-support.ts";
import { all, recording } from "./seeded-recording.test-support.ts";
import { type SlidingOptions, slidingWindows } from "./sliding-windows.ts";

const executor = await openAiExecutor();
/** What make_openai_fixture.py asks of transcribe() for its i-th recording. */
function optionsOf(i: number): SlidingOptions {
  return {
    window: { ...openAiDefaults, search: i % 4 === 3 ? { beams: 5 } : { temperature: 0 } },
    temperatures: [0],
    thresholds: { compressionRatio: 2.4, avgLogProb: i % 3 === 2 ? -0.6 : -3, noSpeechProb: 1e-5 },
    conditionOnPrevious: i % 2 === 0,
    initialPrompt: i % 3 === 0 ? [1, 2, 3] : [],
    text: openAiText,
    frameSeconds: 0.01,
  };
}

test("sliding windows: 12 recordings of 7.3 windows have the segments of openai-whisper", async () => {
  for (const [i, expected] of openAi.long.entries()) {
    const segments = await all(slidingWindows(executor, recording(`long ${i}`), optionsOf(i)));

    expect(
      segments.map(({ seek, tokens }) => ({ seek, tokens })),
      `recording ${i}`,
    ).toEqual(expected.map(({ seek, tokens }) => ({ seek, tokens })));
    for (const [at, { startSeconds, endSeconds, decoded }] of segments.entries()) {
      expect(startSeconds).toBeCloseTo(expected[at]!.start, 6);
      expect(endSeconds).toBeCloseTo(expected[at]!.end, 6);
      expect(decoded.avgLogProb).toBeCloseTo(expected[at]!.avg_logprob, 4);
    }
  }
  expect(openAi.long).toHaveLength(12);
});

test("sliding windows: a doubtful window is sampled at higher temperatures, the last of which is taken", async () => {
  const options = optionsOf(0);
  const window = { ...options.window, search: { beams: 2 } };
  const thresholds = { ...options.thresholds, avgLogProb: 0, noSpeechProb: 1 };
  const run = (seed: number) =>
    all(
      slidingWindows(executor, recording("long 1"), {
        ...options,
        window,
        thresholds,
        temperatures: [0, 0.4, 0.8],
        bestOf: 2,
        seed,
      }),
    );

  const [first, again, other] = [await run(1), await run(1), await run(2)];

  expect(new Set(first.map(({ decoded }) => decoded.temperature))).toEqual(new Set([0.8]));
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

test("sliding windows: windows without speech give no segment", async () => {
  const options = optionsOf(0);
  const thresholds = { ...options.thresholds, avgLogProb: 0, noSpeechProb: 0 };

  expect(await all(slidingWindows(executor, recording("long 0"), { ...options, thresholds }))).toEqual([]);
});
