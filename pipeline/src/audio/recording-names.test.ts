import { expect, test } from "vitest";
import { isRecordingName } from "./recording-names.ts";

test.each([
  ["a.wav", true],
  ["folder/b.FLAC", true],
  ["c.opus", true],
  ["d.wav.txt", false],
  ["wav", false],
  ["e.npy", false],
])("%s: %s", (name, expected) => {
  expect(isRecordingName(name)).toBe(expected);
});
