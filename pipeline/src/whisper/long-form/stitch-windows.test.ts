import { readFileSync } from "node:fs";
import { UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { seededRandom } from "../decoding/sampling.ts";
import { type OverlapOptions, type OverlappingWindow, overlappingWindows } from "./overlapping-windows.ts";
import { stitchTokens } from "./stitch-tokens.ts";
import { stitchWindows } from "./stitch-windows.ts";

/** The windows of a recording whose end is told when the window before it was read. */
function cut(frames: number, options: OverlapOptions): OverlappingWindow[] {
  let read = 0;
  const recording = {
    get frames() {
      return read > frames ? frames : Number.POSITIVE_INFINITY;
    },
  };
  const windows = [];
  for (const step of overlappingWindows(recording, options)) {
    read = step.startFrame + options.windowFrames + 1;
    windows.push(step.window());
  }
  return windows;
}

/** What transformers gave: pipeline/fixtures/whisper/make_stitching_fixture.py. */
const fixture: {
  eot: number;
  timestampBegin: number;
  windowFrames: number;
  strideFrames: number;
  sequences: number[][][];
  stitched: number[][];
  windows: [frames: number, left: number, right: number, windows: [number, number, number][]][];
  decoded: { frames: number; tokens: number[][]; chunks: { timestamp: (number | null)[]; tokens: number[] }[] }[];
} = JSON.parse(readFileSync(new URL("../../../fixtures/whisper/stitching.json", import.meta.url), "utf8"));

test("overlapping windows: lengths and strides of transformers' chunk_iter", () => {
  for (const [frames, left, right, expected] of fixture.windows) {
    const windows = cut(frames, { windowFrames: fixture.windowFrames, strideFrames: [left, right] });

    expect(
      windows.map((w) => [w.frames, w.strideLeft, w.strideRight]),
      `${frames} frames`,
    ).toEqual(expected);
  }
  expect(() => cut(9, { windowFrames: 4, strideFrames: [2, 2] })).toThrow(UsageError);
});

test("stitching: 40 sets of pieces with faults are joined as transformers joins them", () => {
  expect(fixture.sequences).toHaveLength(40);
  for (const [i, sequences] of fixture.sequences.entries()) {
    expect(stitchTokens(sequences), `set ${i}`).toEqual(fixture.stitched[i]);
  }
});

test("stitching: 30 recordings have the texts and times of transformers", () => {
  const { eot, timestampBegin, windowFrames, strideFrames } = fixture;
  for (const [i, { frames, tokens, chunks }] of fixture.decoded.entries()) {
    const windows = cut(frames, { windowFrames, strideFrames: [strideFrames, strideFrames] });

    const texts = stitchWindows(
      windows.map((window, at) => ({ ...window, tokens: tokens[at]! })),
      { eot, timestampBegin, frameSeconds: 0.01 },
    );

    expect(
      texts.map(({ startSeconds, endSeconds, tokens: text }) => [startSeconds ?? null, endSeconds ?? null, text]),
      `recording ${i}`,
    ).toEqual(chunks.map(({ timestamp: [start, end], tokens: text }) => [start, end, text]));
  }
});

test("stitching: a known sequence that is cut with overlaps of 4 tokens and more comes back whole", () => {
  const random = seededRandom(3);
  for (let run = 0; run < 50; run++) {
    // No two tokens are equal: what lies over each other fits in one way.
    const known = Array.from({ length: 20 + Math.floor(random() * 80) }, (_, i) => i);
    const pieces: number[][] = [];
    for (let at = 0; at < known.length; ) {
      const length = 9 + Math.floor(random() * 12);
      pieces.push(known.slice(at, at + length));
      if (at + length >= known.length) break;
      at += length - 4 - Math.floor(random() * 4);
    }
    expect(stitchTokens(pieces)).toEqual(known);
  }
});
