import { type SequenceSpec, ShapeError, tensor, UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { countUnits, planLaunches } from "./launch-plan.ts";

const file = { path: "insts.bin", bytes: 0, sha256: "0".repeat(64) };

function melSequence(units: number): SequenceSpec {
  const samples = (units - 1) * 160 + 400;
  return {
    name: `frames_${units}`,
    insts: file,
    units,
    args: [
      {
        name: "pcm",
        direction: "in",
        dtype: "i16",
        shape: [samples],
        bytes: samples * 2,
        units: { axis: 0, hop: 160, window: 400 },
      },
      {
        name: "mel",
        direction: "out",
        dtype: "i16",
        shape: [units, 80],
        bytes: units * 160,
        units: { axis: 0, hop: 1, window: 1 },
      },
    ],
  };
}

const sequences = [melSequence(128), melSequence(16), melSequence(1024)];
const planned = (units: number) =>
  planLaunches(units, sequences).map((launch) => [launch.sequence.units, launch.firstUnit, launch.wantedUnits]);

test("1098 units with sequences of 16, 128 and 1024 take 1024, then 16 four times, then 10 of 16", () => {
  expect(planned(1098)).toEqual([
    [1024, 0, 1024],
    [16, 1024, 16],
    [16, 1040, 16],
    [16, 1056, 16],
    [16, 1072, 16],
    [16, 1088, 10],
  ]);
});

test("one unit takes the smallest sequence", () => {
  expect(planned(1)).toEqual([[16, 0, 1]]);
});

test("every count from 1 to 3000 is covered without gap or overlap and with less padding than the smallest sequence", () => {
  for (let total = 1; total <= 3000; total++) {
    const launches = planLaunches(total, sequences);
    let next = 0;
    for (const launch of launches) {
      expect(launch.firstUnit).toBe(next);
      next += launch.wantedUnits;
    }
    expect(next).toBe(total);
    const padding = launches.reduce((sum, launch) => sum + launch.sequence.units - launch.wantedUnits, 0);
    expect(padding).toBeLessThan(16);
  }
});

test("a manifest whose only sequence has no units is refused instead of looping for ever", () => {
  expect(() => planLaunches(5, [melSequence(0)])).toThrow(UsageError);
});

test("frames of n samples are 1 + floor((n - 400) / 160)", () => {
  const units = (samples: number) => countUnits("mel", sequences[0]!, { pcm: tensor("i16", [samples]) });

  expect([400, 559, 560, 176000].map(units)).toEqual([1, 1, 2, 1098]);
});

test("an input shorter than one window names the axis and both lengths", () => {
  expect(() => countUnits("mel", sequences[0]!, { pcm: tensor("i16", [399]) })).toThrow(
    new ShapeError("mel: input pcm: expected a length of 400 or more along axis 0 (one unit), got 399", {
      hint: "append zeros, or pass more data",
    }),
  );
});

test("a wrong dtype, a wrong rank, a missing and an unknown input are each named", () => {
  const count = (inputs: Parameters<typeof countUnits>[2]) => () => countUnits("mel", sequences[0]!, inputs);

  expect(count({ pcm: tensor("f32", [800]) })).toThrow("mel: input pcm: expected i16[n], got f32[800]");
  expect(count({ pcm: tensor("i16", [2, 400]) })).toThrow("mel: input pcm: expected i16[n], got i16[2, 400]");
  expect(count({ pcm: tensor("f32", [800]) })).toThrow(
    expect.objectContaining({ hint: "convert the array to i16, and see that its values fit" }),
  );
  expect(count({ pcm: tensor("i16", [2, 400]) })).toThrow(
    expect.objectContaining({ hint: "reshape the array to i16[n], any n" }),
  );
  expect(count({ pcm: tensor("i8", [2, 400]) })).toThrow(
    expect.objectContaining({
      hint: "reshape the array to i16[n], any n; convert the array to i16, and see that its values fit",
    }),
  );
  const [pcm] = sequences[0]!.args;
  const rounded = { ...sequences[0]!, args: [{ ...pcm!, dtype: "bf16" as const }] };
  expect(() => countUnits("mel", rounded, { pcm: tensor("u16", [800]) })).toThrow(
    expect.objectContaining({ hint: "convert the array to float32, which aiekit run rounds to bf16" }),
  );
  expect(count({})).toThrow("mel: input pcm is missing: expected i16[n]");
  expect(count({ pcm: tensor("i16", [400]), audio: tensor("i16", [400]) })).toThrow(
    "mel: no input named audio; expected pcm",
  );
});
