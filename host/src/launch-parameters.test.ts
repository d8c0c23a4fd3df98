import { type LaunchParameter, type SequenceSpec, tensor } from "@aiekit/core";
import { expect, test } from "vitest";
import { completeInputs, instsFor } from "./launch-parameters.ts";

const keys: LaunchParameter = {
  name: "keys",
  argument: "kv",
  min: 2,
  max: 64,
  words: [
    { index: 1, step: 1, factor: 1, constant: 0 },
    { index: 2, step: 32, factor: 100, constant: 5 },
    { index: 3, step: 1, factor: -1, constant: 2 ** 32 },
  ],
};
const arg = { name: "kv", direction: "in", dtype: "i16", shape: [64, 2], bytes: 256 } as const;
const sequence: SequenceSpec = {
  name: "cache",
  insts: { path: "cache.bin", bytes: 16, sha256: "" },
  units: 1,
  args: [arg],
  parameters: [keys],
};
const insts = new Uint8Array(Uint32Array.of(7, 64, 205, 2 ** 32 - 64).buffer);
const words = (bytes: Uint8Array) => [...new Uint32Array(bytes.slice().buffer)];

test("the stream of 33 of 64 keys: the value, two blocks of 32, the value's negative; the stream that was given is as it was", () => {
  const before = insts.slice();

  expect(words(instsFor(sequence, insts, { keys: 33 }))).toEqual([7, 33, 205, 2 ** 32 - 33]);
  expect(words(instsFor(sequence, insts, { keys: 32 }))).toEqual([7, 32, 105, 2 ** 32 - 32]);
  expect(insts).toEqual(before);
});

test("without a value, or with the largest, the stream is the build's own", () => {
  expect(instsFor(sequence, insts, {})).toBe(insts);
  expect(instsFor(sequence, insts, { keys: 64 })).toBe(insts);
});

test("values out of range and unknown names are refused", () => {
  expect(() => instsFor(sequence, insts, { keys: 65 })).toThrow(
    "cache: keys: expected a whole number from 2 to 64, got 65",
  );
  expect(() => instsFor(sequence, insts, { keys: 1 })).toThrow("got 1");
  expect(() => instsFor(sequence, insts, { keys: 2.5 })).toThrow("got 2.5");
  expect(() => instsFor(sequence, insts, { rows: 3 })).toThrow("cache: there is no launch parameter rows");
});

test("an input of 3 rows says keys = 3 and is filled with zeros; an explicit value wins", () => {
  const kv = tensor("i16", [3, 2], Int16Array.of(1, 2, 3, 4, 5, 6));

  const { inputs, parameters } = completeInputs(sequence, { kv });

  expect(parameters).toEqual({ keys: 3 });
  expect(inputs.kv?.shape).toEqual([64, 2]);
  expect([...(inputs.kv!.data as Int16Array)].slice(0, 8)).toEqual([1, 2, 3, 4, 5, 6, 0, 0]);
  expect(completeInputs(sequence, { kv }, { keys: 2 }).parameters).toEqual({ keys: 2 });
});

test("an input of another width, of too few rows, or of all rows is left as it is", () => {
  for (const shape of [
    [3, 4],
    [1, 2],
    [64, 2],
    [65, 2],
  ] as const) {
    const kv = tensor("i16", shape);

    expect(completeInputs(sequence, { kv })).toEqual({ inputs: { kv }, parameters: {} });
  }
});
