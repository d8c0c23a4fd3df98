import { type Manifest, type SequenceSpec, type Tensor, tensor, UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import type { LaunchResult } from "./load-kernel.ts";
import { runOverUnits } from "./run-over-units.ts";

const file = { path: "insts.bin", bytes: 0, sha256: "0".repeat(64) };

/** Sums of overlapping windows: units of 4 elements every 2, one i32 sum each. */
function windowSum(units: number): SequenceSpec {
  const length = (units - 1) * 2 + 4;
  return {
    name: `units_${units}`,
    insts: file,
    units,
    args: [
      {
        name: "x",
        direction: "in",
        dtype: "i32",
        shape: [length],
        bytes: length * 4,
        units: { axis: 0, hop: 2, window: 4 },
      },
      {
        name: "sum",
        direction: "out",
        dtype: "i32",
        shape: [units],
        bytes: units * 4,
        units: { axis: 0, hop: 1, window: 1 },
      },
    ],
  };
}

function manifestOf(sequences: readonly SequenceSpec[]): Manifest {
  return {
    format: "aiekit-manifest",
    version: 1,
    kernel: "window_sum",
    about: "",
    target: "sim",
    device: "npu1_1col",
    params: {},
    design: file,
    xclbin: file,
    xclbinKernel: "MLIR_AIE",
    sequences,
    inputs: [],
    tools: [],
  };
}

/** A kernel that computes on the host what the device would, launch by launch. */
function fakeKernel(
  sequences: readonly SequenceSpec[],
  compute: (inputs: Record<string, Tensor>) => Record<string, Tensor>,
) {
  const launched: { name: string; inputs: Readonly<Record<string, Tensor>> }[] = [];
  const launch = async (name: string, inputs: Readonly<Record<string, Tensor>>): Promise<LaunchResult> => {
    launched.push({ name, inputs });
    const modelled = { cycles: 1000, clockHz: 1e9, seconds: 1e-6, launchSeconds: 5e-5, switchSeconds: 1e-3 };
    const run = { wallMs: 1, modelled, warnings: ["slow"] };
    return { outputs: compute(inputs), report: { sequence: name, units: 0, run } };
  };
  return { kernel: { manifest: manifestOf(sequences), launch }, launched };
}

function sums({ x }: Record<string, Tensor>): Record<string, Tensor> {
  const data = x!.data as Int32Array;
  const units = 1 + Math.floor((data.length - 4) / 2);
  const out = Int32Array.from(
    { length: units },
    (_, u) => data[2 * u]! + data[2 * u + 1]! + data[2 * u + 2]! + data[2 * u + 3]!,
  );
  return { sum: tensor("i32", [units], out) };
}

test("overlapping windows over several launches give what one launch over everything would", async () => {
  const { kernel, launched } = fakeKernel([windowSum(2), windowSum(5)], sums);
  const x = tensor(
    "i32",
    [31],
    Int32Array.from({ length: 31 }, (_, i) => i * i),
  );
  const expected = Array.from({ length: 14 }, (_, u) => [0, 1, 2, 3].reduce((s, i) => s + (2 * u + i) ** 2, 0));

  const result = await runOverUnits(kernel, { x });

  expect(launched.map(({ name }) => name)).toEqual(["units_5", "units_5", "units_2", "units_2"]);
  expect(result.outputs.sum).toEqual(tensor("i32", [14], Int32Array.from(expected)));
  expect(result.units).toBe(14);
});

test("the last launch is padded with zeros and its padding is cut off the output", async () => {
  const { kernel, launched } = fakeKernel([windowSum(4)], sums);

  const result = await runOverUnits(kernel, { x: tensor("i32", [6], Int32Array.of(1, 1, 1, 1, 1, 1)) });

  expect([...(launched[0]!.inputs.x!.data as Int32Array)]).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
  expect([...(result.outputs.sum!.data as Int32Array)]).toEqual([4, 4]);
});

test("units along an inner axis are cut from and placed into every row", async () => {
  const sequence: SequenceSpec = {
    name: "columns_2",
    insts: file,
    units: 2,
    args: (["in", "out"] as const).map((direction) => ({
      name: direction === "in" ? "x" : "y",
      direction,
      dtype: "i16" as const,
      shape: [3, 2],
      bytes: 12,
      units: { axis: 1, hop: 1, window: 1 },
    })),
  };
  const { kernel } = fakeKernel([sequence], ({ x }) => ({ y: x! }));
  const x = tensor(
    "i16",
    [3, 5],
    Int16Array.from({ length: 15 }, (_, i) => i),
  );

  expect((await runOverUnits(kernel, { x })).outputs.y).toEqual(x);
});

test("modelled cycles add up over the launches, equal warnings are told once, and phases are the whole", async () => {
  const { kernel } = fakeKernel([windowSum(1)], sums);
  const startMs = performance.now();

  const result = await runOverUnits(kernel, { x: tensor("i32", [8], Int32Array.of(1, 2, 3, 5, 8, 13, 21, 34)) });

  expect(result.modelled).toEqual({
    ...{ cycles: 3000, clockHz: 1e9, seconds: 3e-6 },
    ...{ launchSeconds: expect.closeTo(15e-5, 12), switchSeconds: expect.closeTo(3e-3, 12) },
  });
  expect(result.warnings).toEqual(["slow"]);
  expect(result.phases.deviceMs).toBe(3);
  expect(result.phases.framingMs + result.phases.deviceMs).toBeLessThanOrEqual(performance.now() - startMs);
});

test("an output without a unit axis is refused when it takes more than one launch", async () => {
  const { units: _, ...whole } = windowSum(2).args[1]!;
  const { kernel } = fakeKernel([{ ...windowSum(2), args: [windowSum(2).args[0]!, whole] }], sums);

  await expect(runOverUnits(kernel, { x: tensor("i32", [31]) })).rejects.toThrow(
    "window_sum: output sum has no unit axis, so one launch must cover everything; 14 units need 7 launches",
  );
  expect((await runOverUnits(kernel, { x: tensor("i32", [6]) })).outputs.sum?.shape).toEqual([2]);
});

test("outputs whose units overlap are refused", async () => {
  const sequence = windowSum(2);
  const out = { ...sequence.args[1]!, shape: [3], bytes: 12, units: { axis: 0, hop: 1, window: 2 } };
  const { kernel } = fakeKernel([{ ...sequence, args: [sequence.args[0]!, out] }], sums);

  await expect(runOverUnits(kernel, { x: tensor("i32", [6]) })).rejects.toThrow(UsageError);
});

test("an output of one value everywhere is a warning: a kernel that writes nothing looks like that", async () => {
  const { kernel } = fakeKernel([windowSum(1)], sums);

  const result = await runOverUnits(kernel, { x: tensor("i32", [8]) });

  expect(result.warnings).toContainEqual(expect.stringMatching(/all \d+ elements are 0/));
});

test("of several sequences of fixed shape, the one with the input's shape runs", async () => {
  const fixed = (length: number): SequenceSpec => {
    const { units: _in, ...x } = { ...windowSum(1).args[0]!, shape: [length], bytes: length * 4 };
    const { units: _out, ...sum } = { ...windowSum(1).args[1]!, shape: [(length - 2) / 2], bytes: length * 2 - 4 };
    return { ...windowSum(1), name: `length_${length}`, args: [x, sum] };
  };
  const { kernel, launched } = fakeKernel([fixed(4), fixed(8)], sums);

  const result = await runOverUnits(kernel, { x: tensor("i32", [8], Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8)) });

  expect(launched.map(({ name }) => name)).toEqual(["length_8"]);
  expect(result.outputs.sum).toEqual(tensor("i32", [3], Int32Array.of(10, 18, 26)));
  await expect(runOverUnits(kernel, { x: tensor("i32", [6]) })).rejects.toThrow(/expected i32\[4\], got i32\[6\]/);
});
