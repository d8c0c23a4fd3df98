import { expect, test } from "vitest";
import { compressionRatio } from "./compression-ratio.ts";
import { decodeWithFallback, isSkipped, needsFallback, publishedThresholds } from "./temperature-fallback.ts";

const good = { tokens: [], avgLogProb: -0.5, noSpeechProb: 0.1, compressionRatio: 1.5 };

test("fall-back: asked for by repeated or unlikely text, not by silence", () => {
  const needs = (more: Partial<typeof good>) => needsFallback({ ...good, ...more }, publishedThresholds);

  expect(needs({})).toBe(false);
  expect(needs({ compressionRatio: 2.5 })).toBe(true);
  expect(needs({ avgLogProb: -1.1 })).toBe(true);
  expect(needs({ avgLogProb: -1.1, noSpeechProb: 0.7 })).toBe(false);
  expect(needs({ avgLogProb: -1.1, noSpeechProb: 0.7, compressionRatio: 9 })).toBe(false);
  expect(needs({ noSpeechProb: 0.7, compressionRatio: 9 })).toBe(true);
  const none = { compressionRatio: undefined, avgLogProb: undefined, noSpeechProb: undefined };
  expect(needsFallback({ ...good, avgLogProb: -99, compressionRatio: 99, noSpeechProb: 1 }, none)).toBe(false);
});

test("fall-back: a window is skipped where there is no speech and no likely text", () => {
  const skipped = (avgLogProb: number, noSpeechProb: number) =>
    isSkipped({ tokens: [], avgLogProb, noSpeechProb }, publishedThresholds);

  expect(skipped(-1.1, 0.7)).toBe(true);
  expect(skipped(-0.9, 0.7)).toBe(false);
  expect(skipped(-1.1, 0.5)).toBe(false);
  expect(isSkipped({ ...good, noSpeechProb: 0.7 }, { ...publishedThresholds, avgLogProb: undefined })).toBe(true);
});

test("fall-back: the first good result is taken, else the last", async () => {
  const run = async (firstGood: number) => {
    const asked: number[] = [];
    const decode = async (temperature: number) => {
      asked.push(temperature);
      return { ...good, avgLogProb: temperature < firstGood ? -2 : -0.5 };
    };
    const options = { temperatures: [0, 0.5, 1], thresholds: publishedThresholds };
    const { temperature } = await decodeWithFallback(decode, () => "a text", options);
    return { asked, temperature };
  };

  expect(await run(0)).toEqual({ asked: [0], temperature: 0 });
  expect(await run(0.5)).toEqual({ asked: [0, 0.5], temperature: 0.5 });
  expect(await run(9)).toEqual({ asked: [0, 0.5, 1], temperature: 1 });
});

// Bytes by Python 3.11's len(zlib.compress(text.encode())).
test("compression ratio: the bytes that Python's zlib makes of four texts, UTF-8 counted", () => {
  const texts = [
    ["ha ".repeat(40), 120 / 14],
    [
      "The boat left the harbour at seven, an hour after the storm had passed, and nobody on the quay could say whether it would be back before the evening bell.",
      154 / 113,
    ],
    ["Thank you. Thank you. Thank you. Thank you. Thank you. Thank you.", 65 / 22],
    ["Grüße aus Köln, und schöne Ferien!", 38 / 47],
  ] as const;
  for (const [text, expected] of texts) expect(compressionRatio(text), text).toBeCloseTo(expected, 12);
});
