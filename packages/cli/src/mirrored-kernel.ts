import { tensorBytes } from "@aiekit/core";
import type { UnitsRun } from "@aiekit/host";
import type { OpenKernel, ReadyKernel } from "./kernel-on-device.ts";

/** One run of a kernel on the device, held against the simulator's on the same inputs. */
export interface MirroredRun {
  /** Values of the outputs. */
  readonly values: number;
  /** Values in which device and simulator differ. */
  readonly differing: number;
  /** Wall time from start to end of the runs, as the host sees it. */
  readonly launchMs: readonly number[];
}

/** A kernel whose every run on the device is made in the simulator too; `onRun` hears how they compare. */
export function mirroredKernel(
  device: OpenKernel,
  simulator: OpenKernel,
  onRun: (run: MirroredRun) => void,
): OpenKernel {
  const mirror = async (run: Promise<UnitsRun>, again: () => Promise<UnitsRun>): Promise<UnitsRun> => {
    const result = await run;
    onRun(compareRuns(result, await again()));
    return result;
  };
  return {
    kernel: device.kernel,
    device: device.device,
    manifestOf: (params) => device.manifestOf(params),
    runWith: (...what) => mirror(device.runWith(...what), () => simulator.runWith(...what)),
    load: async (): Promise<ReadyKernel> => {
      const [ready, again] = [await device.load(), await simulator.load()];
      return { ...ready, run: (...what) => mirror(ready.run(...what), () => again.run(...what)) };
    },
  };
}

/** How the outputs of a run on the device compare with those of the same run in the simulator. */
export function compareRuns(result: UnitsRun, simulated: UnitsRun): MirroredRun {
  let [values, differing] = [0, 0];
  for (const [name, output] of Object.entries(result.outputs)) {
    const expected = tensorBytes(simulated.outputs[name]!);
    const actual = tensorBytes(output);
    const valueBytes = actual.length / output.data.length;
    values += output.data.length;
    for (let at = 0; at < actual.length; at += valueBytes) {
      if (Buffer.compare(actual.subarray(at, at + valueBytes), expected.subarray(at, at + valueBytes)) !== 0)
        differing++;
    }
  }
  return { values, differing, launchMs: result.launches.map(({ run }) => run.wallMs) };
}
