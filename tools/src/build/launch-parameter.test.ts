import { expect, test } from "vitest";
import { launchParameter } from "./launch-parameter.ts";

const parameter = {
  name: "keys",
  argument: "kv",
  min: 5,
  max: 96,
  step: 32,
  samples: [
    { value: 95, sequence: "at_95" },
    { value: 64, sequence: "at_64" },
    { value: 5, sequence: "at_5" },
  ],
};

const streams = (words: (value: number) => readonly number[]) => (sequence: string) => {
  const value = sequence === "whole" ? 96 : Number(sequence.slice(3));
  return new Uint8Array(Uint32Array.from(words(value)).buffer);
};

test("words that follow the value, and whole steps of it, are found; the others are left alone", () => {
  const found = launchParameter(
    parameter,
    "whole",
    streams((n) => [7, n, 2048 * Math.ceil(n / 32), -n, 3 * n + 1, 9]),
  );

  expect(found).toEqual({
    name: "keys",
    argument: "kv",
    min: 5,
    max: 96,
    words: [
      { index: 1, step: 1, factor: 1, constant: 0 },
      { index: 2, step: 32, factor: 2048, constant: 0 },
      { index: 3, step: 1, factor: -1, constant: 2 ** 32 },
      { index: 4, step: 1, factor: 3, constant: 1 },
    ],
  });
});

test("a word that follows something else is refused with its values", () => {
  expect(() =>
    launchParameter(
      parameter,
      "whole",
      streams((n) => [1, n * n]),
    ),
  ).toThrow("sequence whole: parameter keys: word 1 follows neither the value nor ceil(value / 32): 9216 for 96");
});

test("streams of different lengths are refused", () => {
  expect(() =>
    launchParameter(
      parameter,
      "whole",
      streams((n) => (n < 10 ? [1] : [1, 2])),
    ),
  ).toThrow("expected streams of one length, got 2 words for 96 and 1 for 5");
});

test("streams that are views into a larger memory, as files are read, give the same words", () => {
  const plain = streams((n) => [n, 1]);
  const inPool = (sequence: string) => Buffer.concat([Buffer.of(1, 2, 3), plain(sequence)]).subarray(3);

  expect(launchParameter(parameter, "whole", inPool)).toEqual(launchParameter(parameter, "whole", plain));
});
