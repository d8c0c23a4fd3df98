import { type ArgSpec, type DType, type LaunchEstimate, type LaunchParameter, UsageError } from "@aiekit/core";
import { addKernel } from "./designs/add.ts";
import { attentionEntry } from "./designs/attention.ts";
import { conv1dEntry } from "./designs/conv1d.ts";
import { fftDesign } from "./designs/fft.ts";
import { geluKernel } from "./designs/gelu.ts";
import { gemvEntry } from "./designs/gemv.ts";
import { layernormKernel } from "./designs/layernorm.ts";
import { logmelEntry } from "./designs/logmel.ts";
import { matmulEntry } from "./designs/matmul.ts";
import { melDesign } from "./designs/mel.ts";
import { softmaxKernel } from "./designs/softmax.ts";
import { topkKernel } from "./designs/topk.ts";
import { transposeKernel } from "./designs/transpose.ts";
import type { Operation } from "./ir/operation.ts";

/** A C++ file that a design's kernels come from. */
export interface KernelSource {
  /** Object name that the design's functions link with, for example `mel.o`. */
  readonly object: string;
  /** Path under `kernels/`, for example `mel/mel.cc`. */
  readonly file: string;
  readonly defines?: Readonly<Record<string, string | number>>;
}

/** A choice that a design leaves to whoever builds it. */
export interface ParamSpec {
  readonly name: string;
  /** A whole number, or a word of letters, digits, _ and dots: "0.01" for a factor. */
  readonly default: number | string;
  readonly choices?: readonly (number | string)[];
  readonly min?: number;
  readonly max?: number;
  readonly about: string;
}

/**
 * A number that a launch chooses. The design has the sequence once more for each of `samples`, other values than `max`,
 * under a name that no one launches: where their streams differ is what the parameter decides.
 */
export interface SequenceParameter extends Pick<LaunchParameter, "name" | "argument" | "min" | "max"> {
  /** Words depend on the value or on ceil(value / step). */
  readonly step: number;
  readonly samples: readonly { readonly value: number; readonly sequence: string }[];
}

/** One runtime sequence and its host buffers. */
export interface DesignSequence {
  readonly name: string;
  readonly units: number;
  readonly args: readonly Omit<ArgSpec, "bytes">[];
  readonly parameters?: readonly SequenceParameter[];
  /** Where a planner chose among ways to do it. */
  readonly estimate?: LaunchEstimate;
}

export interface Design {
  /** `builtin.module` with objectFifos, not yet lowered. */
  readonly module: Operation;
  readonly sequences: readonly DesignSequence[];
  readonly sources: readonly KernelSource[];
}

export interface DesignOptions {
  readonly device: string;
  readonly params: Readonly<Record<string, number | string>>;
}

export interface KernelEntry {
  readonly name: string;
  readonly about: string;
  readonly params: readonly ParamSpec[];
  /** Device that is built for when none is named. */
  readonly device: string;
  readonly design: (options: DesignOptions) => Design;
  /** Names of the inputs in the order of the arguments, for a kernel with `fit`. */
  readonly inputs?: readonly string[];
  /** Further inputs that the caller may leave out, for a kernel with `fit`; they are given by name. */
  readonly optionalInputs?: readonly string[];
  /**
   * Parameters that the inputs decide (shapes, element types), for a kernel that is built for the arrays it is given.
   * `params`: those that were asked for; they win. @throws ShapeError or UsageError for what no build of the kernel takes.
   */
  readonly fit?: (
    inputs: Readonly<Record<string, InputShape>>,
    params: DesignOptions["params"],
  ) => DesignOptions["params"];
}

/** What `fit` sees of an input. */
export interface InputShape {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Every kernel of the project. */
export const registry: readonly KernelEntry[] = [
  {
    name: "mel",
    about: "log-mel features: 80 bands from 400-sample frames every 160 samples, 16 kHz PCM to 1/256 dB",
    params: [{ name: "tiles", default: 1, choices: [1, 3], about: "1: one core does it all; 3: a pipeline of three" }],
    device: "npu1_1col",
    design: melDesign,
  },
  {
    name: "fft",
    about: "FFT of 512 real 16-bit points a frame",
    params: [],
    device: "npu1_1col",
    design: fftDesign,
  },
  logmelEntry,
  matmulEntry,
  gemvEntry,
  attentionEntry,
  conv1dEntry,
  addKernel,
  geluKernel,
  layernormKernel,
  softmaxKernel,
  topkKernel,
  transposeKernel,
];

/** @throws UsageError with the nearest names, or all, when there is no such kernel. */
export function findKernel(name: string): KernelEntry {
  const entry = registry.find((k) => k.name === name);
  if (entry) return entry;
  const near = registry
    .map((k) => ({ name: k.name, distance: editDistance(name, k.name) }))
    .filter(({ distance }) => distance <= name.length / 2)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3);
  throw new UsageError(`there is no kernel ${JSON.stringify(name)}`, {
    hint:
      near.length > 0
        ? `did you mean ${near.map((k) => k.name).join(" or ")}?`
        : `the kernels: ${registry.map((k) => k.name).join(", ")}`,
  });
}

/** Letters to insert, delete or replace to make `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
