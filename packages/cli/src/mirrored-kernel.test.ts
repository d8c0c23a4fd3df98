import { tensor } from "@aiekit/core";
import type { UnitsRun } from "@aiekit/host";
import { expect, test } from "vitest";
import type { OpenKernel } from "./kernel-on-device.ts";
import { type MirroredRun, mirroredKernel } from "./mirrored-kernel.ts";

/** A kernel that gives these values whatever it is given. */
function kernelGiving(values: readonly number[]): OpenKernel {
  const outputs = { out: tensor("i16", [values.length], Int16Array.from(values)) };
  const runWith = async () => ({ outputs, launches: [] }) as unknown as UnitsRun;
  return { kernel: "k", runWith } as unknown as OpenKernel;
}

test("values that differ from the simulator's are counted, and the device's result is what is handed on", async () => {
  const runs: MirroredRun[] = [];
  const mirrored = mirroredKernel(kernelGiving([1, 2, 3, 4]), kernelGiving([1, 2, -3, 260]), (run) => runs.push(run));

  const { outputs } = await mirrored.runWith({}, {});

  expect(runs).toEqual([{ values: 4, differing: 2, launchMs: [] }]);
  expect([...outputs.out!.data]).toEqual([1, 2, 3, 4]);
});
