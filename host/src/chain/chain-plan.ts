import {
  BudgetError,
  dtypeBytes,
  elementCount,
  type Manifest,
  type SequenceSpec,
  ShapeError,
  UsageError,
} from "@aiekit/core";
import { decodeTxn, hostTraffic } from "@aiekit/xclbin";
import type { NpuGeneration } from "../device.ts";
import { type ArrayLayout, layoutOf, layoutProblem } from "../device-tensor.ts";
import type { ParameterValues } from "../launch-parameters.ts";
import { deviceLimits } from "../limits.ts";

/** One launch of a chain: a sequence of a kernel, and which array each of its arguments is. */
export interface ChainStep {
  /** For people, once in a chain: `fc1`. */
  readonly name: string;
  /** Key in the chain's kernels: one build, one hardware context. */
  readonly kernel: string;
  readonly sequence: string;
  /** Names of arrays by the names of the sequence's arguments. Arrays of the same name are the same memory. */
  readonly args: Readonly<Record<string, string>>;
  /** Values of the sequence's launch parameters; those left out have their largest. */
  readonly parameters?: ParameterValues;
}

/** What a plan needs of a kernel: a LoadedKernel, or what a build left on disk. */
export interface ChainKernel {
  readonly manifest: Manifest;
  /** Instruction stream of a sequence, for these values of its launch parameters. */
  insts(sequence: string, parameters?: ParameterValues): Uint8Array;
}

export interface ChainPlanRequest {
  readonly steps: readonly ChainStep[];
  readonly kernels: ReadonlyMap<string, ChainKernel>;
  readonly generation: NpuGeneration;
}

/** How a chain runs. A runlist belongs to one hardware context, so neighbours of the same kernel share one, and no others. */
export interface ChainPlan {
  readonly steps: readonly PlannedStep[];
  readonly runlists: readonly PlannedRunlist[];
  readonly arrays: readonly PlannedArray[];
  /** Kernels in the order of their first step; each is a hardware context. */
  readonly contexts: readonly string[];
  /** Times that the array passes from one context to another in one pass over the chain, the way back to the first included. */
  readonly contextSwitches: number;
}

export interface PlannedStep {
  readonly step: ChainStep;
  readonly sequence: SequenceSpec;
  /** Moved between host memory and the array, reads that the design repeats included. */
  readonly bytesToArray: number;
  readonly bytesFromArray: number;
}

export interface PlannedRunlist {
  readonly kernel: string;
  readonly steps: readonly string[];
}

export interface PlannedArray extends ArrayLayout {
  readonly name: string;
  readonly sizeBytes: number;
  /** True: no step writes it before one reads it, so the caller does. */
  readonly isInput: boolean;
  /** The first argument that it is. */
  readonly firstUse: { readonly kernel: string; readonly sequence: string; readonly arg: string };
}

/**
 * Plans a chain: buffers large enough for all that use them, runlists, contexts, traffic.
 * @throws UsageError for names that do not exist or contradict each other, ShapeError for an array that two steps see with
 * different types, shapes or row pitches, BudgetError for more kernels than the device has contexts.
 */
export function planChain({ steps, kernels, generation }: ChainPlanRequest): ChainPlan {
  if (steps.length === 0) throw new UsageError("chain: expected at least one step");
  const repeated = steps.find(({ name }, i) => steps.findIndex((other) => other.name === name) !== i);
  if (repeated !== undefined) throw new UsageError(`chain: two steps are called ${repeated.name}`);
  const planned = steps.map((step) => planStep(step, kernels));
  const contexts = [...new Set(steps.map(({ kernel }) => kernel))];
  const limit = deviceLimits[generation].contexts;
  if (contexts.length > limit) {
    throw new BudgetError(
      `chain: ${contexts.length} kernels need as many hardware contexts, ${generation} has ${limit}: ${contexts.join(", ")}`,
      {
        hint: "one build can have a sequence for each of several shapes and takes one context; or run the chain in parts",
      },
    );
  }
  const runlists = planRunlists(steps);
  return {
    steps: planned,
    runlists,
    arrays: planArrays(planned),
    contexts,
    contextSwitches:
      contexts.length === 1 ? 0 : runlists.length - (runlists[0]?.kernel === runlists.at(-1)?.kernel ? 1 : 0),
  };
}

function planStep(step: ChainStep, kernels: ChainPlanRequest["kernels"]): PlannedStep {
  const kernel = kernels.get(step.kernel);
  if (kernel === undefined) {
    throw new UsageError(
      `chain: step ${step.name}: there is no kernel ${step.kernel}: expected ${[...kernels.keys()].join(", ")}`,
    );
  }
  const { sequences } = kernel.manifest;
  const sequence = sequences.find(({ name }) => name === step.sequence);
  if (sequence === undefined) {
    const names = sequences.map(({ name }) => name).join(", ");
    throw new UsageError(
      `chain: step ${step.name}: ${step.kernel} has no sequence ${step.sequence}: expected ${names}`,
    );
  }
  const names = sequence.args.map((arg) => arg.name);
  const wrong = [
    ...names.filter((name) => step.args[name] === undefined),
    ...Object.keys(step.args).filter((name) => !names.includes(name)),
  ];
  if (wrong.length > 0) {
    throw new UsageError(
      `chain: step ${step.name}: expected the arguments ${names.join(", ")}, got ${Object.keys(step.args).join(", ")}`,
    );
  }
  for (const arg of sequence.args) {
    const array = step.args[arg.name];
    const other = sequence.args.find((one) => one !== arg && step.args[one.name] === array);
    if (arg.direction !== "in" && other !== undefined) {
      throw new UsageError(
        `chain: step ${step.name}: ${arg.name} and ${other.name} are both ${array}, and ${arg.name} is written`,
        {
          hint: "transfers of one launch have no order among each other; give the result a name of its own",
        },
      );
    }
  }
  const traffic = hostTraffic(
    decodeTxn(kernel.insts(sequence.name, step.parameters), `${step.kernel}: ${sequence.name}`),
  );
  return {
    step,
    sequence,
    bytesToArray: traffic.reduce((sum, one) => sum + one.bytesToArray, 0),
    bytesFromArray: traffic.reduce((sum, one) => sum + one.bytesFromArray, 0),
  };
}

function planRunlists(steps: readonly ChainStep[]): PlannedRunlist[] {
  const runlists: { kernel: string; steps: string[] }[] = [];
  for (const { kernel, name } of steps) {
    const last = runlists.at(-1);
    if (last?.kernel === kernel) last.steps.push(name);
    else runlists.push({ kernel, steps: [name] });
  }
  return runlists;
}

function planArrays(steps: readonly PlannedStep[]): PlannedArray[] {
  const arrays = new Map<string, PlannedArray & { readonly by: string }>();
  for (const { step, sequence } of steps) {
    for (const arg of sequence.args) {
      const name = step.args[arg.name]!;
      const wanted = layoutOf(arg);
      const known = arrays.get(name);
      const by = `${step.name}.${arg.name}`;
      if (known === undefined) {
        const firstUse = { kernel: step.kernel, sequence: sequence.name, arg: arg.name };
        arrays.set(name, { name, ...wanted, sizeBytes: 0, isInput: arg.direction !== "out", firstUse, by });
        continue;
      }
      const padded = known.padded.map((size, axis) => (axis === 0 ? Math.max(size, wanted.padded[0] ?? 1) : size));
      const problem = layoutProblem({ ...known, padded }, wanted);
      if (problem !== undefined) {
        throw new ShapeError(`chain: array ${name}: ${by}: ${problem} (${known.by})`, {
          hint: "rows must begin at the same place and lie at the same distance for both; choose tiles that divide the columns",
        });
      }
      arrays.set(name, { ...known, padded });
    }
  }
  return [...arrays.values()].map(({ by, ...array }) => ({
    ...array,
    sizeBytes: elementCount(array.padded) * dtypeBytes(array.dtype),
  }));
}
