import { AbortedError } from "@aiekit/core";
import type { UnitsRun } from "@aiekit/host";
import type { CommandContext } from "../command-context.ts";
import { type OpenKernel, withOpenKernel } from "../kernel-on-device.ts";
import { compareRuns } from "../mirrored-kernel.ts";
import { summarize } from "../statistics.ts";
import type { Probe, ProbeEvidence } from "./probe.ts";

export interface ProbeRequest {
  readonly device: "xrt" | "sim";
  /** Generation of the device, which the simulator stands for too. */
  readonly npu: string;
}

/** Runs a probe on the device and once in the simulator. One that fails is evidence too; only a stop is thrown. */
export async function runProbe(context: CommandContext, probe: Probe, request: ProbeRequest): Promise<ProbeEvidence> {
  const { part, name, kernel, params, timedRuns, figure } = probe;
  const about = { part, name, kernel, params };
  const task = context.progress.start(`evidence ${name}`);
  const on = (device: "xrt" | "sim") => ({ kernel, params, device, npu: request.npu });
  try {
    const inputs = probe.inputs();
    const run = (open: OpenKernel): Promise<UnitsRun> => open.runWith(params, inputs);
    return await withOpenKernel(context, on(request.device), (open) =>
      withOpenKernel(context, on("sim"), async (simulator) => {
        const { values, differing } = compareRuns(await run(open), await run(simulator));
        const wallMs: number[] = [];
        for (let i = 0; i < timedRuns; i++) {
          const { launches } = await run(open);
          wallMs.push(launches.reduce((all, launch) => all + launch.run.wallMs, 0));
          task.update({ doneCount: i + 1, totalCount: timedRuns });
        }
        const launchMs = wallMs.length === 0 ? null : summarize(wallMs);
        const means = launchMs === null ? undefined : figure?.(launchMs.median);
        return { ...about, values, differing, launchMs, figure: means ?? null, error: null };
      }),
    );
  } catch (error) {
    if (error instanceof AbortedError || context.signal.aborted) throw error;
    const why = (error as Error).message.split("\n")[0]!;
    return { ...about, values: 0, differing: 0, launchMs: null, figure: null, error: why };
  } finally {
    task.done();
  }
}
