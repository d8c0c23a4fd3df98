import { expect, test } from "vitest";
import { windowSegments } from "./window-segments.ts";

// Text below 10, timestamps from 10 on: t(3) is <|0.06|>.
const t = (time: number) => 10 + time;
const cut = (...tokens: number[]) => windowSegments(tokens, 10, 100);
const two = [
  { start: 0, end: 10, tokens: [t(0), 1, t(10)] },
  { start: 12, end: 20, tokens: [t(12), 2, t(20)] },
];

test("segments: a text behind the last pair is left to the next window, which begins at the pair", () => {
  expect(cut(t(0), 1, t(10), t(12), 2, t(20), t(20), 3)).toEqual({
    segments: two,
    advanceFrames: 40,
    endsInTimestamp: false,
  });
});

test("segments: a single timestamp at the end means that nothing follows", () => {
  expect(cut(t(0), 1, t(10), t(12), 2, t(20))).toEqual({
    segments: two,
    advanceFrames: 100,
    endsInTimestamp: true,
  });
});

test("segments: without a pair the window is one, to its last timestamp or to its end", () => {
  expect(cut(t(0), 1, t(30))).toEqual({
    segments: [{ start: 0, end: 30, tokens: [t(0), 1, t(30)] }],
    advanceFrames: 100,
    endsInTimestamp: true,
  });
  expect(cut(t(0), 1, 2).segments).toEqual([{ start: 0, end: 50, tokens: [t(0), 1, 2] }]);
  expect(cut().segments).toEqual([{ start: 0, end: 50, tokens: [] }]);
  expect(windowSegments([1], 10, 31).segments[0]!.end).toBe(15.5);
});
