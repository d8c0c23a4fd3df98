import { type ModelledTime, targetOf } from "@aiekit/host";
import { deviceModel, findKernel } from "@aiekit/mlir";
import { Bench } from "tinybench";
import { type BuildTimes, benchBuild } from "../bench-build.ts";
import { type BenchInput, type BenchPass, requireBenchInput } from "../bench-passes.ts";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { type KernelOnDevice, type ReadyKernel, withKernel } from "../kernel-on-device.ts";
import { requireSuite } from "../kernel-suites.ts";
import { describeMachine, type Machine } from "../machine.ts";
import { modelledLine, rtf, sumMs } from "../phases.ts";
import { type Summary, summarize } from "../statistics.ts";
import { formatMs, formatTable } from "../table.ts";
import { type LaunchTime, launchTime, launchTimeLines } from "../time/launch-time.ts";
import { expectTimeOptions, type TimeOptions } from "../time/run-time.ts";
import { benchEncoderLayer, encoderLayerName } from "./bench-encoder-layer.ts";
import { type BenchRtfOptions, benchRtf, rtfName } from "./bench-rtf.ts";

export interface BenchOptions extends KernelOnDevice, TimeOptions {
  readonly seconds: number;
  readonly build: boolean;
  readonly rtf: BenchRtfOptions;
}

/** `aiekit bench`: correctness first; a kernel that fails its suite is not timed (exit code 1). */
export const bench: Command<BenchOptions> = async (context, options) => {
  if (options.kernel === rtfName) return benchRtf(context, options.rtf);
  if (options.kernel === encoderLayerName) return benchEncoderLayer(context, options);
  const inputOf = requireBenchInput(options.kernel);
  const suite = requireSuite(options.kernel);
  await expectTimeOptions(options, context.cwd);
  return withKernel(context, { ...options, criticalPath: options.time }, async (ready) => {
    const { result: checked } = await suite({ open: ready, clips: correctnessClips, signal: context.signal });
    if (!checked.pass) {
      context.stderr.write(`${options.kernel} is wrong, so it is not timed; see: aiekit validate ${options.kernel}\n`);
      return exitCodes.failed;
    }
    const input = inputOf(ready, options.seconds);
    const passes = await timePasses(context, options.kernel, input);
    const builds = options.build ? await benchBuild(context, options) : undefined;
    const device = deviceModel(options.npu ?? findKernel(options.kernel).device);
    const time = await launchTime(context, options, { kernel: options.kernel, result: passes.at(-1)!, device });
    const machine = await describeMachine();
    const record = benchRecord({ ready, input, passes, builds, machine, checkedCases: checked.cases.length, time });
    if (context.json) context.stdout.write(`${JSON.stringify(record, null, 2)}\n`);
    else print(context, record);
    return exitCodes.ok;
  });
};

const correctnessClips = 3;
const warmupPasses = 1;
const leastPasses = 5;
const timeBudgetMs = 2000;

async function timePasses(context: CommandContext, kernel: string, input: BenchInput): Promise<readonly BenchPass[]> {
  const passes: BenchPass[] = [];
  const task = context.progress.start(`bench ${kernel}`);
  const runner = new Bench({
    iterations: leastPasses,
    time: timeBudgetMs,
    warmupIterations: warmupPasses,
    warmupTime: 0,
    signal: context.signal,
    throws: true,
  });
  runner.add(kernel, async () => {
    context.signal.throwIfAborted();
    passes.push(await input.pass());
    task.update(`pass ${passes.length}`);
  });
  try {
    await runner.run();
  } finally {
    task.done();
  }
  context.signal.throwIfAborted();
  const measured = runner.tasks[0]!.runs;
  return passes.slice(-measured);
}

interface PhaseRecord {
  readonly name: string;
  readonly wallMs: Summary;
  /** Median wall time over the length of the sound. */
  readonly rtf: number;
}

interface BenchRecord {
  readonly kernel: string;
  readonly device: string;
  readonly simulated: boolean;
  readonly machine: Machine;
  readonly correctness: { readonly cases: number; readonly pass: true };
  readonly audioSeconds: number;
  readonly units: number;
  readonly warmupPasses: number;
  readonly phases: readonly PhaseRecord[];
  /** Of the sums of each pass: a median of sums, not a sum of medians. */
  readonly whole: PhaseRecord;
  readonly setUpMs: number;
  /** Seconds of sound for a second of the simulator's own time, one thread; null for a device that is no simulator. */
  readonly simulatedTimesRealTime: { readonly device: number; readonly whole: number } | null;
  /** A model's answer for the array, not a time that anything took. */
  readonly modelled: ModelledTime | null;
  readonly builds: BuildTimes | null;
  /** Of the last pass's longest launch, where it was asked for. */
  readonly time?: LaunchTime;
}

interface BenchResults {
  readonly ready: ReadyKernel;
  readonly input: BenchInput;
  readonly passes: readonly BenchPass[];
  readonly builds: BuildTimes | undefined;
  readonly machine: Machine;
  readonly checkedCases: number;
  readonly time: LaunchTime | undefined;
}

function benchRecord({ ready, input, passes, builds, machine, checkedCases, time }: BenchResults): BenchRecord {
  const { audioSeconds } = input;
  const phaseRecord = (name: string, values: readonly number[]): PhaseRecord => {
    const wallMs = summarize(values);
    return { name, wallMs, rtf: rtf(wallMs.median, audioSeconds) };
  };
  const first = passes[0]!;
  const phases = first.phases.map(({ name }, i) =>
    phaseRecord(
      name,
      passes.map((pass) => pass.phases[i]!.wallMs),
    ),
  );
  const sums = passes.map((pass) => sumMs(pass.phases));
  const whole = phaseRecord("whole", sums);
  const simulated = targetOf(ready.device) === "sim";
  const device = phases.find(({ name }) => name === "device")!;
  return {
    kernel: ready.loaded.manifest.kernel,
    device: ready.device.name,
    simulated,
    machine,
    correctness: { cases: checkedCases, pass: true },
    audioSeconds,
    units: first.units,
    warmupPasses,
    phases,
    whole,
    setUpMs: ready.setUpMs,
    simulatedTimesRealTime: simulated ? { device: 1 / device.rtf, whole: 1 / whole.rtf } : null,
    modelled: passes.at(-1)!.modelled ?? null,
    builds: builds ?? null,
    ...(time && { time }),
  };
}

function print({ stdout, colors }: CommandContext, record: BenchRecord): void {
  const line = (text: string) => stdout.write(`${text}\n`);
  const { machine, audioSeconds, phases, whole, builds } = record;
  line(colors.bold(`${record.kernel} on ${record.device}`));
  line(
    `${audioSeconds.toFixed(2)} s of sound, ${record.units} ${record.units === 1 ? "unit" : "units"}; correct on ${record.correctness.cases} cases first`,
  );
  line(`${machine.cpu}, node ${machine.node}, commit ${machine.commit ?? "none"}`);
  line("");
  const what = record.simulated ? "wall time of the simulator, not of an NPU" : "wall time";
  line(`${what}; ${record.warmupPasses} pass to warm up, then n = ${whole.wallMs.n}:`);
  const columns = [
    { title: "phase" },
    { title: "median", align: "right" },
    { title: "p95", align: "right" },
    { title: "RTF", align: "right" },
  ] as const;
  const rows = [...phases, whole].map(({ name, wallMs, rtf: value }) => [
    name,
    formatMs(wallMs.median),
    formatMs(wallMs.p95),
    value.toFixed(5),
  ]);
  line(formatTable(columns, rows));
  line(`once, not in the table: kernel loaded in ${formatMs(record.setUpMs)}`);
  if (record.simulatedTimesRealTime !== null) {
    const { simulatedTimesRealTime: times } = record;
    line(
      `simulated on one core: ${times.device.toFixed(0)} x real time in the device phase, ${times.whole.toFixed(0)} x as a whole`,
    );
  }
  const modelled = modelledLine(record.modelled ?? undefined, audioSeconds);
  if (modelled !== undefined) line(modelled);
  if (record.time !== undefined) line(launchTimeLines(record.time).join("\n"));
  if (builds === null) return;
  const { coldMs, editMs, noChangeMs } = builds;
  line(`builds: cold ${formatMs(coldMs)}, after an edit ${formatMs(editMs)}, no change ${formatMs(noChangeMs)}`);
}
