import type { ModelledTime, NpuGeneration, RunReport } from "../device.ts";
import type { ChainPlan } from "./chain-plan.ts";

/** What one pass over a chain did, launch by launch; plain data. */
export interface ChainReport {
  readonly steps: readonly StepReport[];
  readonly runlists: readonly { readonly kernel: string; readonly steps: readonly string[] }[];
  readonly totals: ChainTotals;
  readonly warnings: readonly string[];
}

export interface StepReport {
  readonly name: string;
  readonly kernel: string;
  readonly sequence: string;
  readonly bytesToArray: number;
  readonly bytesFromArray: number;
  /** On the simulator its own speed, not that of an NPU. */
  readonly wallMs: number;
  readonly modelled: ModelledTime | null;
}

export interface ChainTotals {
  readonly launches: number;
  readonly runlists: number;
  readonly contexts: number;
  readonly contextSwitches: number;
  readonly bytesToArray: number;
  readonly bytesFromArray: number;
  /** Of all arrays in device buffers. */
  readonly arrayBytes: number;
  readonly wallMs: number;
  /** A model's answer, null on a device that measures instead. */
  readonly modelled: ChainTime | null;
}

/** `seconds` = arraySeconds + launchSeconds. What a switch of contexts costs is not known and not in it. */
export interface ChainTime {
  readonly cycles: number;
  readonly arraySeconds: number;
  readonly launchSeconds: number;
  readonly seconds: number;
}

/**
 * From submitting a run to its end, besides the array's work; not measured here. npu1: 0.267 ms for a single run and 24 % less
 * for each of a runlist, as published for whisper-xdna on a Phoenix; npu2: no figure was found, taken as npu1's.
 */
export const launchOverheadSeconds: Readonly<
  Record<NpuGeneration, { readonly single: number; readonly inRunlist: number }>
> = {
  npu1: { single: 0.267e-3, inRunlist: 0.76 * 0.267e-3 },
  npu2: { single: 0.267e-3, inRunlist: 0.76 * 0.267e-3 },
};

export interface ChainPass {
  readonly plan: ChainPlan;
  readonly generation: NpuGeneration;
  /** One a step, in order. */
  readonly runs: readonly RunReport[];
  readonly wallMs: number;
}

export function chainReport({ plan, generation, runs, wallMs }: ChainPass): ChainReport {
  const steps = plan.steps.map(({ step, bytesToArray, bytesFromArray }, i): StepReport => {
    const run = runs[i]!;
    const { name, kernel, sequence } = step;
    return { name, kernel, sequence, bytesToArray, bytesFromArray, wallMs: run.wallMs, modelled: run.modelled ?? null };
  });
  const sum = (of: (step: StepReport) => number) => steps.reduce((total, step) => total + of(step), 0);
  const isModelled = steps.every(({ modelled }) => modelled !== null);
  const overhead = launchOverheadSeconds[generation];
  const launchSeconds = plan.runlists.reduce(
    (total, list) => total + (list.steps.length === 1 ? overhead.single : list.steps.length * overhead.inRunlist),
    0,
  );
  const arraySeconds = sum(({ modelled }) => modelled?.seconds ?? 0);
  return {
    steps,
    runlists: plan.runlists,
    totals: {
      launches: steps.length,
      runlists: plan.runlists.length,
      contexts: plan.contexts.length,
      contextSwitches: plan.contextSwitches,
      bytesToArray: sum(({ bytesToArray }) => bytesToArray),
      bytesFromArray: sum(({ bytesFromArray }) => bytesFromArray),
      arrayBytes: plan.arrays.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
      wallMs,
      modelled: isModelled
        ? {
            cycles: sum(({ modelled }) => modelled?.cycles ?? 0),
            arraySeconds,
            launchSeconds,
            seconds: arraySeconds + launchSeconds,
          }
        : null,
    },
    warnings: [...new Set(runs.flatMap(({ warnings }) => warnings))],
  };
}
