import { expect, test } from "vitest";
import { decodeFrames } from "./decode-frames.ts";

const bits = (text: string): number => Number.parseInt(text.replaceAll(" ", "").padEnd(32, "0"), 2);
const pad = "11111110";

// Written bit by bit; slots 7, 2 and 0 are the mask 10000101.
test.each([
  ["one slot, 4 bits of cycles", `0 101 1001 ${pad}${pad}${pad}`, { kind: "events", slots: 32, cycles: 9 }],
  ["one slot, 10 bits", `100 101 1000000001 ${pad}${pad}`, { kind: "events", slots: 32, cycles: 513 }],
  ["one slot, 18 bits", `101 101 100000000000000001 ${pad}`, { kind: "events", slots: 32, cycles: 131073 }],
  ["several slots, 4 bits", `1100 10000101 1001 ${pad}${pad}`, { kind: "events", slots: 0x85, cycles: 9 }],
  ["several slots, 10 bits", `110100 10000101 1000000001 ${pad}`, { kind: "events", slots: 0x85, cycles: 513 }],
  ["several slots, 18 bits", "110101 10000101 100000000000000001", { kind: "events", slots: 0x85, cycles: 131073 }],
  ["a repeat of 4 bits", `1110 1001 ${pad}${pad}${pad}`, { kind: "repeat", times: 9 }],
  ["a repeat of 10 bits", `110110 1000000001 ${pad}${pad}`, { kind: "repeat", times: 513 }],
  ["a sync", `11111111 ${pad}${pad}${pad}`, { kind: "sync" }],
  ["a filler of a word", "110111 10101010101010101010101010", undefined],
] as const)("%s", (_what, text, frame) => {
  const { frames, problems } = decodeFrames([{ value: bits(text), offset: 3 }], "event-time");

  expect([frames, problems]).toEqual([frame === undefined ? [] : [frame], []]);
});

test("a start has 56 bits of timer, and the mode of what follows", () => {
  const words = [0xf100_0001, 0x8000_0002, bits("110001 10000101 0000 11000000000011")];

  const { frames } = decodeFrames(
    words.map((value, offset) => ({ value, offset })),
    "event-time",
  );

  expect(frames).toEqual([
    { kind: "start", timer: 2 ** 32 + 2 ** 31 + 2, mode: "event-PC" },
    { kind: "pc", slots: 0x85, pc: 0x3003 },
  ]);
});
