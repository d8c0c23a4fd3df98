import { expect, test } from "vitest";
import { randomFrom } from "../random/random-graph.test-support.ts";
import { decodeFrames } from "../trace-packets/decode-frames.ts";
import { eventSlices } from "../trace-packets/event-slices.ts";
import { type Active, eventTimeBytes, randomActives } from "../trace-packets/packet-writer.test-support.ts";
import { FrameEncoder } from "./frame-encoder.ts";

/** Words that the encoder sends for these events, when it is told of them in pieces. */
function encoded(actives: readonly Active[], timer: number, pieces: (cycles: number) => number = (n) => n): number[] {
  const sent: number[] = [];
  const encoder = new FrameEncoder((words) => sent.push(...words));
  encoder.start(timer, timer);
  const times = [...new Set(actives.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  times.forEach((from, i) => {
    const slots = actives.reduce(
      (mask, { slot, start, end }) => mask | (start <= from && from < end ? 1 << slot : 0),
      0,
    );
    const to = times[i + 1] ?? from;
    for (let at = from; slots !== 0 && at < to; ) {
      const cycles = Math.min(to - at, Math.max(1, pieces(to - at)));
      encoder.active(slots, at, cycles);
      at += cycles;
    }
  });
  encoder.stop();
  expect(sent.length % 7).toBe(0);
  return sent;
}

const read = (words: readonly number[]) => {
  const end = words.findIndex((word, i) => word === 0xfefe_fefe && words[i + 1] === 0);
  const values = (end < 0 ? words : words.slice(0, end)).map((value, offset) => ({ value, offset }));
  const { frames, problems } = decodeFrames(values, "event-time");
  return { slices: eventSlices(frames).slices, problems, frames };
};

test("what 100 random units see comes back cycle by cycle, in whatever pieces it is told", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = randomFrom(seed);
    const timer = random(2) === 0 ? random(1000) : 2 ** 40 + random(1000);
    const actives = randomActives(random, timer);

    const { slices, problems } = read(encoded(actives, timer, (most) => random(most) + 1));

    expect(problems, `seed ${seed}`).toEqual([]);
    expect(slices, `seed ${seed}`).toEqual(actives.map(({ slot, start, end }) => ({ slot, start, end })));
  }
});

test("frames are no longer than those of the writer that the reader is tested with", () => {
  const actives = [
    { slot: 2, start: 12, end: 5000 },
    { slot: 0, start: 6000, end: 6001 },
    { slot: 1, start: 6003, end: 6020 },
  ];

  const words = encoded(actives, 0);

  expect(words.indexOf(0xfefe_fefe)).toBeLessThanOrEqual(Math.ceil(eventTimeBytes(actives, 0).length / 4));
});

test("frames by hand: a single after 9 cycles, the same for 3 more, two slots at once, a gap of 1000, a sync", () => {
  const words = encoded(
    [
      { slot: 3, start: 10, end: 14 },
      { slot: 0, start: 20, end: 21 },
      { slot: 7, start: 20, end: 21 },
      { slot: 1, start: 1021, end: 1022 },
      { slot: 1, start: 1022 + 0x40000, end: 1023 + 0x40000 },
    ],
    0,
  );

  // Start with timer 0; slot 3 after 9; slot 3 after 0; repeat 2; pad. Slots 7 and 0 after 6, slot 1 after 1000. Sync, slot 1 after 1.
  expect(words.slice(0, 5).map((word) => word.toString(16))).toEqual([
    ...["f0000000", "0", "3930e2fe", "c81687e8"],
    "ff11fefe",
  ]);
});
