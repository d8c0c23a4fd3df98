import { FormatError } from "@aiekit/core";
import { expect, test } from "vitest";
import { randomFrom } from "../random/random-graph.test-support.ts";
import { hardwareTrace } from "./hardware-trace.ts";
import {
  type Active,
  eventTimeBytes,
  header,
  interleaved,
  packetsOf,
  randomActives,
  type Sender,
} from "./packet-writer.test-support.ts";
import type { TraceUnitSettings } from "./unit-settings.ts";

const events = "INSTR_EVENT_0 INSTR_EVENT_1 LOCK_STALL STREAM_STALL A B C D".split(" ");
const core: TraceUnitSettings = {
  ...{ tile: { col: 0, row: 2 }, module: "core", packetId: 1, packetType: "core", mode: "event-time", events },
};
const memory: TraceUnitSettings = { ...core, module: "memory", packetId: 2, packetType: "mem" };
const shim: TraceUnitSettings = { ...core, tile: { col: 1, row: 0 }, module: "shim", packetId: 3, packetType: "shim" };
const units = [core, memory, shim];
const typeNumbers = { core: 0, mem: 1, shim: 2, memtile: 3 };
/** Physical columns lie `shift` to the right of the design's. */
const senderOf = ({ tile, packetId, packetType }: TraceUnitSettings, shift: number): Sender => ({
  ...{ col: tile.col + shift, row: tile.row, type: typeNumbers[packetType], id: packetId },
});

const trackOf = ({ module, tile }: TraceUnitSettings, slot: number): string =>
  `${module} (${tile.col},${tile.row}) ${slot} ${events[slot]}`;

test("what 60 random units send comes back cycle by cycle, whatever way their packets mix", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomFrom(seed);
    const shift = random(4);
    const sent = units.map((unit) => {
      const timer = random(2) === 0 ? random(1000) : 2 ** 40 + random(1000);
      return { unit, timer, actives: randomActives(random, timer) };
    });
    const packets = sent.map(({ unit, timer, actives }) =>
      packetsOf(senderOf(unit, shift), eventTimeBytes(actives, timer)),
    );
    const { trace, problems, columnShift, silent } = hardwareTrace(interleaved(packets, random), units);

    expect(problems, `seed ${seed}`).toEqual([]);
    expect([columnShift, silent]).toEqual([shift, []]);
    for (const { unit, actives } of sent) {
      for (let slot = 0; slot < 8; slot++) {
        const got = trace.slices.filter(({ track }) => track === trackOf(unit, slot));
        const wanted = actives.filter((active) => active.slot === slot);
        expect(
          got.map(({ start, end }) => [start, end]),
          `seed ${seed}, ${unit.module}, slot ${slot}`,
        ).toEqual(wanted.map(({ start, end }) => [start, end]));
      }
    }
  }
});

const short: readonly Active[] = [
  { slot: 0, start: 10, end: 11 },
  { slot: 2, start: 12, end: 500 },
  { slot: 1, start: 1500, end: 1501 },
  { slot: 0, start: 2000, end: 2001 },
  { slot: 1, start: 2300, end: 2301 },
];
const one = (actives: readonly Active[] = short): number[][] =>
  packetsOf(senderOf(core, 0), eventTimeBytes(actives, 0));

test("a unit's events are counted, stalls are told from work, and kernels timed from event 0 to event 1", () => {
  const { units: found, trace, silent } = hardwareTrace(Uint32Array.from(one().flat()), [core, memory], 0);

  expect(found).toHaveLength(1);
  expect(found[0]!.events.slice(0, 3)).toEqual([
    { name: "INSTR_EVENT_0", times: 2, cycles: 2, first: 10, last: 2000 },
    { name: "INSTR_EVENT_1", times: 2, cycles: 2, first: 1500, last: 2300 },
    { name: "LOCK_STALL", times: 1, cycles: 488, first: 12, last: 12 },
  ]);
  expect(found[0]!.kernel).toEqual({ calls: 2, least: 300, median: 895, most: 1490 });
  expect(trace.slices.filter(({ stall }) => stall).map(({ name }) => name)).toEqual(["LOCK_STALL"]);
  expect(silent).toEqual([{ tile: { col: 0, row: 2 }, module: "memory" }]);
});

/** Events that fill several packets: a pulse of slot 0 every 100 cycles. */
const pulses = Array.from({ length: 60 }, (_, i) => ({ slot: i % 2, start: 100 + 100 * i, end: 101 + 100 * i }));

test.each([
  [
    "a header with a flipped bit",
    8,
    (word: number) => word ^ 0x20,
    /^expected the header .* number of ones is even; 8 /,
  ],
  [
    "a header with two flipped bits",
    8,
    (word: number) => word ^ 0x60,
    /bits are set that headers leave 0; 8 words left/,
  ],
  ["a header of another unit", 8, () => header({ col: 0, row: 3, type: 0, id: 1 }), /no trace unit of the design/],
] as const)("%s loses its packet alone, and is told at its word", (_what, offset, damage, message) => {
  const words = Uint32Array.from(one(pulses).flat());
  const whole = hardwareTrace(words, [core]).trace.slices.length;
  words[offset] = damage(words[offset]!);

  const { trace, problems } = hardwareTrace(words, [core]);

  expect(problems.map((problem) => problem.offset)).toEqual([offset]);
  expect(problems[0]!.message).toMatch(message);
  expect(problems[0]!.message).toContain("read on at word 16");
  expect(trace.slices.length).toBeGreaterThan(10);
  expect(trace.slices.length).toBeLessThan(whole);
});

test("a byte that begins no frame is told at its word, and the frames of other words are kept", () => {
  const words = Uint32Array.from(one(pulses).flat());
  const whole = hardwareTrace(words, [core]).trace.slices.length;
  words[5] = 0xf2f2_f2f2;

  const { trace, problems } = hardwareTrace(words, [core]);

  expect(problems).toEqual([
    { offset: 5, message: expect.stringMatching(/^core \(0,2\): byte 0 of the word, 0xf2, begins no frame; /) },
  ]);
  expect(trace.slices.length).toBe(whole - 2);
});

test("a frame that would cross its word is told, and does not eat the next word", () => {
  const words = Uint32Array.from(one(pulses).flat());
  words[5] = 0xfefe_fe80;

  const { problems } = hardwareTrace(words, [core]);

  expect(problems.map(({ offset }) => offset)).toEqual([5]);
  expect(problems[0]!.message).toContain("a frame of 2 bytes (0x80) begins at byte 3");
});

test("a buffer that ends in a packet gives what is there, and says where it ends", () => {
  const words = Uint32Array.from(one(pulses).flat()).subarray(0, 13);

  const { trace, problems } = hardwareTrace(words, [core]);

  expect(problems.map(({ offset }) => offset)).toEqual([13]);
  expect(problems[0]!.message).toContain("5 of its 8 words are there");
  expect(trace.slices.length).toBeGreaterThan(5);
});

test("a start that is cut off is told", () => {
  const words = Uint32Array.from([header(senderOf(core, 0)), 0xfefefefe, 0xfefefefe, 0xfefefefe, 0xfefefefe, 0, 0, 0]);
  words.set([0xfefefefe, 0xfefefefe, 0xf0000000], 5);

  expect(hardwareTrace(words, [core]).problems).toEqual([
    { offset: 7, message: "core (0,2): a start of 8 bytes is cut off behind the first 4" },
  ]);
});

test("mode event-PC gives slots with their program counters, in order", () => {
  const slots = 0b1000_0001;
  const frame = (0b110001 * 2 ** 26 + slots * 2 ** 18 + 0x1234) >>> 0;
  const words = Uint32Array.from([header(senderOf(core, 0)), 0xf100_0000, 7, frame, 0xfefe_fefe, 0, 0, 0]);

  const { trace, problems } = hardwareTrace(words, [{ ...core, mode: "event-PC" }]);

  expect(problems).toEqual([]);
  expect(trace.slices.map(({ name }) => name)).toEqual(["INSTR_EVENT_0 at 0x1234", "D at 0x1234"]);
});

test.each([
  ["nothing but zeros", new Uint32Array(64), [core], /got 64 words of 0/],
  ["no packets", Uint32Array.from({ length: 8 }, () => 0x1234_5678), [core], /no packet in 8 words; word 0: /],
  ["packets of another row", Uint32Array.from(one().flat()), [{ ...core, tile: { col: 0, row: 3 } }], /no packet in/],
] as const)("refused: %s", (_what, words, of, message) => {
  const step = () => hardwareTrace(words, of);

  expect(step).toThrow(FormatError);
  expect(step).toThrow(message);
});

test("a wrong column shift is said with the units that the design has", () => {
  const step = () => hardwareTrace(Uint32Array.from(one().flat()), [core], 1);

  expect(step).toThrow(/tile \(0,2\), \(-1,2\) of the design: no trace unit/);
});

test("an execution trace is told to be one, and not read as events", () => {
  const { units: found, problems } = hardwareTrace(Uint32Array.from(one().flat()), [{ ...core, mode: "execution" }]);

  expect(found[0]!.events).toEqual([]);
  expect(problems[0]!.message).toContain("in mode execution, which is not read");
});
