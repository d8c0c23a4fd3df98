import { expect, test } from "vitest";
import { mirrored } from "./host-mirror.ts";
import type { CopyStep, TapeStep } from "./launch-tape.ts";
import { playCopy } from "./play-step.ts";

const hostWords = 4096;
const tile = new Uint32Array(2048);
const rows = Int32Array.from({ length: 16 }, (_, r) => 100 * r);
const dense = (words: number): Int32Array => Int32Array.from({ length: 16 }, (_, r) => words * r);

/** A tile of 16 rows, `runWords` words each, from host argument `arg` at `a` to `b`. */
function read(arg: number, a: number, b: number, runWords = 16): CopyStep {
  const count = 16 * runWords;
  const step = { a, as: rows, to: tile, b, bs: dense(runWords), runWords, count, from: new Uint32Array(0) };
  return {
    kind: "copy",
    ...step,
    fromArg: arg,
    toArg: -1,
    shuffle: undefined,
    mirrorAt: -1,
    view: undefined,
    arrives: true,
    isStaged: false,
  };
}

const write = (arg: number): CopyStep => ({ ...read(arg, 0, 0), fromArg: -1, toArg: arg, from: tile });
const hostOf = (factor: number) =>
  [0, 1].map((arg) => {
    const words = Uint32Array.from({ length: hostWords }, (_, i) => factor * (i + 10_000 * arg + 1));
    return { words, bytes: 4 * hostWords };
  });
const hostBytes = [0, 1].map(() => 4 * hostWords);
/** Enough of argument `arg` for a mirror of it. */
const many = (arg: number): CopyStep[] => Array.from({ length: 16 }, (_, i) => read(arg, 7 * i + 3, 5));

test("tiles that come through the mirror are those of the rows, of every launch's own memory", () => {
  const steps: readonly TapeStep[] = [...many(0), ...many(1), read(1, 11, 64, 8), read(1, 13, 3, 6), read(0, 2, 9, 3)];
  const { steps: through, mirror } = mirrored(steps, hostBytes, 2 ** 20);
  expect(mirror?.bytes).toBe(8 * hostWords);

  for (const factor of [1, 77]) {
    const host = hostOf(factor);
    mirror!.fill(host);
    for (const [i, step] of steps.entries()) {
      tile.fill(9);
      playCopy(step as CopyStep, host);
      const expected = tile.slice();
      tile.fill(9);
      expect((through[i] as CopyStep).mirrorAt).toBeGreaterThanOrEqual(0);
      // Other memory: nothing may be read there.
      playCopy(through[i] as CopyStep, hostOf(0));

      expect(tile, `step ${i}`).toEqual(expected);
    }
  }
});

test("memory that a launch writes, that it reads little of, and that has no room is not mirrored", () => {
  const untouched = (steps: readonly TapeStep[], mostBytes = 2 ** 20) => {
    const { steps: through, mirror } = mirrored(steps, hostBytes, mostBytes);
    expect(through).toEqual(steps);
    return mirror;
  };

  expect(untouched([...many(0), write(0)])).toBeUndefined();
  expect(untouched([read(0, 0, 0)])).toBeUndefined();
  expect(untouched(many(0), 4 * hostWords - 4)).toBeUndefined();
});
