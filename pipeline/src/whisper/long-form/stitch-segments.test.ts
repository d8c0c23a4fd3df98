import { expect, test } from "vitest";
import { seededRandom } from "../decoding/sampling.ts";
import { overlappingWindows } from "./overlapping-windows.ts";
import { SegmentStitcher } from "./stitch-segments.ts";

const [eot, timestampBegin, frameSeconds, windowFrames] = [1000, 1001, 0.01, 800];
const options = { eot, timestampBegin, frameSeconds };

interface Said {
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly number[];
}

/** What a model that hears everything tells of a window: tokens of the words that begin and end in it, timestamps around. */
function heard(recording: readonly Said[], start: number, frames: number, hasTimestamps = true): number[] {
  const mark = (frame: number) => timestampBegin + Math.round(Math.min(Math.max(frame - start, 0), frames) / 2);
  return recording.flatMap(({ start: from, end: to, tokens }) => {
    const length = (to - from) / tokens.length;
    const inside = tokens.filter((_, i) => from + i * length >= start && from + (i + 1) * length <= start + frames);
    if (inside.length === 0) return [];
    if (!hasTimestamps) return inside;
    // A text that the window cuts off has no end.
    return [mark(from), ...inside, ...(to > start + frames ? [] : [mark(to)])];
  });
}

function stitched(recording: readonly Said[], overlap: number, hasTimestamps = true) {
  const frames = recording.at(-1)!.end + 40;
  const stitcher = new SegmentStitcher(options);
  const steps = overlappingWindows({ frames }, { windowFrames, strideFrames: [overlap, overlap] });
  const texts = [...steps].flatMap((step) => {
    const window = step.window();
    return stitcher.push({ ...window, tokens: heard(recording, window.startFrame, window.frames, hasTimestamps) });
  });
  return [...texts, ...stitcher.end()];
}

/** Sentences of 3 to 8 words of 0.2 to 0.4 s with pauses of 0.2 to 0.8 s between; words come again in other sentences. */
function seeded(seed: number): Said[] {
  const random = seededRandom(seed);
  const recording: Said[] = [];
  for (let at = 20; at < 6000; at = recording.at(-1)!.end + 2 * Math.round(10 + 30 * random())) {
    const words = 3 + Math.floor(6 * random());
    const tokens = Array.from({ length: words }, () => Math.floor(400 * random()));
    recording.push({ start: at, end: at + words * 2 * Math.round(10 + 10 * random()), tokens });
  }
  return recording;
}

test("sentences that are cut by windows come back whole, once, with their times", () => {
  for (let seed = 0; seed < 25; seed++) {
    const recording = seeded(seed);
    for (const overlap of [100, 134, 200, 300]) {
      const texts = stitched(recording, overlap);

      expect(
        texts.map(({ startSeconds, endSeconds, tokens }) => [startSeconds, endSeconds, tokens]),
        `${seed}, ${overlap}`,
      ).toEqual(recording.map(({ start, end, tokens }) => [start / 100, end / 100, tokens]));
    }
  }
});

test("without timestamps every word comes once, in order", () => {
  for (let seed = 0; seed < 25; seed++) {
    const recording = seeded(seed);
    const texts = stitched(recording, 134, false);

    expect(texts.flatMap(({ tokens }) => tokens)).toEqual(recording.flatMap(({ tokens }) => tokens));
  }
});

test("words that do not fit each other are told apart by their times", () => {
  const stitcher = new SegmentStitcher(options);
  const [first, second] = overlappingWindows({ frames: 1200 }, { windowFrames, strideFrames: [134, 134] });
  const at = (frame: number) => timestampBegin + frame / 2;

  // Both hold 5.32 s to 8 s, the seam is at 6.66 s: 5.4 s to 6 s is the first window's, 7 s to 7.8 s the second's.
  const texts = [
    ...stitcher.push({ ...first!.window(), tokens: [at(540), 1, 2, at(600), at(700), 3, 4, at(780)] }),
    ...stitcher.push({ ...second!.window(), tokens: [at(8), 5, 6, at(68), at(168), 7, 8, at(248)] }),
    ...stitcher.end(),
  ];

  expect(texts).toEqual([
    { startSeconds: 5.4, endSeconds: 6, tokens: [1, 2], windowFrame: 0 },
    { startSeconds: 7, endSeconds: 7.8, tokens: [7, 8], windowFrame: 532 },
  ]);
});

test("where one window begins a segment in another's, the one before ends there", () => {
  const stitcher = new SegmentStitcher(options);
  const [first, second] = overlappingWindows({ frames: 1200 }, { windowFrames, strideFrames: [134, 134] });
  const at = (frame: number) => timestampBegin + frame / 2;

  const texts = [
    ...stitcher.push({ ...first!.window(), tokens: [at(540), 1, 2, 3, 4, 5, 6] }),
    ...stitcher.push({ ...second!.window(), tokens: [at(8), 1, 2, 3, at(100), at(118), 4, 5, 6, 7, at(368)] }),
    ...stitcher.end(),
  ];

  expect(texts).toEqual([
    { startSeconds: 5.4, endSeconds: 6.5, tokens: [1, 2, 3], windowFrame: 0 },
    { startSeconds: 6.5, endSeconds: 9, tokens: [4, 5, 6, 7], windowFrame: 532 },
  ]);
});

test("a text that a silent window follows is told when the stitching ends, and is not laid over what comes later", () => {
  const stitcher = new SegmentStitcher(options);
  const [first, , third] = overlappingWindows({ frames: 2400 }, { windowFrames, strideFrames: [134, 134] });

  expect(stitcher.push({ ...first!.window(), tokens: [timestampBegin + 300, 1, 2, 3] })).toEqual([]);
  expect(stitcher.end()).toEqual([{ startSeconds: 6, endSeconds: 8, tokens: [1, 2, 3], windowFrame: 0 }]);
  const tokens = [timestampBegin, 1, 2, 3, timestampBegin + 100];
  expect(stitcher.push({ ...third!.window(), tokens })).toMatchObject([{ startSeconds: 10.64, tokens: [1, 2, 3] }]);
  expect(stitcher.end()).toEqual([]);
});
