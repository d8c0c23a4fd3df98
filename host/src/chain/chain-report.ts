import { siliconModel } from "@aiekit/sim";
import type { ModelledTime, RunReport } from "../device.ts";
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

/** `seconds` = arraySeconds + launchSeconds + switchSeconds. */
export interface ChainTime {
  readonly cycles: number;
  readonly arraySeconds: number;
  readonly launchSeconds: number;
  /** Of those runs of this pass that found another context in their columns. */
  readonly switchSeconds: number;
  readonly seconds: number;
}

/** What is left of a launch's cost for each of several in a runlist: 24 % less, as published for whisper-xdna on npu1. */
const runlistPart = 0.76;

interface ChainPass {
  readonly plan: ChainPlan;
  /** One a step, in order. */
  readonly runs: readonly RunReport[];
  readonly wallMs: number;
}

export function chainReport({ plan, runs, wallMs }: ChainPass): ChainReport {
  const steps = plan.steps.map(({ step, bytesToArray, bytesFromArray }, i): StepReport => {
    const run = runs[i]!;
    const { name, kernel, sequence } = step;
    return { name, kernel, sequence, bytesToArray, bytesFromArray, wallMs: run.wallMs, modelled: run.modelled ?? null };
  });
  const sum = (of: (step: StepReport) => number) => steps.reduce((total, step) => total + of(step), 0);
  const isModelled = steps.every(({ modelled }) => modelled !== null);
  const launchSeconds = plan.runlists.reduce(
    (total, list) =>
      total + list.steps.length * (list.steps.length === 1 ? 1 : runlistPart) * siliconModel.launchSeconds,
    0,
  );
  const switchSeconds = sum(({ modelled }) => modelled?.switchSeconds ?? 0);
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
            switchSeconds,
            seconds: arraySeconds + launchSeconds + switchSeconds,
          }
        : null,
    },
    warnings: [...new Set(runs.flatMap(({ warnings }) => warnings))],
  };
}
