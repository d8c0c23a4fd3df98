import { type ArgSpec, bf16ToFloat, describeShape, type Tensor, tensor, UsageError, writeNpy } from "@aiekit/core";
import { targetOf, type UnitsRun } from "@aiekit/host";
import { deviceModel, findKernel, type KernelEntry } from "@aiekit/mlir";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { assignInputs, type InputFile, nameInputs, readInputFiles } from "../kernel-inputs.ts";
import { type KernelOnDevice, type ReadyKernel, withKernel } from "../kernel-on-device.ts";
import type { InputOption } from "../options.ts";
import { modelledLine, type Phase, phaseTable } from "../phases.ts";
import { type LaunchTime, launchTime, launchTimeLines } from "../time/launch-time.ts";
import { expectTimeOptions, type TimeOptions } from "../time/run-time.ts";
import { expectWritable, writeOutput } from "../write-output.ts";

export interface RunOptions extends KernelOnDevice, TimeOptions {
  readonly inputs: readonly InputOption[];
  readonly out: string;
}

/** `aiekit run`: one pass over the input files; outputs are written only when everything went well. */
export const run: Command<RunOptions> = async (context, options) => {
  const entry = findKernel(options.kernel);
  if (!options.out.toLowerCase().endsWith(".npy")) {
    throw new UsageError(`--out ${options.out}: expected a name that ends in .npy`);
  }
  await expectWritable(options.out, context.cwd);
  await expectTimeOptions(options, context.cwd);
  // Files are read before the kernel is built: a wrong one should not cost a build.
  const loadStartMs = performance.now();
  const inputs = await readInputFiles(options.inputs, context.cwd);
  const loadMs = performance.now() - loadStartMs;
  for (const note of inputs.flatMap((input) => input.notes)) context.stderr.write(`note: ${note}\n`);

  return withKernel(
    context,
    { ...onDevice(options), params: fittedParams(entry, inputs, options.params) },
    async (ready) => {
      const args = ready.loaded.manifest.sequences[0]!.args.filter((arg) => arg.direction !== "out");
      const note = (text: string) => context.stderr.write(`note: ${text}\n`);
      const result = await ready.run(assignInputs(options.kernel, args, inputs, note));

      const writeStartMs = performance.now();
      const files = outputFiles(options.out, Object.entries(result.outputs));
      for (const { path, value } of files) await writeOutput(path, context.cwd, writeNpy(forNumpy(value)));
      const phases: readonly Phase[] = [
        { name: "load", wallMs: loadMs },
        { name: "framing", wallMs: result.phases.framingMs },
        { name: "device", wallMs: result.phases.deviceMs },
        { name: "write", wallMs: performance.now() - writeStartMs },
      ];
      const audioSeconds = inputs.find((input) => input.audioSeconds !== undefined)?.audioSeconds;
      const time = await launchTime(context, options, {
        kernel: options.kernel,
        result,
        device: deviceModel(options.npu ?? entry.device),
      });
      const finished = { ready, audioSeconds, result, files, phases, time };
      if (context.json) context.stdout.write(`${JSON.stringify(runRecord(finished))}\n`);
      else print(context, finished);
      return exitCodes.ok;
    },
  );
};

/** The parameters that the arrays decide, for a kernel that is built for them; those that were given win. */
function fittedParams(
  entry: KernelEntry,
  files: readonly InputFile[],
  given: RunOptions["params"],
): RunOptions["params"] {
  if (entry.fit === undefined || entry.inputs === undefined) return given;
  const optional = (entry.optionalInputs ?? []).filter((name) => files.some((file) => file.name === name));
  const named = nameInputs(entry.name, [...entry.inputs, ...optional], files);
  return { ...entry.fit(Object.fromEntries([...named].map(([name, { value }]) => [name, value])), given), ...given };
}

interface OutputFile {
  readonly name: string;
  readonly path: string;
  readonly value: Tensor;
}

function onDevice(options: RunOptions): KernelOnDevice {
  const { kernel, params, device, npu, time } = options;
  return { kernel, params, device, npu, criticalPath: time };
}

interface FinishedRun {
  readonly ready: ReadyKernel;
  readonly audioSeconds: number | undefined;
  readonly result: UnitsRun;
  readonly files: readonly OutputFile[];
  readonly phases: readonly Phase[];
  readonly time: LaunchTime | undefined;
}

/** A single output goes to `out` itself; several go to `out` with their names put before the ending. */
function outputFiles(out: string, outputs: readonly [name: string, value: Tensor][]): readonly OutputFile[] {
  if (outputs.length === 1) return outputs.map(([name, value]) => ({ name, path: out, value }));
  const stem = out.replace(/\.npy$/i, "");
  return outputs.map(([name, value]) => ({ name, path: `${stem}.${name}.npy`, value }));
}

/** numpy has no bfloat16: its values are written as float32, which holds them exactly. */
function forNumpy(value: Tensor): Tensor {
  if (value.dtype !== "bf16") return value;
  return tensor("f32", value.shape, Float32Array.from(value.data as Uint16Array, bf16ToFloat));
}

function runRecord({ ready, audioSeconds, result, files, phases, time }: FinishedRun): unknown {
  return {
    kernel: ready.loaded.manifest.kernel,
    device: ready.device.name,
    simulated: targetOf(ready.device) === "sim",
    units: result.units,
    launches: result.launches.map(({ sequence, units }) => ({ sequence, units })),
    audioSeconds: audioSeconds ?? null,
    setUpMs: ready.setUpMs,
    wallMs: Object.fromEntries(phases.map(({ name, wallMs }) => [name, wallMs])),
    modelled: result.modelled ?? null,
    ...(time && { time }),
    warnings: result.warnings,
    outputs: files.map(({ name, path, value }) => ({ name, path, dtype: value.dtype, shape: value.shape })),
  };
}

function print({ stdout }: CommandContext, { ready, audioSeconds, result, files, phases, time }: FinishedRun): void {
  const { manifest } = ready.loaded;
  stdout.write(
    `${manifest.kernel} on ${ready.device.name}: ${result.units} ${result.units === 1 ? "unit" : "units"} in ${launchSummary(result)}\n`,
  );
  for (const { name, path, value } of files) {
    const meaning = meaningOf(manifest.sequences[0]!.args, name);
    stdout.write(`${name}: ${describeShape(value.dtype, value.shape)}${meaning} -> ${path}\n`);
  }
  stdout.write(`${phaseTable(phases, audioSeconds)}\n`);
  const modelled = modelledLine(result.modelled, audioSeconds);
  if (modelled !== undefined) stdout.write(`${modelled}\n`);
  if (time !== undefined) stdout.write(`${launchTimeLines(time).join("\n")}\n`);
}

/** `1024 + 4 x 16` as names of sequences: `frames_1024, 4 x frames_16`. */
function launchSummary({ launches }: UnitsRun): string {
  const counts = new Map<string, number>();
  for (const { sequence } of launches) counts.set(sequence, (counts.get(sequence) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} x ${name}`)).join(", ");
}

function meaningOf(args: readonly ArgSpec[], name: string): string {
  const meaning = args.find((arg) => arg.name === name)?.meaning;
  return meaning === undefined ? "" : `, ${meaning}`;
}
