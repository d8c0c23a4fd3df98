import { expect, test } from "vitest";
import { mpegFrame } from "./mpeg-frame.ts";

// Lengths: samples / 8 · bit rate / sample rate, rounded down, and the padding byte.
test.each([
  ["version 1, 128 kb/s, 44.1 kHz, joint stereo", [0xff, 0xfb, 0x90, 0x40], [44_100, 2, 1152, 417, 36]],
  ["the same with padding", [0xff, 0xfb, 0x92, 0x40], [44_100, 2, 1152, 418, 36]],
  ["version 1, 320 kb/s, 48 kHz, mono", [0xff, 0xfb, 0xe4, 0xc0], [48_000, 1, 1152, 960, 21]],
  ["version 2, 64 kb/s, 22.05 kHz, mono", [0xff, 0xf3, 0x80, 0xc0], [22_050, 1, 576, 208, 13]],
  ["version 2.5, 8 kb/s, 8 kHz, stereo", [0xff, 0xe3, 0x18, 0x00], [8000, 2, 576, 72, 21]],
])("%s", (_, header, [sampleRateHz, channelCount, samples, bytes, infoOffset]) => {
  expect(mpegFrame(Uint8Array.from([9, ...header]), 1)).toEqual({
    sampleRateHz,
    channelCount,
    samples,
    bytes,
    infoOffset,
  });
});

test.each([
  ["no sync", [0xfe, 0xfb, 0x90, 0x40]],
  ["layer II", [0xff, 0xfd, 0x90, 0x40]],
  ["a reserved version", [0xff, 0xeb, 0x90, 0x40]],
  ["a free bit rate", [0xff, 0xfb, 0x00, 0x40]],
  ["a bad bit rate", [0xff, 0xfb, 0xf0, 0x40]],
  ["a reserved sample rate", [0xff, 0xfb, 0x9c, 0x40]],
  ["three bytes", [0xff, 0xfb, 0x90]],
])("%s is no frame", (_, header) => {
  expect(mpegFrame(Uint8Array.from(header), 0)).toBeUndefined();
});
