import { type SequenceSpec, type Tensor, tensor, tensorBytes, UsageError } from "@aiekit/core";
import { axisLayout, copyRows } from "./axis-layout.ts";
import { constantOutputWarning } from "./constant-output.ts";
import type { ModelledTime } from "./device.ts";
import { completeInputs } from "./launch-parameters.ts";
import { countUnits, type Launch, planLaunches, sequencesOfShape } from "./launch-plan.ts";
import type { LaunchReport, LoadedKernel } from "./load-kernel.ts";

export interface RunOverUnitsOptions {
  /** Limit for each launch, wall time. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Look for output that was never written; on unless set to false. */
  readonly guard?: boolean | undefined;
  /** Launch this sequence; where it is left out, all whose arguments have the inputs' shapes. */
  readonly sequence?: string | undefined;
  readonly onProgress?: ((doneUnits: number, totalUnits: number) => void) | undefined;
}

export interface UnitsRun {
  /** One tensor for each `out` and `inout` argument, without padding. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly units: number;
  readonly launches: readonly LaunchReport[];
  /** Wall time by phase, summed over the launches; the sum of the phases is the whole. */
  readonly phases: UnitsPhases;
  /** Sum over the launches; undefined on a device that measures instead of modelling. */
  readonly modelled: ModelledTime | undefined;
  readonly warnings: readonly string[];
}

export interface UnitsPhases {
  /** Cutting the inputs into launches, padding, copying into BOs and back out of them. */
  readonly framingMs: number;
  /** From start to end of the runs. */
  readonly deviceMs: number;
}

/**
 * Runs a kernel over as many units (frames, rows) as the inputs hold, with as few launches and as little padding as
 * its sequences allow. Padding is zeros and is cut off the outputs.
 * @throws ShapeError or UsageError for inputs that do not fit; DeviceError for a run that failed or left output unwritten.
 */
export async function runOverUnits(
  kernel: Pick<LoadedKernel, "manifest" | "launch">,
  given: Readonly<Record<string, Tensor>>,
  options: RunOverUnitsOptions = {},
): Promise<UnitsRun> {
  const startMs = performance.now();
  const { manifest } = kernel;
  const sequences = sequencesOfShape(candidates(manifest, options.sequence), given);
  const template = sequences[0]!;
  const { inputs, parameters } = completeInputs(template, given);
  const hasParameters = Object.keys(parameters).length > 0;
  const units = countUnits(manifest.kernel, template, inputs);
  const launches = planLaunches(units, sequences);
  const outputs = wholeOutputs(manifest.kernel, template, { units, launches: launches.length });

  const reports: LaunchReport[] = [];
  for (const launch of launches) {
    const result = await kernel.launch(launch.sequence.name, cutInputs(launch, inputs), {
      ...options,
      ...(hasParameters && { parameters }),
    });
    placeOutputs(launch, result.outputs, outputs);
    reports.push(result.report);
    options.onProgress?.(launch.firstUnit + launch.wantedUnits, units);
  }

  const constant = Object.entries(outputs).flatMap(([name, output]) => constantOutputWarning(name, output) ?? []);
  const deviceMs = reports.reduce((sum, report) => sum + report.run.wallMs, 0);
  return {
    outputs,
    units,
    launches: reports,
    phases: { framingMs: performance.now() - startMs - deviceMs, deviceMs },
    modelled: sumModelled(reports),
    warnings: [...new Set([...reports.flatMap((report) => report.run.warnings), ...constant])],
  };
}

function candidates(
  { kernel, sequences }: LoadedKernel["manifest"],
  name: string | undefined,
): readonly SequenceSpec[] {
  if (name === undefined) return sequences;
  const found = sequences.filter((sequence) => sequence.name === name);
  if (found.length > 0) return found;
  throw new UsageError(`${kernel}: no sequence named ${name}: expected ${sequences.map((s) => s.name).join(", ")}`);
}

function wholeOutputs(
  kernel: string,
  template: SequenceSpec,
  { units, launches }: { readonly units: number; readonly launches: number },
): Record<string, Tensor> {
  const outputs: Record<string, Tensor> = {};
  for (const arg of template.args) {
    if (arg.direction === "in") continue;
    if (arg.units === undefined) {
      if (launches > 1) {
        throw new UsageError(
          `${kernel}: output ${arg.name} has no unit axis, so one launch must cover everything; ` +
            `${units} units need ${launches} launches`,
        );
      }
      outputs[arg.name] = tensor(arg.dtype, arg.shape);
      continue;
    }
    const { axis, hop, window } = arg.units;
    if (hop !== window) {
      throw new UsageError(`${kernel}: output ${arg.name}: units overlap (hop ${hop}, window ${window})`);
    }
    const shape = arg.shape.map((size, i) => (i === axis ? units * window : size));
    outputs[arg.name] = tensor(arg.dtype, shape);
  }
  return outputs;
}

/** The inputs of one launch: the rows of its units, zeros behind the last one. */
function cutInputs(launch: Launch, inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const cut: Record<string, Tensor> = {};
  for (const arg of launch.sequence.args) {
    const whole = inputs[arg.name];
    if (arg.direction === "out" || whole === undefined) continue;
    if (arg.units === undefined) {
      cut[arg.name] = whole;
      continue;
    }
    const { axis, hop, window } = arg.units;
    const part = tensor(arg.dtype, arg.shape);
    copyRows({
      from: tensorBytes(whole),
      fromLayout: axisLayout(whole, axis),
      fromRow: launch.firstUnit * hop,
      to: tensorBytes(part),
      toLayout: axisLayout(part, axis),
      toRow: 0,
      rows: (launch.wantedUnits - 1) * hop + window,
    });
    cut[arg.name] = part;
  }
  return cut;
}

function placeOutputs(launch: Launch, parts: Readonly<Record<string, Tensor>>, outputs: Record<string, Tensor>): void {
  for (const arg of launch.sequence.args) {
    const [part, whole] = [parts[arg.name], outputs[arg.name]];
    if (part === undefined || whole === undefined) continue;
    if (arg.units === undefined) {
      outputs[arg.name] = part;
      continue;
    }
    const { axis, window } = arg.units;
    copyRows({
      from: tensorBytes(part),
      fromLayout: axisLayout(part, axis),
      fromRow: 0,
      to: tensorBytes(whole),
      toLayout: axisLayout(whole, axis),
      toRow: launch.firstUnit * window,
      rows: launch.wantedUnits * window,
    });
  }
}

function sumModelled(reports: readonly LaunchReport[]): ModelledTime | undefined {
  let sum: ModelledTime | undefined;
  for (const { run } of reports) {
    if (run.modelled === undefined) return undefined;
    const cycles = (sum?.cycles ?? 0) + run.modelled.cycles;
    const { clockHz } = run.modelled;
    sum = {
      ...{ cycles, clockHz, seconds: cycles / clockHz },
      launchSeconds: (sum?.launchSeconds ?? 0) + run.modelled.launchSeconds,
      switchSeconds: (sum?.switchSeconds ?? 0) + run.modelled.switchSeconds,
    };
  }
  return sum;
}
